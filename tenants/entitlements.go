package tenants

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// EntitlementsSQL is what a tenant has beside its plan, for a statement whose t is the tenant's row and p that of tenant_state. What has ended is still
// in it: it is the moment of a decision that says so.
const EntitlementsSQL = `jsonb_build_object(
         'anchor', t.billing_anchor,
         'move', (SELECT jsonb_build_object('plan', v.plan, 'version', v.plan_version, 'at', v.moves_at) FROM plan_moves v
           WHERE v.tenant_id = p.tenant_id AND v.settled_at IS NULL AND v.canceled_at IS NULL),
         'trial', (SELECT jsonb_build_object('plan', l.plan, 'version', l.plan_version, 'until', l.ends_at) FROM plan_trials l
           WHERE l.tenant_id = p.tenant_id AND l.ended_at IS NULL),
         'overrides', (SELECT jsonb_agg(jsonb_build_object('feature', o.feature, 'on', o.switched, 'number', o.number, 'expires', o.expires_at)
           ORDER BY o.feature) FROM plan_overrides o WHERE o.tenant_id = p.tenant_id)
       )::text`

// Entitled is what the tenant of the scope has bought and been given.
func Entitled(ctx context.Context, tx *db.TenantTx) (billing.Entitlements, error) {
	var row struct {
		Plan        billing.Plan
		PlanVersion int64
		Sold        string
	}
	err := tx.DB.WithContext(ctx).Raw(`SELECT t.plan, t.plan_version, `+EntitlementsSQL+` AS sold
		FROM tenants t JOIN tenant_state p ON p.tenant_id = t.id WHERE t.id = ?`, tx.Tenant).Scan(&row).Error
	if err != nil {
		return billing.Entitlements{}, fmt.Errorf("load entitlements: %w", err)
	}
	return billing.ReadEntitlements(billing.Pin{Plan: row.Plan, Version: row.PlanVersion}, row.Sold)
}
