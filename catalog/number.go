package catalog

import "github.com/seed-2a059015/gatehouse/billing"

// Number returns how much of a numeric feature a plan includes. It is not known of a feature without numbers, of a feature that the catalog
// does not have, and on no plan.
func (c *Catalog) Number(plan billing.Plan, feature billing.Feature) (n int64, unlimited, known bool) {
	number, known := c.numbers[feature][plan]
	return number.Value, number.Unlimited, known
}
