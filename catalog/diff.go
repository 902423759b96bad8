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
			change := Change{Role: role, Plan: plan}
			change.Lost, change.Gained = apart(before.Allowed(role, plan), after.Allowed(role, plan))
			change.LostFeatures, change.GainedFeatures = apart(before.usable(role, plan), after.usable(role, plan))
			if len(change.Lost)+len(change.Gained)+len(change.LostFeatures)+len(change.GainedFeatures) > 0 {
				changes = append(changes, change)
			}
		}
	}
	return changes
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

// usable returns the features of a plan that somebody with the role can use: all of them, if the catalog has the role.
func (c *Catalog) usable(role rbac.Role, plan billing.Plan) []billing.Feature {
	if !c.HasRole(role) {
		return nil
	}
	return c.Included(plan)
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
