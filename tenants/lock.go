package tenants

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// locked takes the row's lock until the scope ends. It is the lock of an UPDATE that leaves the key alone, so that rows which refer to
// this one (sessions, events) can still be written.
var locked = clause.Locking{Strength: "NO KEY UPDATE"}

// memberRows are memberships that this scope has locked.
type memberRows map[id.Membership]Membership

// lockForChange locks the member, the caller and all active owners, always in the order of their ids, so that two changes that would each
// leave the other as the last owner take turns: the second one sees what the first has done, also when that was to the caller.
func lockForChange(ctx context.Context, tx *db.TenantTx, member id.Membership) (memberRows, error) {
	list, err := db.Of[Membership](tx.DB, locked).
		Where("status <> 'removed' AND (id IN (?, ?) OR (role = 'owner' AND status = 'active'))", member, authn.From(ctx).Membership).
		Order("id").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock members: %w", err)
	}
	rows := memberRows{}
	for _, m := range list {
		rows[m.ID] = m
	}
	return rows, nil
}

func owns(m Membership) bool { return m.Role == rbac.Owner && m.Status == MemberActive }

func (rows memberRows) owners() (n int) {
	for _, m := range rows {
		if owns(m) {
			n++
		}
	}
	return n
}

// mayStill is mayGrant by the rows: what a person was when their request came in may be over.
func mayStill(ctx context.Context, tx *db.TenantTx, rows memberRows, role rbac.Role) error {
	p := authn.From(ctx)
	if p.Kind != authn.Member {
		return nil
	}
	if self := rows[p.Membership]; self.Status == MemberActive {
		if ok, err := reaches(ctx, tx, self.Role, role); ok || err != nil {
			return err
		}
	}
	return ErrRoleTooHigh
}
