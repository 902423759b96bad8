package access

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// The clauses of a quantity.
const (
	QuantityExceedsPlan rbac.Clause = "quantity_exceeds_plan" // the feature is there, but not that much of it
	FeatureNotNumeric   rbac.Clause = "feature_not_numeric"   // whether there is enough of it cannot be said
)

// measure holds a verdict to the quantity that was asked for, and returns how much there is; nil if that is not known or has no end.
func (t *Tenant) measure(c *catalog.Catalog, q Question, v *catalog.Verdict, now time.Time) *int64 {
	if !v.Allowed && v.Clause != rbac.FeatureNotInPlan {
		return nil
	}
	n, unlimited, known := c.NumberOf(&t.Sold, q.Feature, now)
	switch {
	case !known:
		if v.Allowed {
			*v = catalog.Verdict{Clause: FeatureNotNumeric}
		}
		return nil
	case unlimited:
		return nil
	case q.Quantity > n && v.Allowed:
		*v = catalog.Verdict{Clause: QuantityExceedsPlan, NeedsPlan: t.enough(c, q, now)}
	case q.Quantity > n: // a plan that has any of it may not have enough
		v.NeedsPlan = t.enough(c, q, now)
	}
	return &n
}

// enough is the lowest plan above the tenant's that has a quantity in its newest version; "" if none has.
func (t *Tenant) enough(c *catalog.Catalog, q Question, now time.Time) billing.Plan {
	for _, plan := range billing.Plans() {
		if plan.Rank() <= t.plan(now).Rank() {
			continue
		}
		if n, unlimited, known := c.Number(plan, q.Feature); known && (unlimited || q.Quantity <= n) {
			return plan
		}
	}
	return ""
}
