package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// ProofPeople is how many different people must have come in through a connection before it can be required; one of them is an owner.
const ProofPeople = 2

// Proof is who came in through a connection since its provider last changed. A test is no sign-in, and what somebody is not a member any more
// counts for nothing.
type Proof struct{ People, Owners int64 }

// Enough says that the connection can be required.
func (p Proof) Enough() bool { return p.People >= ProofPeople && p.Owners >= 1 }

// ProofOf counts the proof of a connection.
func ProofOf(ctx context.Context, tx *db.TenantTx, c Connection) (Proof, error) {
	var p Proof
	err := tx.DB.WithContext(ctx).Raw(`SELECT count(DISTINCT m.id) AS people, count(DISTINCT m.id) FILTER (WHERE m.role = 'owner') AS owners
		FROM attempts a JOIN memberships m ON m.tenant_id = a.tenant_id AND m.id = a.membership_id AND m.status = 'active'
		WHERE a.tenant_id = ? AND m.tenant_id = ? AND a.connection_id = ? AND a.purpose = 'sign_in' AND a.outcome = 'succeeded' AND a.created_at >= ?`,
		tx.Tenant, tx.Tenant, c.ID, c.ProofSince).Scan(&p).Error
	if err != nil {
		return Proof{}, fmt.Errorf("count who came in through connection %s: %w", c.ID, err)
	}
	return p, nil
}
