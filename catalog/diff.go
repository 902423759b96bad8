package catalog

import (
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Change is what one role on one plan may do under one catalog and not under another. All lists are sorted.
type Change struct {
	Role           rbac.Role
	Plan           billing.Plan
	Gained, Lost   []rbac.Permission
	GainedFeatures []billing.Feature
	LostFeatures   []billing.Feature
}

// Diff returns what changes for each role on each plan when the catalog in force is replaced: the built-in roles first,
// lowest first, then the others by name, each on the lowest plan first. It compares answers and not files, so that
// titles, order and what is said in another way are no change. What a role that goes away had is lost; what a new one
// has is gained.
func Diff(before, after *Catalog) []Change {
	var changes []Change
	for _, role := range rolesOf(before, after) {
		for _, plan := range billing.Plans() {
			pin := billing.Pin{Plan: plan}
			if change := between(before, after, pin, pin, role); !change.empty() {
				changes = append(changes, change)
			}
		}
	}
	return changes
}

// DiffOn returns what changes for each role of a tenant that has one version of a plan before, and another, or the same, after: in the order
// of [Diff]. Version 0 is the newest.
func DiffOn(before, after *Catalog, from, to billing.Pin) []Change {
	var changes []Change
	for _, role := range rolesOf(before, after) {
		if change := between(before, after, from, to, role); !change.empty() {
			changes = append(changes, change)
		}
	}
	return changes
}

func between(before, after *Catalog, from, to billing.Pin, role rbac.Role) Change {
	change := Change{Role: role, Plan: from.Plan}
	change.Lost, change.Gained = apart(before.AllowedOn(from, role), after.AllowedOn(to, role))
	change.LostFeatures, change.GainedFeatures = apart(before.usable(role, from), after.usable(role, to))
	return change
}

func (c Change) empty() bool {
	return len(c.Gained)+len(c.Lost)+len(c.GainedFeatures)+len(c.LostFeatures) == 0
}

// DiffNumbers returns which numbers change on the newest version of a plan, by feature.
func DiffNumbers(before, after *Catalog, plan billing.Plan) []NumberShift {
	a, b := before.Terms(plan).Numbers, after.Terms(plan).Numbers
	var shifts []NumberShift
	for _, f := range slices.Sorted(maps.Keys(joined(a, b))) {
		from, had := a[f]
		to, has := b[f]
		if had == has && from == to {
			continue
		}
		shift := NumberShift{Feature: f}
		if had {
			shift.From = &from
		}
		if has {
			shift.To = &to
		}
		shifts = append(shifts, shift)
	}
	return shifts
}

// DiffMeters returns which metered features are sold otherwise on the newest version of a plan, by feature. What is metered anew, or no
// more, is told by its number.
func DiffMeters(before, after *Catalog, plan billing.Plan) []SaleShift {
	var shifts []SaleShift
	a, b := before.Terms(plan), after.Terms(plan)
	for _, f := range after.features {
		_, was := before.Meter(f.Name)
		_, is := after.Meter(f.Name)
		from, to := a.Sale(f.Name), b.Sale(f.Name)
		if was && is && a.Includes(f.Name) && b.Includes(f.Name) && from != to {
			shifts = append(shifts, SaleShift{f.Name, from, to})
		}
	}
	return shifts
}

func joined[K comparable, V any](a, b map[K]V) map[K]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// rolesOf returns the roles that either catalog has.
func rolesOf(catalogs ...*Catalog) []rbac.Role {
	added := map[rbac.Role]bool{}
	for _, c := range catalogs {
		for _, r := range c.roles {
			if !r.Name.Builtin() {
				added[r.Name] = true
			}
		}
	}
	return append(rbac.BuiltinRoles(), slices.Sorted(maps.Keys(added))...)
}

// usable returns the features of a version of a plan that somebody with the role can use: all of them, if the catalog has the role.
func (c *Catalog) usable(role rbac.Role, pin billing.Pin) []billing.Feature {
	if !c.HasRole(role) {
		return nil
	}
	return c.IncludedOn(pin)
}

// apart returns what only one of two lists has, in its order.
func apart[T comparable](a, b []T) (onlyA, onlyB []T) {
	return without(a, b), without(b, a)
}

func without[T comparable](list, gone []T) (left []T) {
	for _, v := range list {
		if !slices.Contains(gone, v) {
			left = append(left, v)
		}
	}
	return left
}
