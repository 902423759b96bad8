package rbac

import (
	"maps"
	"slices"
)

// Policy is a definition in the words of model.conf.
type Policy []Line

// Policy returns the lines that say the same as the definition, always in the same order, without any that says
// what another says already. It refuses a definition that names what it does not have, or whose roles inherit
// themselves.
func (d Definition) Policy() (Policy, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	lines := d.lines()
	return lines, lines.check()
}

// lines are the policy of a definition that was checked.
func (d Definition) lines() Policy {
	var lines Policy
	for i := len(d.Tiers) - 1; i > 0; i-- {
		lines = append(lines, Line{"g2", tierKey(d.Tiers[i]), tierKey(d.Tiers[i-1])})
	}
	lines = append(lines, Line{"g2", tierKey(d.Tiers[0]), tierKey(anyTier)})
	for _, f := range slices.Sorted(maps.Keys(d.Features)) {
		lines = append(lines, Line{"g2", tierKey(d.Features[f]), featureKey(f)})
	}
	for _, former := range d.Former {
		lines = append(lines, Line{"g2", tierKey(former.Tier), tierKey(anyTier)})
		for _, f := range unique(former.Features) {
			lines = append(lines, Line{"g2", tierKey(former.Tier), featureKey(f)})
		}
	}
	roles := slices.Sorted(maps.Keys(d.Roles))
	for _, role := range roles {
		for _, below := range d.parents(role) {
			lines = append(lines, Line{"g", roleKey(role), roleKey(below)})
		}
	}
	for _, role := range roles {
		for _, p := range d.own(role) {
			lines = append(lines, Line{"p", roleKey(role), string(p), d.needs(p)})
		}
	}
	return lines
}

// parents returns the roles that role inherits directly, less those that it reaches through another of them.
func (d Definition) parents(role Role) []Role {
	parents := unique(d.Roles[role].Inherits)
	return slices.DeleteFunc(slices.Clone(parents), func(r Role) bool {
		return slices.ContainsFunc(parents, func(other Role) bool { return other != r && d.reach(other)[r] })
	})
}

// own returns the permissions of role that it does not inherit. What every role has is given to those that
// inherit nothing.
func (d Definition) own(role Role) []Permission {
	granted, inherits := d.Roles[role].Permissions, d.Roles[role].Inherits
	if len(inherits) == 0 {
		granted = append(slices.Clone(granted), Self)
	}
	return slices.DeleteFunc(unique(granted), func(p Permission) bool {
		return slices.ContainsFunc(inherits, func(r Role) bool { return d.Holds(r)[p] })
	})
}

// needs returns what the tier must reach: the feature of p, or what all of them reach.
func (d Definition) needs(p Permission) string {
	if feature := d.Permissions[p]; feature != "" {
		return featureKey(feature)
	}
	return tierKey(anyTier)
}

func unique[T ~string](names []T) []T {
	sorted := slices.Sorted(slices.Values(names))
	return slices.Compact(sorted)
}

// only returns the lines of one kind.
func (p Policy) only(kind string) Policy {
	return slices.DeleteFunc(slices.Clone(p), func(l Line) bool { return l[0] != kind })
}

// about returns the lines that can change an answer about one permission.
func (p Policy) about(permission Permission) Policy {
	needs := map[string]bool{}
	for _, l := range p.only("p") {
		if l[2] == string(permission) {
			needs[l[3]] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(p), func(l Line) bool {
		return l[0] == "p" && l[2] != string(permission) || l[0] == "g2" && isFeature(l[2]) && !needs[l[2]]
	})
}
