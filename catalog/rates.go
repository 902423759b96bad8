package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

// Group names routes whose requests are counted together.
type Group string

// Gatehouse's own groups. A catalog may name others, for routes of a product; what it does not name counts as API.
const (
	API   Group = "api"
	Check Group = "check" // of the routes that a product asks on each of its own requests
)

var groupName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// ParseGroup returns the group of this name if it has the form of one.
func ParseGroup(name string) (Group, error) {
	if !groupName.MatchString(name) {
		return "", fmt.Errorf("group name %q is not 1 to 32 of a-z, 0-9, _ and -, beginning with a letter", name)
	}
	return Group(name), nil
}

// Rate is how often the routes of a group may be called on a version of a plan. A zero limit is no limit.
type Rate struct {
	Group Group // under which it is counted
	billing.Rate
	// TenantNeeds and CallerNeeds are the lowest plans that allow more of either, or "".
	TenantNeeds, CallerNeeds billing.Plan
}

// Rates is how much traffic a version of a plan is for. It is immutable. The zero Rates, and a nil one, limit nothing.
type Rates struct {
	concurrent      int
	concurrentNeeds billing.Plan
	groups          map[Group]*Rate // API at least
}

// Of returns what holds for a group, which is what holds for [API] if the catalog does not name the group; nil for no limit at all. Nobody
// may change it.
func (r *Rates) Of(group Group) *Rate {
	if r == nil {
		return nil
	}
	if rate, named := r.groups[group]; named {
		return rate
	}
	return r.groups[API]
}

// Concurrent returns how many requests of a tenant may be in progress at once, 0 for any number, and the lowest plan that allows more.
func (r *Rates) Concurrent() (most int, needs billing.Plan) {
	if r == nil {
		return 0, ""
	}
	return r.concurrent, r.concurrentNeeds
}

// Allows reports whether one caller can reach a limit in any group, so that an API key may have it as its own.
func (r *Rates) Allows(limit ratelimit.Limit) bool {
	if r == nil {
		return true
	}
	for _, rate := range r.groups {
		if !less(rate.Tenant, limit) && !less(rate.Caller, limit) {
			return true
		}
	}
	return false
}

// Groups returns the rates of all groups that the catalog names, and of API, sorted by group.
func (r *Rates) Groups() []Rate {
	if r == nil {
		return []Rate{{Group: API}}
	}
	var rates []Rate
	for _, group := range slices.Sorted(maps.Keys(r.groups)) {
		rates = append(rates, *r.groups[group])
	}
	return rates
}

// less is [ratelimit.Limit.Less] where a zero limit is none.
func less(a, b ratelimit.Limit) bool { return !a.IsZero() && (b.IsZero() || a.Less(b)) }
