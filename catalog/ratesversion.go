package catalog

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// Rates returns how much traffic the newest version of a plan is for, nil if it is no plan. It allocates nothing.
func (c *Catalog) Rates(plan billing.Plan) *Rates { return c.draft.rates[plan] }

// RatesOn is [Catalog.Rates] for a version of a plan; 0 is the newest, and one that the catalog does not know is held to those.
func (c *Catalog) RatesOn(pin billing.Pin) *Rates {
	if rates, known := c.labels.rates[pin]; known {
		return rates
	}
	return c.draft.rates[pin.Plan]
}

// RatesFor returns how much traffic a tenant may cause at a moment: what the version of its plan, or of its trial, says. It allocates nothing.
func (c *Catalog) RatesFor(e *billing.Entitlements, now time.Time) *Rates {
	return c.RatesOn(e.At(now))
}

// limits is what a version of a plan keeps of its rates. What is the same is written in the same way.
func (r *Rates) limits() *billing.Limits {
	l := &billing.Limits{}
	if r == nil {
		return l
	}
	l.Concurrent = r.concurrent
	for group, rate := range r.groups {
		if group == API && rate.Rate == (billing.Rate{}) {
			continue // as if it were not named
		}
		if l.Groups == nil {
			l.Groups = map[string]billing.Rate{}
		}
		l.Groups[string(group)] = rate.Rate
	}
	return l
}

// versionRates are those of a version of a plan. One that was written before versions had limits has those of the newest.
func (d draft) versionRates(v billing.PlanVersion) *Rates {
	newest := d.rates[v.Plan]
	if v.Terms.Limits == nil || v.Terms.Limits.Equal(newest.limits()) {
		return newest
	}
	rates := &Rates{concurrent: v.Terms.Limits.Concurrent, groups: map[Group]*Rate{API: {Group: API}}}
	for name, rate := range v.Terms.Limits.Groups {
		rates.groups[Group(name)] = &Rate{Group: Group(name), Rate: rate}
	}
	for _, plan := range billing.Plans()[v.Plan.Rank()-1:] { // the newest version of the same plan may allow more, too
		rates.needs(plan, d.rates[plan].orNone())
	}
	return rates
}
