package catalog

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// Source is where a tenant has a feature from.
type Source string

// The sources. An override comes before a trial, and a trial before the plan.
const (
	FromPlan     Source = "plan"
	FromTrial    Source = "trial"
	FromOverride Source = "override"
)

// Entitled is one feature as a tenant has it, or has it not, at a moment.
type Entitled struct {
	Feature  billing.Feature
	Included bool
	Number   *billing.Number // of a numeric feature
	Sale     billing.Sale    // of a metered feature
	Source   Source
	Expires  time.Time // of a trial or an override that ends; zero if it does not
}

// Entitled returns every feature that the catalog or the tenant's version of its plan has, sorted by name.
func (c *Catalog) Entitled(e *billing.Entitlements, now time.Time) []Entitled {
	bought, pin := e.Bought(now), e.At(now)
	var all []Entitled
	for _, name := range c.names(pin) {
		f := c.on(pin, name)
		lent := pin != bought && f != c.on(bought, name)
		if f.Source = FromPlan; lent {
			f.Source, f.Expires = FromTrial, e.Trial.Until
		}
		if o := e.Override(name, now); o != nil {
			f.Source, f.Included, f.Expires = FromOverride, o.On, o.Expires
			if o.Number != nil {
				f.number, f.counted = *o.Number, true
			}
		}
		entitled := f.Entitled
		if f.counted {
			entitled.Number = &f.number
		}
		all = append(all, entitled)
	}
	return all
}

// names returns the features of the catalog and of versions of plans, sorted.
func (c *Catalog) names(pins ...billing.Pin) []billing.Feature {
	names := slices.Collect(maps.Keys(c.draft.features))
	for _, pin := range pins {
		names = append(names, c.labels.terms[pin].Features...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// entitled is comparable, so that what a trial changes can be seen.
type entitled struct {
	Entitled
	number  billing.Number
	counted bool
}

func (c *Catalog) on(pin billing.Pin, name billing.Feature) entitled {
	f := entitled{Entitled: Entitled{Feature: name}}
	terms, known := c.labels.terms[pin]
	if !known && pin.Version == 0 {
		terms = c.Terms(pin.Plan)
	}
	f.Included = terms.Includes(name)
	if m, metered := c.Meter(name); metered {
		f.Sale = m.Sale
		if f.Included {
			f.Sale = terms.Sale(name)
		}
	}
	f.number, f.counted = terms.Numbers[name]
	f.counted = f.counted || c.draft.features[name].Numbers != nil
	return f
}
