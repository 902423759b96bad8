package rbac

import (
	"fmt"
	"maps"
	"slices"
)

// Table is every answer of an [Engine]. It is immutable and safe for use by many goroutines; [Table.Decide]
// allocates nothing.
type Table struct {
	tiers       []Tier // those of the ladder, lowest first, and then the former ones
	ladder      int    // how many of them are the ladder
	permissions []Permission
	features    []Feature
	roles       []Role // built-in ones first, lowest first

	tierID       map[Tier]int
	permissionID map[Permission]int
	featureID    map[Feature]int
	roleID       map[Role]int

	steps    []int      // by tier: its step of the ladder
	needs    []int      // by permission: the feature that it needs, or none
	may      [][]bitset // by role, then tier: the permissions
	includes []bitset   // by tier: the features
}

// Compile asks the engine every question that the definition can pose, and keeps the answers. One error of the
// engine fails it: there is no table with a guess in it.
func Compile(d Definition, e *Engine) (*Table, error) {
	t := &Table{
		tiers:       slices.Clone(d.Tiers),
		permissions: slices.Sorted(maps.Keys(d.Permissions)),
		features:    d.allFeatures(),
		roles:       BuiltinRoles(),
		ladder:      len(d.Tiers),
	}
	for i := range d.Tiers {
		t.steps = append(t.steps, i)
	}
	for _, former := range d.Former {
		t.tiers = append(t.tiers, former.Tier)
		t.steps = append(t.steps, slices.Index(d.Tiers, former.Step))
	}
	for _, role := range slices.Sorted(maps.Keys(d.Roles)) {
		if !role.Builtin() {
			t.roles = append(t.roles, role)
		}
	}
	t.tierID, t.permissionID, t.featureID, t.roleID = ids(t.tiers), ids(t.permissions), ids(t.features), ids(t.roles)
	for _, p := range t.permissions {
		needed := none
		if feature := d.Permissions[p]; feature != "" {
			needed = t.featureID[feature]
		}
		t.needs = append(t.needs, needed)
	}
	for _, tier := range t.tiers {
		included := newBitset(len(t.features))
		for id, feature := range t.features {
			yes, err := e.EnforceFeature(tier, feature)
			if err != nil {
				return nil, fmt.Errorf("compile feature %q on tier %q: %w", feature, tier, err)
			}
			if yes {
				included.add(id)
			}
		}
		t.includes = append(t.includes, included)
	}
	for _, role := range t.roles {
		byTier, err := t.compileRole(e, role)
		if err != nil {
			return nil, fmt.Errorf("compile role %q: %w", role, err)
		}
		t.may = append(t.may, byTier)
	}
	return t, nil
}

// allFeatures returns the features of the ladder, and those that only former tiers have.
func (d Definition) allFeatures() []Feature {
	all := slices.Collect(maps.Keys(d.Features))
	for _, former := range d.Former {
		all = append(all, former.Features...)
	}
	return unique(all)
}

func (t *Table) compileRole(e *Engine, role Role) ([]bitset, error) {
	var byTier []bitset
	for _, tier := range t.tiers {
		allowed := newBitset(len(t.permissions))
		for id, permission := range t.permissions {
			yes, err := e.Enforce(role, tier, permission)
			if err != nil {
				return nil, fmt.Errorf("permission %q on tier %q: %w", permission, tier, err)
			}
			if yes {
				allowed.add(id)
			}
		}
		byTier = append(byTier, allowed)
	}
	return byTier, nil
}

func ids[T ~string](names []T) map[T]int {
	byName := make(map[T]int, len(names))
	for id, name := range names {
		byName[name] = id
	}
	return byName
}

// Permissions returns what role may do on tier, sorted, without [Self]. It is empty for an unknown role or tier.
func (t *Table) Permissions(role Role, tier Tier) []Permission {
	r, knownRole := t.roleID[role]
	i, knownTier := t.tierID[tier]
	if !knownRole || !knownTier {
		return nil
	}
	return t.named(t.may[r][i])
}

// named are the names of a set of permissions, sorted, without [Self].
func (t *Table) named(set bitset) []Permission {
	var allowed []Permission
	for id, permission := range t.permissions {
		if permission != Self && set.has(id) {
			allowed = append(allowed, permission)
		}
	}
	return allowed
}

// Features returns what tier includes, sorted. It is empty for an unknown tier.
func (t *Table) Features(tier Tier) []Feature {
	i, known := t.tierID[tier]
	if !known {
		return nil
	}
	var included []Feature
	for id, feature := range t.features {
		if t.includes[i].has(id) {
			included = append(included, feature)
		}
	}
	return included
}

// HasTier reports whether the definition has this tier.
func (t *Table) HasTier(tier Tier) bool {
	_, known := t.tierID[tier]
	return known
}

// HasFeature reports whether any tier could include the feature.
func (t *Table) HasFeature(feature Feature) bool {
	_, known := t.featureID[feature]
	return known
}

// Roles returns the names of all roles: the built-in ones, lowest first, and then the others.
func (t *Table) Roles() []Role { return slices.Clone(t.roles) }
