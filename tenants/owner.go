package tenants

import (
	"context"
	"fmt"

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

// SetRole gives a member another role, built in or the tenant's own.
func SetRole(ctx context.Context, tx *db.TenantTx, member id.Membership, role rbac.Role) (Membership, error) {
	return changeMember(ctx, tx, member, events.MemberRoleChanged, func(m *Membership) events.Data {
		old := m.Role
		m.Role = role
		return events.Data{"from": old, "to": role}
	})
}

// SuspendMember stops a member's every use of the tenant until ResumeMember. The caller ends the sessions.
func SuspendMember(ctx context.Context, tx *db.TenantTx, member id.Membership) (Membership, error) {
	return changeMember(ctx, tx, member, events.MemberSuspended, becomes(MemberSuspended))
}

// ResumeMember ends a suspension.
func ResumeMember(ctx context.Context, tx *db.TenantTx, member id.Membership) (Membership, error) {
	return changeMember(ctx, tx, member, events.MemberResumed, becomes(MemberActive))
}

// RemoveMember ends a membership and leaves a tombstone. The caller ends the sessions.
func RemoveMember(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	_, err := changeMember(ctx, tx, member, events.MemberRemoved, becomes(MemberRemoved))
	return err
}

// Leave ends the caller's own membership; nobody else's.
func Leave(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	if p := authn.From(ctx); p.Kind != authn.Member || p.Membership != member {
		return errs.NotFound("member")
	}
	_, err := changeMember(ctx, tx, member, events.MemberLeft, becomes(MemberRemoved))
	return err
}

func becomes(status MemberStatus) func(*Membership) events.Data {
	return func(m *Membership) events.Data {
		m.Status = status
		return nil
	}
}

// changeMember changes one member by the rules that this package keeps. What changes nothing is no event.
func changeMember(
	ctx context.Context, tx *db.TenantTx, member id.Membership, typ events.Type, change func(*Membership) events.Data,
) (Membership, error) {
	rows, err := lockForChange(ctx, tx, member)
	if err != nil {
		return Membership{}, err
	}
	old, found := rows[member]
	if !found {
		return Membership{}, errs.NotFound("member")
	}
	m := old
	data := change(&m)
	if m.Role != old.Role {
		if err := CheckRole(ctx, tx, "role", m.Role); err != nil {
			return old, err
		}
	}
	for _, role := range []rbac.Role{old.Role, m.Role} {
		if err := mayGrant(ctx, tx, role); err != nil {
			return old, err
		}
		if err := mayStill(ctx, tx, rows, role); err != nil {
			return old, err
		}
	}
	if m == old {
		return m, nil
	}
	if m.Status == MemberActive && old.Status != MemberActive {
		if err := takeSeat(ctx, tx); err != nil {
			return old, err
		}
	}
	if owns(old) && !owns(m) && rows.owners() == 1 {
		return old, ErrLastOwner
	}
	m.UpdatedAt = tx.Now
	if _, err := db.Of[Membership](tx.DB).Where("id = ?", m.ID).Select("role", "status", "updated_at").Updates(ctx, m); err != nil {
		return old, fmt.Errorf("update membership: %w", err)
	}
	if err := voidInvitations(ctx, tx, old, m); err != nil {
		return old, err
	}
	tx.Changed("member", m.ID)
	return m, events.Record(ctx, tx, typ, m.ID, data)
}

// mayGrant holds the caller to the tenant they were authenticated for and to roles not above their own. The operator's command line and
// Gatehouse itself are bound by neither.
func mayGrant(ctx context.Context, tx *db.TenantTx, role rbac.Role) error {
	if p := authn.From(ctx); (p.Kind == authn.Member || p.Kind == authn.APIKey) && p.Tenant != tx.Tenant {
		return ErrRoleTooHigh
	}
	return MayChange(ctx, tx, Membership{Role: role})
}

// MayChange says whether the caller may change something of a member: not of one whose role is above their own.
func MayChange(ctx context.Context, tx *db.TenantTx, m Membership) error {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return nil
	case authn.Member, authn.APIKey:
		if ok, err := reaches(ctx, tx, rbac.Role(p.Role), m.Role); ok || err != nil {
			return err
		}
	case authn.Setup, authn.Anonymous:
	}
	return ErrRoleTooHigh
}
