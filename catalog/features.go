package catalog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
)

func (r *reader) features(d draft, n node) {
	builtin := billing.BuiltinFeatures()
	for _, e := range r.section(n, "features", maxFeatures) {
		what := fmt.Sprintf("feature %q", e.key.text)
		name, err := billing.ParseFeature(e.key.text)
		if err != nil {
			r.at(e.key, "%v", err)
			continue
		}
		fields := r.fields(e.value, what, "description", "from", "meter", "numbers", "period", "title")
		feature := Feature{
			Name: name, Title: r.title(fields, what, e.key.text), Description: r.line(fields, what, "description", maxDescription, ""),
			From: d.features[name].From,
		}
		from, given := fields["from"]
		numbers, counted := fields["numbers"]
		_, own := builtin[name]
		switch {
		case counted && own:
			r.at(numbers, "%s: is Gatehouse's own, which has no numbers", what)
		case counted && given:
			r.at(from, "%s: from and numbers cannot both be there: numbers says from which plan it is included", what)
		case counted:
			feature.Numbers, feature.From = r.numbers(numbers, what)
		case given:
			feature.From = r.plan(from, what)
		case feature.From == "":
			r.at(e.key, "%s: from is missing: the lowest plan that includes it", what)
		}
		feature.Meter = r.meter(fields, what, counted)
		d.features[name] = feature
	}
}

func (r *reader) plan(n node, what string) billing.Plan {
	name := r.name(n, what+": from")
	if name == "" {
		return billing.Enterprise
	}
	plan, err := billing.ParsePlan(name)
	if err != nil {
		r.at(n, "%s: unknown plan %q%s", what, name, suggest(name, billing.Plans()))
	}
	return plan
}

// numbers returns how much each plan includes, and the lowest that includes any. A plan that is not named has as much as the one below.
func (r *reader) numbers(n node, what string) (map[billing.Plan]billing.Number, billing.Plan) {
	what += ": numbers"
	before := len(r.mistakes)
	named := r.named(n, what)
	numbers := map[billing.Plan]billing.Number{}
	var last billing.Number
	var from billing.Plan
	for _, plan := range billing.Plans() {
		at, given := named[plan]
		number := last
		if given {
			number = r.number(at, fmt.Sprintf("%s: %s", what, plan))
		}
		if given && number.Less(last) && len(r.mistakes) == before {
			r.at(at, "%s: %s has less than the plan below, and each plan includes those before it", what, plan)
		}
		if number.Any() && from == "" {
			from = plan
		}
		numbers[plan], last = number, number
	}
	if from == "" {
		// Also what could not be read is included somewhere: it has been reported, and may not be called missing on top.
		from = billing.Enterprise
		if len(r.mistakes) == before && (n.kind == mapping || n.kind == empty) {
			r.at(n, "%s: at least one plan must have more than 0", what)
		}
	}
	return numbers, from
}

// named returns the values by the plans that they are for.
func (r *reader) named(n node, what string) map[billing.Plan]node {
	named := map[billing.Plan]node{}
	for _, e := range r.section(n, what, maxFeatures) {
		plan, err := billing.ParsePlan(e.key.text)
		if err != nil {
			r.at(e.key, "%s: %v%s", what, err, suggest(e.key.text, billing.Plans()))
			continue
		}
		named[plan] = e.value
	}
	return named
}

func (r *reader) number(n node, what string) billing.Number {
	number, err := billing.ParseNumber(n.text)
	if err != nil || n.kind != integer && n.kind != text || n.kind == text && !number.Unlimited {
		r.at(n, "%s: must be 0 to 999999999999999 in digits, or unlimited", what)
		return billing.Number{}
	}
	return number
}

// feature returns the feature that a permission names, or "" after reporting.
func (r *reader) feature(d draft, n node, what string) billing.Feature {
	name := billing.Feature(r.name(n, what+": feature"))
	if name == "" {
		return ""
	}
	if _, known := d.features[name]; !known {
		r.at(n, "%s: unknown feature %q%s", what, name, suggest(string(name), slices.Collect(maps.Keys(d.features))))
	}
	return name
}
