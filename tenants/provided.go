package tenants

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// FollowProvider gives a member the role that the provider of a connection says, by the groups of the person. Providers neither make owners
// (ErrRoleTooHigh) nor unmake them: an owner stays one. It asks for nobody's rights, since Gatehouse itself acts; whoever mapped groups to
// roles was held to their own role then.
func FollowProvider(ctx context.Context, tx *db.TenantTx, member id.Membership, role rbac.Role, c id.Connection) (Membership, error) {
	if role == rbac.Owner || !role.Builtin() && !role.Custom() {
		return Membership{}, ErrRoleTooHigh
	}
	// No owner is touched, so the lock of the one row is enough: the last owner stays.
	m, err := one(ctx, db.Of[Membership](tx.DB, locked).Where("id = ? AND status <> 'removed'", member))
	if err != nil || m.Role == rbac.Owner || m.Role == role {
		return m, err
	}
	old := m
	m.Role, m.UpdatedAt = role, tx.Now
	if _, err := db.Of[Membership](tx.DB).Where("id = ?", m.ID).Select("role", "updated_at").Updates(ctx, m); err != nil {
		return m, fmt.Errorf("update membership: %w", err)
	}
	if err := voidInvitations(ctx, tx, old, m); err != nil {
		return m, err
	}
	tx.Changed("member", m.ID)
	return m, events.Record(authn.AsSystem(ctx), tx, events.MemberRoleChanged, m.ID, events.Data{"from": old.Role, "to": role, "connection": c})
}
