package catalog

import (
	"slices"
	"strconv"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

// LimitShift is a limit that becomes another.
type LimitShift struct {
	Limit    string // where it stands below the plan in a file, such as groups.check.each
	From, To string // as a file writes them
	Lost     bool   // To allows less than From in some way
}

// DiffLimits returns which limits change from a version of a plan under one catalog to another, or the same, under another. Version 0 is
// the newest. The number of requests at once comes first, then the groups by name.
func DiffLimits(before, after *Catalog, from, to billing.Pin) []LimitShift {
	a, b := before.RatesOn(from).orNone(), after.RatesOn(to).orNone()
	var shifts []LimitShift
	if a.concurrent != b.concurrent {
		shifts = append(shifts, LimitShift{"concurrent", atOnce(a.concurrent), atOnce(b.concurrent), fewer(b.concurrent, a.concurrent)})
	}
	add := func(name string, from, to ratelimit.Limit) {
		if from != to {
			shifts = append(shifts, LimitShift{name, from.String(), to.String(), less(to, from)})
		}
	}
	for _, group := range slices.Compact(groupsOf(a, b)) {
		below := "groups." + string(group) + "."
		if group == API {
			below = ""
		}
		add(below+"requests", a.Of(group).Tenant, b.Of(group).Tenant)
		add(below+"each", a.Of(group).Caller, b.Of(group).Caller)
	}
	return shifts
}

// orNone is what limits nothing in place of nothing.
func (r *Rates) orNone() *Rates {
	if r == nil {
		return &Rates{groups: map[Group]*Rate{API: {Group: API}}}
	}
	return r
}

func atOnce(most int) string {
	if most == 0 {
		return unlimited
	}
	return strconv.Itoa(most)
}
