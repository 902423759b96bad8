package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

const unlimited = "unlimited"

// rates reads the section limits. What a plan does not say it has from the one below.
func (r *reader) rates(d draft, n node) {
	if n.kind == empty {
		return
	}
	named := r.named(n, "limits")
	below := &Rates{groups: map[Group]*Rate{API: {Group: API}}}
	for i, plan := range billing.Plans() {
		rates := &Rates{concurrent: below.concurrent, groups: map[Group]*Rate{}}
		for group, rate := range below.groups {
			same := *rate
			rates.groups[group] = &same
		}
		if at, given := named[plan]; given {
			before := len(r.mistakes)
			r.planRates(rates, at, fmt.Sprintf("limits: %s", plan))
			if what := narrower(rates, below); i > 0 && what != "" && len(r.mistakes) == before {
				r.at(at, "limits: %s allows less %s, and each plan includes those before it", plan, what)
			}
		}
		d.rates[plan], below = rates, rates
	}
	ways(d.rates)
}

func (r *reader) planRates(rates *Rates, n node, what string) {
	fields := r.fields(n, what, "concurrent", "each", "groups", "requests")
	r.rate(rates.groups[API], fields, what)
	if at, given := fields["concurrent"]; given {
		rates.concurrent = r.concurrent(at, what)
	}
	groups, given := fields["groups"]
	if !given {
		return
	}
	what += ": groups"
	for _, e := range r.section(groups, what, maxGroups) {
		group, err := ParseGroup(e.key.text)
		switch {
		case err != nil:
			r.at(e.key, "%s: %v", what, err)
			continue
		case group == API:
			r.at(e.key, "%s: api is what is in no other group: requests and each stand beside groups", what)
			continue
		}
		if rates.groups[group] == nil {
			rates.groups[group] = &Rate{Group: group}
		}
		r.groupRate(rates.groups[group], e, fmt.Sprintf("%s: %s", what, group))
	}
}

// groupRate reads one limit, or a mapping of two.
func (r *reader) groupRate(rate *Rate, e entry, what string) {
	if e.value.kind == mapping && len(e.value.entries) > 0 {
		r.rate(rate, r.fields(e.value, what, "each", "requests"), what)
		return
	}
	rate.Tenant = r.limit(e.value, what)
}

func (r *reader) rate(rate *Rate, fields map[string]node, what string) {
	if at, given := fields["requests"]; given {
		rate.Tenant = r.limit(at, what+": requests")
	}
	if at, given := fields["each"]; given {
		rate.Caller = r.limit(at, what+": each")
	}
}

func (r *reader) limit(n node, what string) ratelimit.Limit {
	if n.kind == text && n.text == unlimited {
		return ratelimit.Limit{}
	}
	limit, err := ratelimit.ParseLimit(n.text)
	if err != nil || n.kind != text {
		r.at(n, "%s: must be a limit such as 600/min or 600/min burst 50, of up to %d in a s, min or h, or unlimited", what, ratelimit.MaxEvents)
	}
	return limit
}

func (r *reader) concurrent(n node, what string) int {
	if n.kind == text && n.text == unlimited {
		return 0
	}
	most, err := strconv.Atoi(n.text)
	if err != nil || n.kind != integer || most < 1 || most > maxConcurrent || strconv.Itoa(most) != n.text {
		r.at(n, "%s: concurrent must be 1 to %d, or unlimited", what, maxConcurrent)
		return 0
	}
	return most
}

// narrower says what of a is less than what stands in its place in b, or "".
func narrower(a, b *Rates) string {
	for _, group := range groupsOf(a, b) {
		own, other := a.Of(group), b.Of(group)
		if less(own.Tenant, other.Tenant) {
			return fmt.Sprintf("of %s (%s) than the plan below (%s)", group, own.Tenant, other.Tenant)
		}
		if less(own.Caller, other.Caller) {
			return fmt.Sprintf("to each of %s (%s) than the plan below (%s)", group, own.Caller, other.Caller)
		}
	}
	if fewer(a.concurrent, b.concurrent) {
		return "at once than the plan below"
	}
	return ""
}

func fewer(a, b int) bool { return a > 0 && (b == 0 || a < b) }

// ways says of each limit of the file which plan would be a way out.
func ways(all map[billing.Plan]*Rates) {
	plans := billing.Plans()
	for i, plan := range plans {
		for _, higher := range plans[i+1:] {
			all[plan].needs(higher, all[higher])
		}
	}
}

// needs notes a plan as the way out of what it allows more of, unless there is a lower one.
func (r *Rates) needs(plan billing.Plan, above *Rates) {
	for group, rate := range r.groups {
		if rate.TenantNeeds == "" && less(rate.Tenant, above.Of(group).Tenant) {
			rate.TenantNeeds = plan
		}
		if rate.CallerNeeds == "" && less(rate.Caller, above.Of(group).Caller) {
			rate.CallerNeeds = plan
		}
	}
	if r.concurrentNeeds == "" && fewer(r.concurrent, above.concurrent) {
		r.concurrentNeeds = plan
	}
}

func groupsOf(a, b *Rates) []Group {
	groups := slices.AppendSeq(slices.Collect(maps.Keys(a.groups)), maps.Keys(b.groups))
	slices.Sort(groups)
	return groups
}
