package catalog

import (
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// meter returns how a metered feature is counted, or the zero Meter.
func (r *reader) meter(fields map[string]node, what string, counted bool) billing.Meter {
	n, given := fields["meter"]
	plain := n.kind == boolean && (n.text == "true" || n.text == "false")
	if given && !plain && n.kind != mapping {
		r.at(n, "%s: meter must be true, false or a mapping that says how it counts", what)
		return billing.Meter{}
	}
	metered := given && n.text != "false"
	if metered && !counted {
		r.at(n, "%s: a meter needs numbers: how much each plan includes in a period", what)
		return billing.Meter{}
	}
	period, named := fields["period"]
	if named && !metered {
		r.at(period, "%s: period is for a feature with a meter", what)
	}
	if !metered {
		return billing.Meter{}
	}
	m := billing.PlainMeter()
	if named {
		m.Period = oneOf(r, period, what, "period", billing.Periods(), m.Period)
	}
	if n.kind == mapping {
		r.counting(&m, r.fields(n, what+": meter", "aggregation", "cap", "cost", "currency", "limit", "unavailable", "unit"), what+": meter")
	}
	return m
}

// counting reads what a meter says beyond being one.
func (r *reader) counting(m *billing.Meter, fields map[string]node, what string) {
	m.Unit = r.line(fields, what, "unit", maxUnit, "")
	if n, given := fields["aggregation"]; given {
		m.Aggregation = oneOf(r, n, what, "aggregation", billing.Aggregations(), m.Aggregation)
	}
	if n, given := fields["limit"]; given {
		m.Limit = oneOf(r, n, what, "limit", billing.LimitKinds(), m.Limit)
	}
	unavailable, said := fields["unavailable"]
	if said {
		m.Unavailable = oneOf(r, unavailable, what, "unavailable", billing.Unavailables(), m.Unavailable)
	}
	if said && m.Limit == billing.Soft {
		r.at(unavailable, "%s: unavailable is for a hard limit; a soft one lets every call pass", what)
	}
	limit, capped := fields["cap"]
	switch {
	case capped && m.Unavailable != billing.Open:
		r.at(limit, "%s: cap is for unavailable: open", what)
	case capped:
		m.Cap = r.whole(limit, what+": cap")
	case m.Unavailable == billing.Open:
		r.at(unavailable, "%s: open needs a cap: how much each instance admits in a period without the database", what)
	}
	r.price(m, fields, what)
}

func (r *reader) price(m *billing.Meter, fields map[string]node, what string) {
	cost, priced := fields["cost"]
	code, named := fields["currency"]
	switch {
	case !priced && !named:
		return
	case !named:
		r.at(cost, "%s: cost needs a currency", what)
		return
	case !m.Aggregation.Adds():
		r.at(code, "%s: cost and currency are for the aggregations sum and count", what)
		return
	case priced:
		m.Cost = r.whole(cost, what+": cost")
	}
	var err error
	if m.Currency, err = billing.ParseCurrency(code.text); err != nil || code.kind != text {
		r.at(code, "%s: currency must be three capital letters, such as USD", what)
	}
}

// whole returns a number of at least 1.
func (r *reader) whole(n node, what string) int64 {
	number, err := billing.ParseNumber(n.text)
	if err != nil || n.kind != integer || number.Value == 0 {
		r.at(n, "%s: must be 1 to 999999999999999 in digits", what)
		return 1
	}
	return number.Value
}

// oneOf returns the value of a field that has one of a few, or otherwise after reporting.
func oneOf[T ~string](r *reader, n node, what, key string, all []T, otherwise T) T {
	name := r.name(n, what+": "+key)
	if name == "" {
		return otherwise
	}
	value, err := billing.ParseOneOf(key, name, all)
	if err != nil {
		r.at(n, "%s: %v%s", what, err, suggest(name, all))
		return otherwise
	}
	return value
}

// MeterOf returns how a tenant's use of a metered feature is counted at a moment, and how much of it there is: the number as of
// [Catalog.NumberOf], and what was sold as of the version of its plan. It is false of a feature that is not metered.
func (c *Catalog) MeterOf(e *billing.Entitlements, feature billing.Feature, now time.Time) (billing.Meter, billing.Number, bool) {
	m, metered := c.Meter(feature)
	if !metered {
		return billing.Meter{}, billing.Number{}, false
	}
	if terms, pinned := c.labels.terms[e.At(now)]; pinned && terms.Includes(feature) {
		m.Sale = terms.Sale(feature)
	}
	n, unlimited, _ := c.NumberOf(e, feature, now)
	return m, billing.Number{Value: n, Unlimited: unlimited}, true
}

// Meters returns the names of all metered features, in order.
func (c *Catalog) Meters() []billing.Feature {
	var names []billing.Feature
	for name, f := range c.draft.features {
		if f.Meter.Period != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Meter returns how a metered feature is counted by the file. It is false of a feature that is not metered.
func (c *Catalog) Meter(feature billing.Feature) (billing.Meter, bool) {
	m := c.draft.features[feature].Meter
	return m, m.Period != ""
}
