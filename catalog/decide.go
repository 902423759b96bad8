package catalog

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Verdict is the answer to one question. The zero Verdict denies.
type Verdict struct {
	Allowed bool
	Clause  rbac.Clause // why not; empty if allowed
	// NeedsRole is the lowest built-in role that would allow it, if the role is what lacks.
	NeedsRole rbac.Role
	// NeedsPlan is the lowest plan that would allow it, if the plan lacks something. It stands beside NeedsRole
	// when a better role alone would not do.
	NeedsPlan billing.Plan
}

// Decide answers whether role on plan may do what the permission names and has the feature, from the compiled
// table and without allocating. Either of permission and feature may be empty, which leaves it out of the
// question; both empty is refused, and so is every name that the catalog does not have. [rbac.Clause] gives the
// order of reasons.
func (c *Catalog) Decide(role rbac.Role, plan billing.Plan, permission rbac.Permission, feature billing.Feature) Verdict {
	v := c.table.Decide(role, rbac.Tier(plan), permission, rbac.Feature(feature))
	return Verdict{Allowed: v.Allowed, Clause: v.Clause, NeedsRole: v.NeedsRole, NeedsPlan: billing.Plan(v.NeedsTier)}
}

// Enforce answers as [Catalog.Decide] does, by asking Casbin. It is slow, and is what the table is held to. The
// answer is false whenever there is an error.
func (c *Catalog) Enforce(role rbac.Role, plan billing.Plan, permission rbac.Permission, feature billing.Feature) (bool, error) {
	if permission == "" && feature == "" || !c.HasRole(role) {
		return false, nil
	}
	if permission != "" {
		allowed, err := c.engine.Enforce(role, rbac.Tier(plan), permission)
		if err != nil || !allowed {
			return false, err
		}
	}
	if feature != "" {
		return c.engine.EnforceFeature(rbac.Tier(plan), rbac.Feature(feature))
	}
	return true, nil
}

// Allowed returns all permissions that role has on plan, sorted, without [rbac.Self].
func (c *Catalog) Allowed(role rbac.Role, plan billing.Plan) []rbac.Permission {
	return c.table.Permissions(role, rbac.Tier(plan))
}

// Included returns all features of plan, sorted.
func (c *Catalog) Included(plan billing.Plan) []billing.Feature {
	var included []billing.Feature
	for _, feature := range c.table.Features(rbac.Tier(plan)) {
		included = append(included, billing.Feature(feature))
	}
	return included
}

// CanGrant reports whether an actor with one role may give, change or take away another: nobody reaches above
// their own. See [rbac.Table.CanGrant] for the roles that the catalog adds.
func (c *Catalog) CanGrant(actor, granted rbac.Role) bool { return c.table.CanGrant(actor, granted) }
