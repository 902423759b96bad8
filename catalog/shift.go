package catalog

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Shift is what a tenant gains and loses. All lists are sorted.
type Shift struct {
	Gained, Lost []billing.Feature
	Numbers      []NumberShift
	Limits       []LimitShift
	Meters       []SaleShift
	Roles        []RoleShift // of roles that gain or lose something
}

// NumberShift is a number that becomes another; nil is none at all.
type NumberShift struct {
	Feature  billing.Feature
	From, To *billing.Number
}

// SaleShift is a metered feature that is sold on other terms.
type SaleShift struct {
	Feature  billing.Feature
	From, To billing.Sale
}

// RoleShift is what one role may do and could not before, and the other way round.
type RoleShift struct {
	Role         rbac.Role
	Gained, Lost []rbac.Permission
}

// Empty reports whether nothing changes.
func (s Shift) Empty() bool {
	return len(s.Gained)+len(s.Lost)+len(s.Numbers)+len(s.Limits)+len(s.Meters)+len(s.Roles) == 0
}

// Shift returns what a tenant gains and loses at a moment when it has after instead of before: by the answers, so that an override that
// covers the difference leaves none.
func (c *Catalog) Shift(before, after *billing.Entitlements, at time.Time) Shift {
	var s Shift
	s.Lost, s.Gained = apart(c.IncludedFor(before, at), c.IncludedFor(after, at))
	from, to := numbersOf(c.Entitled(before, at)), numbersOf(c.Entitled(after, at))
	for _, f := range c.names(before.At(at), after.At(at)) {
		if a, b := from[f], to[f]; (a == nil) != (b == nil) || a != nil && *a != *b {
			s.Numbers = append(s.Numbers, NumberShift{f, a, b})
		}
	}
	s.Limits = DiffLimits(c, c, before.At(at), after.At(at))
	s.Meters = c.shiftMeters(before, after, at)
	for _, r := range c.roles {
		lost, gained := apart(c.AllowedFor(before, Question{Role: r.Name}, at), c.AllowedFor(after, Question{Role: r.Name}, at))
		if len(lost)+len(gained) > 0 {
			s.Roles = append(s.Roles, RoleShift{r.Name, gained, lost})
		}
	}
	return s
}

func (c *Catalog) shiftMeters(before, after *billing.Entitlements, at time.Time) (shifts []SaleShift) {
	had := map[billing.Feature]billing.Sale{}
	for _, f := range c.Entitled(before, at) {
		if f.Included {
			had[f.Feature] = f.Sale
		}
	}
	for _, f := range c.Entitled(after, at) {
		if from, both := had[f.Feature]; both && f.Included && from != f.Sale {
			shifts = append(shifts, SaleShift{f.Feature, from, f.Sale})
		}
	}
	return shifts
}

func numbersOf(all []Entitled) map[billing.Feature]*billing.Number {
	numbers := map[billing.Feature]*billing.Number{}
	for _, f := range all {
		numbers[f.Feature] = f.Number
	}
	return numbers
}
