package tenants

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// SetBudget sets a budget of the tenant within its plan, of a meter that the catalog has and that is used up; for somebody alone only if
// they are here.
func SetBudget(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, r quota.Rule) error {
	m, metered := c.Meter(r.Meter)
	if !metered {
		return errs.NotFound("meter")
	}
	if !m.Aggregation.Adds() {
		return errs.InvalidField("meter", "Nothing is used up of this meter, so that it has no budgets.")
	}
	if err := here(ctx, tx, r); err != nil {
		return err
	}
	return quota.SetRule(ctx, tx, r)
}

// here refuses a rule for somebody who is not, or not any more, of the tenant.
func here(ctx context.Context, tx *db.TenantTx, r quota.Rule) error {
	switch {
	case r.Subject == uuid.Nil:
	case r.Kind == quota.OfUser:
		m, err := MemberByUser(ctx, tx, id.From[id.User](r.Subject))
		if err != nil {
			return err
		}
		if m.Status == MemberRemoved {
			return errs.NotFound("member")
		}
	case r.Kind == quota.OfKey:
		n, err := db.Of[Key](tx.DB).Where("id = ? AND revoked_at IS NULL", r.Subject).Count(ctx, "id")
		if err != nil {
			return fmt.Errorf("find the key of a budget: %w", err)
		}
		if n == 0 {
			return errs.NotFound("API key")
		}
	}
	return nil
}
