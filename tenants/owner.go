package tenants

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// ErrLastOwner refuses what would leave a tenant without an active owner.
var ErrLastOwner = errs.New(errs.Conflict, "last_owner", "A tenant keeps at least one active owner. Make somebody else an owner first.")

// ErrRoleTooHigh refuses to give, change or take away a role above the caller's own.
var ErrRoleTooHigh = errs.New(errs.Forbidden, "role_above_own", "You cannot give, change or take away a role above your own.")

// SetRole gives a member another built-in role.
func SetRole(ctx context.Context, tx *db.TenantTx, member id.Membership, role rbac.Role) (Membership, error) {
	if !role.Builtin() {
		return Membership{}, errs.InvalidField("role", "Use owner, admin, member or viewer.")
	}
	m, err := lockForChange(ctx, tx, member, func(m Membership) bool { return role != rbac.Owner })
	if err != nil {
		return m, err
	}
	if err := mayGrant(ctx, role); err != nil {
		return m, err
	}
	if m.Role == role {
		return m, nil
	}
	old := m.Role
	m.Role = role
	return m, save(ctx, tx, m, events.MemberRoleChanged, events.Data{"from": old, "to": role})
}

// SuspendMember stops a member's every use of the tenant until ResumeMember. The caller ends the sessions.
func SuspendMember(ctx context.Context, tx *db.TenantTx, member id.Membership) (Membership, error) {
	return setMemberStatus(ctx, tx, member, MemberSuspended, events.MemberSuspended)
}

// ResumeMember ends a suspension.
func ResumeMember(ctx context.Context, tx *db.TenantTx, member id.Membership) (Membership, error) {
	return setMemberStatus(ctx, tx, member, MemberActive, events.MemberResumed)
}

// RemoveMember ends a membership and leaves a tombstone. The caller ends the sessions.
func RemoveMember(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	_, err := setMemberStatus(ctx, tx, member, MemberRemoved, events.MemberRemoved)
	return err
}

// Leave ends the caller's own membership.
func Leave(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	_, err := setMemberStatus(ctx, tx, member, MemberRemoved, events.MemberLeft)
	return err
}

func setMemberStatus(ctx context.Context, tx *db.TenantTx, member id.Membership, to MemberStatus, typ events.Type) (Membership, error) {
	m, err := lockForChange(ctx, tx, member, func(Membership) bool { return to != MemberActive })
	if err != nil || m.Status == to {
		return m, err
	}
	m.Status = to
	return m, save(ctx, tx, m, typ, nil)
}

// lockForChange locks the member together with all active owners, always in the order of their ids, so that two changes that would each
// leave the other as the last owner take turns: the second one sees what the first has done. takesOwner says whether the change would
// take an owner away.
func lockForChange(ctx context.Context, tx *db.TenantTx, member id.Membership, takesOwner func(Membership) bool) (Membership, error) {
	rows, err := gorm.G[Membership](tx.DB, clause.Locking{Strength: "UPDATE"}).
		Where("status <> 'removed' AND (id = ? OR (role = 'owner' AND status = 'active'))", member).Order("id").Find(ctx)
	if err != nil {
		return Membership{}, fmt.Errorf("lock members: %w", err)
	}
	var m Membership
	owners := 0
	for _, r := range rows {
		if r.ID == member {
			m = r
		}
		if r.Role == rbac.Owner && r.Status == MemberActive {
			owners++
		}
	}
	if m.ID.IsZero() {
		return Membership{}, errs.NotFound("member")
	}
	if err := mayGrant(ctx, m.Role); err != nil {
		return m, err
	}
	if m.Role == rbac.Owner && m.Status == MemberActive && owners == 1 && takesOwner(m) {
		return m, ErrLastOwner
	}
	return m, nil
}

func save(ctx context.Context, tx *db.TenantTx, m Membership, typ events.Type, data events.Data) error {
	m.UpdatedAt = tx.Now
	if _, err := gorm.G[Membership](tx.DB).Where("id = ?", m.ID).Select("role", "status", "updated_at").Updates(ctx, m); err != nil {
		return fmt.Errorf("update membership: %w", err)
	}
	tx.Changed("member", m.ID)
	return events.Record(ctx, tx, typ, m.ID, data)
}

// mayGrant holds the caller to roles not above their own. The operator's command line and Gatehouse itself are bound by none.
func mayGrant(ctx context.Context, role rbac.Role) error {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return nil
	case authn.Member, authn.APIKey:
		if rbac.CanGrant(rbac.Role(p.Role), role) {
			return nil
		}
	case authn.Anonymous:
	}
	return ErrRoleTooHigh
}

// MayChange says whether the caller may change something of a member: not of one whose role is above their own.
func MayChange(ctx context.Context, m Membership) error { return mayGrant(ctx, m.Role) }
