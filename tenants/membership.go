package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// MemberStatus is whether a membership may be used.
type MemberStatus string

// The states. A removed membership stays as a tombstone: just-in-time provisioning never brings it back.
const (
	MemberActive    MemberStatus = "active"
	MemberSuspended MemberStatus = "suspended"
	MemberRemoved   MemberStatus = "removed"
)

// How a membership began.
const (
	SourceOperator   = "operator"
	SourceJIT        = "jit"
	SourceSeed       = "seed"
	SourceInvitation = "invitation"
)

// Membership is a person in one tenant, with the profile as this tenant knows it.
type Membership struct {
	ID        id.Membership `gorm:"primaryKey"`
	UserID    id.User
	Role      rbac.Role
	Status    MemberStatus
	Email     string
	Name      string
	Picture   string
	Source    string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements GORM's Tabler.
func (Membership) TableName() string { return "memberships" }

// Join makes a person a member. The conflicts are member_exists, email_in_use and seats_exhausted.
func Join(ctx context.Context, tx *db.TenantTx, user id.User, role rbac.Role, p Profile, source string) (Membership, error) {
	if err := CheckRole(ctx, tx, "role", role); err != nil {
		return Membership{}, err
	}
	email, err := ParseEmail(p.Email)
	if err != nil {
		return Membership{}, err
	}
	if err := takeSeat(ctx, tx); err != nil {
		return Membership{}, err
	}
	m := Membership{
		ID: id.New[id.Membership](), UserID: user, Role: role, Status: MemberActive, Email: email.Address, Name: shown(p.Name),
		Picture: picture(p.Picture), Source: source, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := db.Of[Membership](tx.DB).Create(ctx, &m); err != nil {
		return Membership{}, fmt.Errorf("create membership: %w", err)
	}
	tx.Changed("member", m.ID)
	return m, events.Record(ctx, tx, events.MemberJoined, m.ID, events.Data{"role": role, "source": source})
}

// Member finds a membership that is not removed.
func Member(ctx context.Context, tx *db.TenantTx, m id.Membership) (Membership, error) {
	return one(ctx, db.Of[Membership](tx.DB).Where("id = ? AND status <> 'removed'", m))
}

// MemberByUser finds the membership of a person, a removed one too: the caller must look at its status.
func MemberByUser(ctx context.Context, tx *db.TenantTx, user id.User) (Membership, error) {
	return one(ctx, db.Of[Membership](tx.DB).Where("user_id = ?", user))
}

// MemberByEmail finds the member with a normalized address; removed ones are not found.
func MemberByEmail(ctx context.Context, tx *db.TenantTx, address string) (Membership, error) {
	return one(ctx, db.Of[Membership](tx.DB).Where("email = ? AND status <> 'removed'", address))
}

// Members lists the memberships that are not removed, oldest first, after the given id.
func Members(ctx context.Context, tx *db.TenantTx, after id.Membership, limit int) ([]Membership, error) {
	q := db.Of[Membership](tx.DB).Where("status <> 'removed'")
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Order("id").Limit(limit).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return list, nil
}

// UpdateProfile takes over what a sign-in said. An address that another member has is left as it was, so a provider cannot give one
// colleague the address of another.
func UpdateProfile(ctx context.Context, tx *db.TenantTx, m Membership, p Profile) (Membership, error) {
	old := m
	m.Name, m.Picture = shown(p.Name), picture(p.Picture)
	if email, err := ParseEmail(p.Email); err == nil && email.Address != m.Email {
		_, err := MemberByEmail(ctx, tx, email.Address)
		if errs.As(err).Kind == errs.Missing {
			m.Email = email.Address
		} else if err != nil {
			return m, err
		}
	}
	if m.Email == old.Email && m.Name == old.Name && m.Picture == old.Picture {
		return m, nil
	}
	m.UpdatedAt = tx.Now
	_, err := db.Of[Membership](tx.DB).Where("id = ?", m.ID).Select("email", "name", "picture", "updated_at").Updates(ctx, m)
	if err != nil {
		return m, fmt.Errorf("update profile: %w", err)
	}
	tx.Changed("member", m.ID)
	return m, events.Record(ctx, tx, events.MemberProfileMoved, m.ID, events.Data{"email_changed": m.Email != old.Email})
}

func one(ctx context.Context, q db.Model[Membership]) (Membership, error) {
	m, err := q.First(ctx)
	if db.IsMissing(err) {
		return Membership{}, errs.NotFound("member")
	}
	if err != nil {
		return Membership{}, fmt.Errorf("load membership: %w", err)
	}
	return m, nil
}
