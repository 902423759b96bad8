package sessions

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// SuspendMember is [tenants.SuspendMember] with the end of the member's sessions: one who is resumed signs in again.
func SuspendMember(ctx context.Context, tx *db.TenantTx, member id.Membership) (tenants.Membership, error) {
	m, err := tenants.SuspendMember(ctx, tx, member)
	if err != nil {
		return m, err
	}
	_, err = RevokeAll(ctx, tx, member, id.Session{}, ReasonAdmin)
	return m, err
}

// RemoveMember is [tenants.RemoveMember] with the end of the member's sessions.
func RemoveMember(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	if err := tenants.RemoveMember(ctx, tx, member); err != nil {
		return err
	}
	_, err := RevokeAll(ctx, tx, member, id.Session{}, ReasonAdmin)
	return err
}

// Latest finds of each of some memberships the session that was used last, as far as nobody has ended it. One that has run out counts: it
// says when somebody was here.
func Latest(ctx context.Context, tx *db.TenantTx, members []id.Membership) (map[id.Membership]Session, error) {
	latest := map[id.Membership]Session{}
	if len(members) == 0 {
		return latest, nil
	}
	list, err := db.Of[Session](tx.DB).Where("membership_id IN ? AND revoked_at IS NULL", members).Select("DISTINCT ON (membership_id) *").
		Order("membership_id, last_seen_at DESC, id DESC").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the latest sessions of %d members: %w", len(members), err)
	}
	for _, s := range list {
		latest[s.MembershipID] = s
	}
	return latest, nil
}
