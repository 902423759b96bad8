package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// labels says by which tier of the policy each plan, and each version of one, is known.
type labels struct {
	newest map[billing.Plan]rbac.Tier
	pins   map[billing.Pin]rbac.Tier
	plans  map[rbac.Tier]billing.Plan // of the newest
	former []billing.PlanVersion
	terms  map[billing.Pin]billing.Terms
	rates  map[billing.Pin]*Rates
}

// unversioned are the labels of a file alone: what it says is the newest and the only version of each plan.
func unversioned() labels {
	l := labels{
		newest: map[billing.Plan]rbac.Tier{}, plans: map[rbac.Tier]billing.Plan{}, pins: map[billing.Pin]rbac.Tier{},
		terms: map[billing.Pin]billing.Terms{}, rates: map[billing.Pin]*Rates{},
	}
	for _, plan := range billing.Plans() {
		l.newest[plan], l.plans[rbac.Tier(plan)] = rbac.Tier(plan), plan
	}
	return l
}

func tierOf(p billing.Pin) rbac.Tier { return rbac.Tier(p.String()) }

// Terms returns what a plan includes by the file: the content of its newest version.
func (c *Catalog) Terms(plan billing.Plan) billing.Terms {
	terms := billing.Terms{
		Features: []billing.Feature{}, Numbers: map[billing.Feature]billing.Number{}, Meters: map[billing.Feature]billing.Sale{},
		Limits: c.draft.rates[plan].limits(),
	}
	for _, f := range c.features {
		if plan.AtLeast(f.From) {
			terms.Features = append(terms.Features, f.Name)
		}
		if number, counted := f.Numbers[plan]; counted {
			terms.Numbers[f.Name] = number
		}
		if plan.AtLeast(f.From) && f.Meter.Period != "" && f.Meter.Sale != billing.PlainSale() {
			terms.Meters[f.Name] = f.Meter.Sale
		}
	}
	return terms
}

// WithVersions returns the catalog with the versions of plans that tenants may have: roles and permissions are those of the file, and what
// a version of a plan includes is its own. Versions whose plan has no higher one and that say what the file says are the newest; all others
// are former ones.
func (c *Catalog) WithVersions(versions []billing.PlanVersion) (*Catalog, error) {
	l := unversioned()
	last := map[billing.Plan]int64{}
	for _, v := range versions {
		if v.Plan.Rank() == 0 || v.Version < 1 {
			return nil, fmt.Errorf("version %s of no plan", v.Pin)
		}
		last[v.Plan] = max(last[v.Plan], v.Version)
	}
	for _, v := range versions {
		if _, twice := l.terms[v.Pin]; twice {
			return nil, fmt.Errorf("plan version %s is there twice", v.Pin)
		}
		l.terms[v.Pin], l.pins[v.Pin], l.rates[v.Pin] = v.Terms, tierOf(v.Pin), c.draft.versionRates(v)
		if v.Version == last[v.Plan] && v.Terms.Equal(c.Terms(v.Plan)) {
			delete(l.plans, l.newest[v.Plan])
			l.newest[v.Plan], l.plans[tierOf(v.Pin)] = tierOf(v.Pin), v.Plan
			continue
		}
		l.former = append(l.former, v)
	}
	slices.SortFunc(l.former, func(a, b billing.PlanVersion) int {
		return cmp.Or(cmp.Compare(a.Plan.Rank(), b.Plan.Rank()), cmp.Compare(a.Version, b.Version))
	})
	with, err := c.draft.compile(l)
	if err != nil {
		return nil, err
	}
	with.source, with.hash = c.source, c.hash
	return with, nil
}

// Versions returns the versions of plans that the catalog knows, by plan, oldest first. A catalog that is only a file has none.
func (c *Catalog) Versions() []billing.PlanVersion {
	var versions []billing.PlanVersion
	for pin, terms := range c.labels.terms {
		versions = append(versions, billing.PlanVersion{Pin: pin, Terms: terms})
	}
	slices.SortFunc(versions, func(a, b billing.PlanVersion) int {
		return cmp.Or(cmp.Compare(a.Plan.Rank(), b.Plan.Rank()), cmp.Compare(a.Version, b.Version))
	})
	return versions
}

// HasVersion reports whether the catalog knows this version of a plan.
func (c *Catalog) HasVersion(pin billing.Pin) bool {
	_, known := c.labels.pins[pin]
	return known
}

// tier returns the tier of a version of a plan. Version 0 is the newest. It allocates nothing.
func (c *Catalog) tier(pin billing.Pin) rbac.Tier {
	if pin.Version == 0 {
		return c.labels.newest[pin.Plan]
	}
	return c.labels.pins[pin]
}
