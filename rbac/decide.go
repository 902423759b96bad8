package rbac

// Switch sets a feature apart from the tier for one question.
type Switch int8

// The switches.
const (
	AsTier Switch = iota
	On
	Off
)

// Question is what is asked of a [Table]. Either of Permission and Feature may be empty, which leaves it out of the question; both empty is
// refused. A name that the definition does not have is refused, so every zero value is.
type Question struct {
	Role       Role
	Tier       Tier
	Permission Permission
	Feature    Feature
	Needed     Switch  // of the feature that the permission needs, if it needs one
	Asked      Switch  // of Feature
	Custom     *Custom // answers in place of Role, which is left out then
}

// Decide answers whether role may do what the permission names, on tier, and whether tier includes the feature. [Clause] gives the order of
// reasons.
func (t *Table) Decide(role Role, tier Tier, permission Permission, feature Feature) Verdict {
	return t.Answer(Question{Role: role, Tier: tier, Permission: permission, Feature: feature})
}

// Answer answers as [Table.Decide] does, with features switched. A feature that is on is as if the tier included it; one that is off is
// as if no tier did.
func (t *Table) Answer(q Question) Verdict {
	p, knownPermission := t.permissionID[q.Permission]
	f, knownFeature := t.featureID[q.Feature]
	may := t.rights(q)
	i, knownTier := t.tierID[q.Tier]
	switch {
	case !knownPermission && (q.Permission != "" || q.Feature == ""):
		return Verdict{Clause: UnknownPermission}
	case !knownFeature && q.Feature != "":
		return Verdict{Clause: UnknownFeature}
	case may == nil:
		return Verdict{Clause: UnknownRole}
	case !knownTier:
		return Verdict{Clause: UnknownTier}
	}
	if q.Permission == "" {
		p = none
	}
	if q.Feature == "" {
		f = none
	}
	asked := question{p, f, q.Needed, q.Asked}
	if p == none || t.needs[p] == none {
		asked.needed = AsTier
	}
	if f == none {
		asked.asked = AsTier
	}
	if t.allows(may, i, asked) {
		return Verdict{Allowed: true}
	}
	if p != none && !t.all(may).has(p) {
		return t.lacksRole(i, asked)
	}
	if asked.needed == Off || asked.asked == Off {
		return Verdict{Clause: FeatureSwitchedOff}
	}
	verdict := Verdict{Clause: FeatureNotInPlan}
	if up := t.stepFor(may, i, asked); up != none {
		verdict.NeedsTier = t.tiers[up]
	}
	return verdict
}

// rights returns the permissions of whom a question is about, by tier; nil if they are unknown. A custom role that was compiled for another
// table is: its bits mean other permissions.
func (t *Table) rights(q Question) []bitset {
	if q.Custom != nil {
		if q.Custom.table != t {
			return nil
		}
		return q.Custom.may
	}
	if r, known := t.roleID[q.Role]; known {
		return t.may[r]
	}
	return nil
}

// none stands for a number that is left out or was not found.
const none = -1

// question is the part of one that does not change with role and tier, in numbers.
type question struct {
	permission, feature int
	needed, asked       Switch
}

func (t *Table) allows(may []bitset, tier int, q question) bool {
	if q.permission != none {
		switch q.needed {
		case AsTier:
			if !may[tier].has(q.permission) {
				return false
			}
		case On:
			if !t.all(may).has(q.permission) {
				return false
			}
		case Off:
			return false
		}
	}
	return q.feature == none || q.asked == On || q.asked == AsTier && t.includes[tier].has(q.feature)
}

// stepFor returns the lowest step of the ladder, from that of the given tier up, on which the role would be allowed. The step itself is
// among them: what it once was may lack what it is now.
func (t *Table) stepFor(may []bitset, from int, q question) int {
	for step := t.steps[from]; step < t.ladder; step++ {
		if t.allows(may, step, q) {
			return step
		}
	}
	return none
}

// lacksRole explains a refusal that no tier would lift.
func (t *Table) lacksRole(tier int, q question) Verdict {
	verdict := Verdict{Clause: RoleLacksPermission}
	for role := range Owner.Rank() {
		if t.allows(t.may[role], tier, q) {
			verdict.NeedsRole = t.roles[role]
			return verdict
		}
		if up := t.stepFor(t.may[role], tier, q); up != none {
			verdict.NeedsRole, verdict.NeedsTier = t.roles[role], t.tiers[up]
			return verdict
		}
	}
	// What is switched off stays so: the role is said all the same, and what else refuses by the next answer.
	for role := range Owner.Rank() {
		if t.holds(role).has(q.permission) {
			verdict.NeedsRole = t.roles[role]
			return verdict
		}
	}
	return verdict
}
