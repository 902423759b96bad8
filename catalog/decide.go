package catalog

import (
	"time"

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

// Question is what somebody may want to know. Either of Permission and Feature may be empty, which leaves it out of the question; both empty
// is refused, and so is every name that the catalog does not have.
type Question struct {
	Role       rbac.Role
	Permission rbac.Permission
	Feature    billing.Feature
	Custom     *CustomRole // answers in place of Role, which is left out then
}

// Decide answers whether role on the newest version of plan may do what the permission names and has the feature, from the compiled
// table and without allocating. [Question] and [rbac.Clause] say the rest.
func (c *Catalog) Decide(role rbac.Role, plan billing.Plan, permission rbac.Permission, feature billing.Feature) Verdict {
	return c.answer(rbac.Question{Role: role, Tier: c.labels.newest[plan], Permission: permission, Feature: rbac.Feature(feature)})
}

// DecideOn is [Catalog.Decide] for a version of a plan; 0 is the newest.
func (c *Catalog) DecideOn(pin billing.Pin, q Question) Verdict {
	return c.answer(rbac.Question{Role: q.Role, Tier: c.tier(pin), Permission: q.Permission, Feature: rbac.Feature(q.Feature)})
}

// DecideFor is [Catalog.Decide] for a tenant at a moment: its overrides come first, then the version of its plan, or of its trial. It
// allocates nothing.
func (c *Catalog) DecideFor(e *billing.Entitlements, q Question, now time.Time) Verdict {
	asked := rbac.Question{Role: q.Role, Tier: c.tier(e.At(now)), Permission: q.Permission, Feature: rbac.Feature(q.Feature)}
	if q.Custom != nil {
		asked.Custom = q.Custom.compiled
	}
	if len(e.Overrides) > 0 {
		asked.Needed = switched(e, c.draft.permissions[q.Permission].Feature, now)
		asked.Asked = switched(e, q.Feature, now)
	}
	return c.answer(asked)
}

// switched says what an override of the tenant makes of a feature at a moment.
func switched(e *billing.Entitlements, f billing.Feature, now time.Time) rbac.Switch {
	o := e.Override(f, now)
	switch {
	case o == nil || f == "":
		return rbac.AsTier
	case o.On:
		return rbac.On
	}
	return rbac.Off
}

func (c *Catalog) answer(q rbac.Question) Verdict {
	v := c.table.Answer(q)
	return Verdict{Allowed: v.Allowed, Clause: v.Clause, NeedsRole: v.NeedsRole, NeedsPlan: c.labels.plans[v.NeedsTier]}
}

// Enforce answers as [Catalog.Decide] does, by asking Casbin. It is slow, and is what the table is held to. The
// answer is false whenever there is an error.
func (c *Catalog) Enforce(role rbac.Role, plan billing.Plan, permission rbac.Permission, feature billing.Feature) (bool, error) {
	return c.EnforceOn(billing.Pin{Plan: plan}, Question{Role: role, Permission: permission, Feature: feature})
}

// EnforceOn is [Catalog.Enforce] for a version of a plan; 0 is the newest.
func (c *Catalog) EnforceOn(pin billing.Pin, q Question) (bool, error) {
	return c.EnforceFor(&billing.Entitlements{Pin: pin}, q, time.Time{})
}

// EnforceFor answers as [Catalog.DecideFor] does, by asking Casbin: a feature that is switched on is as on a tier that includes it.
func (c *Catalog) EnforceFor(e *billing.Entitlements, q Question, now time.Time) (bool, error) {
	tier := c.tier(e.At(now))
	if q.Permission == "" && q.Feature == "" || !c.table.HasTier(tier) || q.Custom == nil && !c.HasRole(q.Role) {
		return false, nil
	}
	engine, role := c.engine, q.Role
	if q.Custom != nil {
		var err error
		if engine, err = c.customEngine(q.Custom.name, q.Custom.permissions); err != nil {
			return false, err
		}
		role = q.Custom.name
	}
	if q.Permission != "" {
		on := tier
		switch needed := c.draft.permissions[q.Permission].Feature; switched(e, needed, now) {
		case rbac.On:
			on = c.labels.newest[billing.Enterprise] // which includes all that any permission needs
		case rbac.Off:
			return false, nil
		case rbac.AsTier:
		}
		allowed, err := engine.Enforce(role, on, q.Permission)
		if err != nil || !allowed {
			return false, err
		}
	}
	if q.Feature == "" {
		return true, nil
	}
	if s := switched(e, q.Feature, now); s != rbac.AsTier {
		return s == rbac.On && c.table.HasFeature(rbac.Feature(q.Feature)), nil
	}
	return c.engine.EnforceFeature(tier, rbac.Feature(q.Feature))
}

// Allowed returns all permissions that role has on the newest version of plan, sorted, without [rbac.Self].
func (c *Catalog) Allowed(role rbac.Role, plan billing.Plan) []rbac.Permission {
	return c.table.Permissions(role, c.labels.newest[plan])
}

// AllowedOn is [Catalog.Allowed] for a version of a plan; 0 is the newest.
func (c *Catalog) AllowedOn(pin billing.Pin, role rbac.Role) []rbac.Permission {
	return c.table.Permissions(role, c.tier(pin))
}

// AllowedFor returns all permissions that the role of q has in a tenant at a moment, sorted, without [rbac.Self]. The rest of q is not read.
func (c *Catalog) AllowedFor(e *billing.Entitlements, q Question, now time.Time) []rbac.Permission {
	switch {
	case len(e.Overrides) > 0:
	case q.Custom != nil:
		return c.table.PermissionsOf(q.Custom.compiled, c.tier(e.At(now)))
	default:
		return c.AllowedOn(e.At(now), q.Role)
	}
	var allowed []rbac.Permission
	for _, p := range c.permissions {
		if c.DecideFor(e, Question{Role: q.Role, Custom: q.Custom, Permission: p.Name}, now).Allowed {
			allowed = append(allowed, p.Name)
		}
	}
	return allowed
}

// Included returns all features of the newest version of plan, sorted.
func (c *Catalog) Included(plan billing.Plan) []billing.Feature {
	return c.IncludedOn(billing.Pin{Plan: plan})
}

// IncludedOn returns all features of a version of a plan, sorted; 0 is the newest.
func (c *Catalog) IncludedOn(pin billing.Pin) []billing.Feature {
	var included []billing.Feature
	for _, feature := range c.table.Features(c.tier(pin)) {
		included = append(included, billing.Feature(feature))
	}
	return included
}

// IncludedFor returns all features that a tenant has at a moment, sorted.
func (c *Catalog) IncludedFor(e *billing.Entitlements, now time.Time) []billing.Feature {
	var included []billing.Feature
	for _, f := range c.Entitled(e, now) {
		if f.Included {
			included = append(included, f.Feature)
		}
	}
	return included
}

// CanGrant reports whether an actor with one role may give, change or take away another: nobody reaches above
// their own. See [rbac.Table.CanGrant] for the roles that the catalog adds.
func (c *Catalog) CanGrant(actor, granted rbac.Role) bool { return c.table.CanGrant(actor, granted) }
