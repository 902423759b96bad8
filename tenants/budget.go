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

var errNoBudgets = errs.New(errs.Invalid, "meter_without_budgets",
	"Nothing is used up of a meter of the aggregation max or unique, so that it has no budgets.")

// SetBudget sets a budget of the tenant within its plan, of a meter that the catalog has and that is used up; for somebody alone only if
// they are here. One of cost is in the currency in which the tenant's plan sells the meter, whatever r says.
func SetBudget(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, r quota.Rule) (quota.Rule, error) {
	sold, err := Entitled(ctx, tx)
	if err != nil {
		return r, err
	}
	m, _, metered := c.MeterOf(&sold, r.Meter, tx.Now)
	if !metered {
		return r, errs.NotFound("meter")
	}
	if !m.Aggregation.Adds() {
		return r, errNoBudgets
	}
	if r.Currency = ""; r.Measure == quota.Cost {
		r.Currency = m.Currency
	}
	if err := here(ctx, tx, r); err != nil {
		return r, err
	}
	return r, quota.SetRule(ctx, tx, r)
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
