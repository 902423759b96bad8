package decisions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// writeSQL takes the decisions of many tenants at once, as the system: one statement for each tenant would let a busy installation fall
// behind. Each row names its tenant; one that does not exist is left out, and one that was written before (the answer to COMMIT got lost)
// stays.
const writeSQL = `
INSERT INTO decisions (tenant_id, id, at, member_id, key_id, role, plan, permission, feature, quantity, route, allowed, clause, needs_role,
                       needs_plan, tenant_version, catalog_version)
SELECT d.tenant_id, d.id, d.at, d.member_id, d.key_id, d.role, d.plan, d.permission, d.feature, d.quantity, d.route, d.allowed, d.clause,
       d.needs_role, d.needs_plan, d.tenant_version, d.catalog_version
FROM jsonb_to_recordset(CAST(? AS jsonb)) AS d(tenant_id uuid, id uuid, at timestamptz, member_id uuid, key_id uuid, role text, plan text,
  permission text, feature text, quantity bigint, route text, allowed boolean, clause text, needs_role text, needs_plan text,
  tenant_version bigint, catalog_version bigint)
JOIN tenants t ON t.id = d.tenant_id
ON CONFLICT DO NOTHING`

// row is a decision as the statement takes it.
type row struct {
	TenantID       uuid.UUID  `json:"tenant_id"`
	ID             uuid.UUID  `json:"id"`
	At             time.Time  `json:"at"`
	MemberID       *uuid.UUID `json:"member_id"`
	KeyID          *uuid.UUID `json:"key_id"`
	Role           string     `json:"role"`
	Plan           string     `json:"plan"`
	Permission     string     `json:"permission"`
	Feature        string     `json:"feature"`
	Quantity       int64      `json:"quantity"`
	Route          string     `json:"route"`
	Allowed        bool       `json:"allowed"`
	Clause         string     `json:"clause"`
	NeedsRole      string     `json:"needs_role"`
	NeedsPlan      string     `json:"needs_plan"`
	TenantVersion  int64      `json:"tenant_version"`
	CatalogVersion int64      `json:"catalog_version"`
}

func rowOf(n noted) row {
	return row{
		n.tenant.UUID(), n.ID.UUID(), n.At, given(n.MemberID.UUID()), given(n.KeyID.UUID()), n.Role, n.Plan, storable(n.Permission),
		storable(n.Feature), n.Quantity, storable(n.Route), n.Allowed, n.Clause, n.NeedsRole, n.NeedsPlan, n.TenantVersion, n.CatalogVersion,
	}
}

// given is nil for no id.
func given(u uuid.UUID) *uuid.UUID {
	if u == uuid.Nil {
		return nil
	}
	return &u
}

func (l *Log) write(ctx context.Context, next []noted) error {
	rows := make([]row, len(next))
	for i, n := range next {
		rows[i] = rowOf(n)
	}
	packed, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("pack decisions: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return l.db.System(ctx, func(sys *db.SystemTx) error {
		if err := sys.DB.Exec(writeSQL, string(packed)).Error; err != nil {
			return fmt.Errorf("write %d decisions: %w", len(rows), err)
		}
		return nil
	})
}
