package catalog

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// Number returns how much of a numeric feature a plan includes in its newest version. It is not known of a feature without numbers, of a
// feature that the catalog does not have, and on no plan.
func (c *Catalog) Number(plan billing.Plan, feature billing.Feature) (n int64, unlimited, known bool) {
	number, known := c.draft.features[feature].Numbers[plan]
	return number.Value, number.Unlimited, known
}

// NumberOf returns how much of a numeric feature a tenant has at a moment: by its override, or else by the version of its plan.
func (c *Catalog) NumberOf(e *billing.Entitlements, feature billing.Feature, now time.Time) (n int64, unlimited, known bool) {
	if o := e.Override(feature, now); o != nil && o.Number != nil {
		return o.Number.Value, o.Number.Unlimited, true
	} else if o != nil && !o.On {
		return 0, false, true
	}
	pin := e.At(now)
	if pin.Version == 0 {
		return c.Number(pin.Plan, feature)
	}
	number, known := c.labels.terms[pin].Numbers[feature]
	// What was numbered after the version of the tenant is not in it.
	known = known || c.HasVersion(pin) && c.draft.features[feature].Numbers != nil
	return number.Value, number.Unlimited, known
}

// Numeric reports whether a feature has numbers, and whether the catalog has it at all.
func (c *Catalog) Numeric(feature billing.Feature) (numeric, known bool) {
	f, known := c.draft.features[feature]
	return f.Numbers != nil, known
}
