package rbac

// Decide answers whether role may do what the permission names, on tier, and whether tier includes the feature.
// Either of permission and feature may be empty, which leaves it out of the question; both empty is refused. A
// name that the definition does not have is refused, so every zero value is. [Clause] gives the order of reasons.
func (t *Table) Decide(role Role, tier Tier, permission Permission, feature Feature) Verdict {
	p, knownPermission := t.permissionID[permission]
	f, knownFeature := t.featureID[feature]
	r, knownRole := t.roleID[role]
	i, knownTier := t.tierID[tier]
	switch {
	case !knownPermission && (permission != "" || feature == ""):
		return Verdict{Clause: UnknownPermission}
	case !knownFeature && feature != "":
		return Verdict{Clause: UnknownFeature}
	case !knownRole:
		return Verdict{Clause: UnknownRole}
	case !knownTier:
		return Verdict{Clause: UnknownTier}
	}
	if permission == "" {
		p = none
	}
	if feature == "" {
		f = none
	}
	if t.allows(r, i, p, f) {
		return Verdict{Allowed: true}
	}
	if t.tierFor(r, i, p, none) == none {
		return t.lacksRole(i, p, f)
	}
	verdict := Verdict{Clause: FeatureNotInPlan}
	if up := t.tierFor(r, i, p, f); up != none {
		verdict.NeedsTier = t.tiers[up]
	}
	return verdict
}

// none stands for a number that is left out or was not found.
const none = -1

func (t *Table) allows(role, tier, permission, feature int) bool {
	return (permission == none || t.may[role][tier].has(permission)) &&
		(feature == none || t.includes[tier].has(feature))
}

// tierFor returns the lowest tier, from the given one up, on which the role would be allowed.
func (t *Table) tierFor(role, from, permission, feature int) int {
	for tier := from; tier < len(t.tiers); tier++ {
		if t.allows(role, tier, permission, feature) {
			return tier
		}
	}
	return none
}

// lacksRole explains a refusal that no tier would lift.
func (t *Table) lacksRole(tier, permission, feature int) Verdict {
	verdict := Verdict{Clause: RoleLacksPermission}
	for role := range Owner.Rank() {
		up := t.tierFor(role, tier, permission, feature)
		if up == none {
			continue
		}
		verdict.NeedsRole = t.roles[role]
		if up > tier {
			verdict.NeedsTier = t.tiers[up]
		}
		return verdict
	}
	return verdict
}
