package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Witness is an active member who has shown that a connection works by coming in through it.
type Witness struct {
	ID          id.Membership
	Name, Email string
	Role        rbac.Role
	At          time.Time // the last time
}

// Owner says that the member is an owner: one of those that a required connection needs must be.
func (w Witness) Owner() bool { return w.Role == rbac.Owner }

// Witnesses lists who came in through a connection since its provider last changed, an owner first; at most limit. Two of them, one an
// owner, prove a connection.
func Witnesses(ctx context.Context, tx *db.TenantTx, c Connection, limit int) ([]Witness, error) {
	var list []Witness
	err := tx.DB.WithContext(ctx).Raw(`SELECT m.id, m.name, m.email, m.role, max(a.created_at) AS at
		FROM attempts a JOIN memberships m ON m.tenant_id = a.tenant_id AND m.id = a.membership_id AND m.status = 'active'
		WHERE a.tenant_id = ? AND m.tenant_id = ? AND a.connection_id = ? AND a.purpose = 'sign_in' AND a.outcome = 'succeeded' AND a.created_at >= ?
		GROUP BY m.id, m.name, m.email, m.role ORDER BY (m.role = 'owner') DESC, at DESC LIMIT ?`,
		tx.Tenant, tx.Tenant, c.ID, c.ProofSince, limit).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list who came in through connection %s: %w", c.ID, err)
	}
	return list, nil
}

// Reach says how many of a tenant's active members have come in through a connection lately.
type Reach struct{ Members, Came int64 }

// ReachOf counts since a time; attempts are kept for thirty days.
func ReachOf(ctx context.Context, tx *db.TenantTx, c id.Connection, since time.Time) (r Reach, err error) {
	err = tx.DB.WithContext(ctx).Raw(`SELECT count(*) AS members, count(*) FILTER (WHERE EXISTS (
			SELECT 1 FROM attempts a WHERE a.tenant_id = @tenant AND a.membership_id = m.id AND a.connection_id = @connection
			AND a.purpose = 'sign_in' AND a.outcome = 'succeeded' AND a.created_at >= @since)) AS came
		FROM memberships m WHERE m.tenant_id = @tenant AND m.status = 'active'`,
		map[string]any{"tenant": tx.Tenant, "connection": c, "since": since}).Scan(&r).Error
	if err != nil {
		err = fmt.Errorf("count the members of connection %s: %w", c, err)
	}
	return r, err
}
