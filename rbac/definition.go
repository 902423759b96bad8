package rbac

import (
	"fmt"
	"maps"
	"slices"
)

// Definition is who may do what on which tier, as data. Start from [Base] and add to it.
type Definition struct {
	Tiers       []Tier                 // lowest first; each includes those before it
	Former      []Former               // tiers beside the ladder
	Features    map[Feature]Tier       // the lowest tier of the ladder that includes the feature
	Permissions map[Permission]Feature // the feature that the permission needs, or ""
	Roles       map[Role]Grants
}

// Grants is what one role may do.
type Grants struct {
	Inherits    []Role
	Permissions []Permission // beside those that are inherited
}

// MaxInheritance is the longest chain of roles inheriting one another. Casbin stops looking after ten links
// without saying so; a chain that long must be refused, not cut.
const MaxInheritance = 8

// Base returns what every definition holds: Gatehouse's own permissions and the four roles. It has no tiers.
func Base() Definition {
	roles := map[Role]Grants{
		Viewer: {Permissions: []Permission{TenantRead, MembersRead}},
		Member: {Inherits: []Role{Viewer}},
		Admin: {Inherits: []Role{Member}, Permissions: []Permission{
			TenantWrite, MembersWrite, ConnectionsRead, ConnectionsWrite, SessionsRead, SessionsWrite,
			APIKeysRead, APIKeysWrite, DomainsRead, DomainsWrite, EventsRead, UsageRead, UsageWrite, RolesRead, RolesWrite,
		}},
		Owner: {Inherits: []Role{Admin}, Permissions: []Permission{TenantDelete}},
	}
	permissions := map[Permission]Feature{Self: ""}
	for _, grants := range roles {
		for _, p := range grants.Permissions {
			permissions[p] = ""
		}
	}
	return Definition{Features: map[Feature]Tier{}, Permissions: permissions, Roles: roles}
}

// Holds returns the permissions of role, inherited ones included. Roles that inherit one another do not make it
// run forever.
func (d Definition) Holds(role Role) map[Permission]bool {
	held := map[Permission]bool{}
	for r := range d.reach(role) {
		for _, p := range d.Roles[r].Permissions {
			held[p] = true
		}
	}
	return held
}

// Chain returns the longest chain of inheritance that begins at role; or, if one comes back to a role on it, the
// part that goes round, with the same role at both ends.
func (d Definition) Chain(role Role) (chain []Role, cyclic bool) {
	return d.chain(role, nil, map[Role][]Role{})
}

// chain remembers finished roles in done: without it, roles that share what they inherit cost time exponentially.
func (d Definition) chain(role Role, above []Role, done map[Role][]Role) (longest []Role, cyclic bool) {
	if start := slices.Index(above, role); start >= 0 {
		return append(slices.Clone(above[start:]), role), true
	}
	if known, finished := done[role]; finished {
		return known, false
	}
	above = append(slices.Clip(above), role)
	for _, next := range d.Roles[role].Inherits {
		below, cyclic := d.chain(next, above, done)
		if cyclic {
			return below, true
		}
		if len(below) > len(longest) {
			longest = below
		}
	}
	done[role] = append([]Role{role}, longest...)
	return done[role], false
}

// reach returns role and all that it inherits.
func (d Definition) reach(role Role) map[Role]bool {
	seen := map[Role]bool{role: true}
	for todo := []Role{role}; len(todo) > 0; todo = todo[1:] {
		for _, next := range d.Roles[todo[0]].Inherits {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return seen
}

// check refuses what would make a policy mean something else than the definition. Whoever reads definitions from
// people reports the same with more help; this is the wall behind it.
func (d Definition) check() error {
	if len(d.Tiers) == 0 {
		return fmt.Errorf("definition without tiers")
	}
	if err := d.checkTiers(); err != nil {
		return err
	}
	for feature, tier := range d.Features {
		if !slices.Contains(d.Tiers, tier) {
			return fmt.Errorf("feature %q: unknown tier %q", feature, tier)
		}
	}
	for permission, feature := range d.Permissions {
		if _, known := d.Features[feature]; !known && feature != "" {
			return fmt.Errorf("permission %q: unknown feature %q", permission, feature)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(d.Roles)) {
		if err := d.checkRole(role); err != nil {
			return fmt.Errorf("role %q: %w", role, err)
		}
	}
	return d.checkBase()
}

func (d Definition) checkTiers() error {
	taken := map[Tier]bool{anyTier: true}
	take := func(tier Tier) error {
		if taken[tier] {
			return fmt.Errorf("tier %q is there twice", tier)
		}
		taken[tier] = true
		return nil
	}
	for _, tier := range d.Tiers {
		if err := take(tier); err != nil {
			return err
		}
	}
	for _, former := range d.Former {
		if err := take(former.Tier); err != nil {
			return err
		}
		if !slices.Contains(d.Tiers, former.Step) {
			return fmt.Errorf("tier %q: was never the unknown tier %q", former.Tier, former.Step)
		}
	}
	return nil
}

func (d Definition) checkRole(role Role) error {
	for _, p := range d.Roles[role].Permissions {
		if _, known := d.Permissions[p]; !known {
			return fmt.Errorf("unknown permission %q", p)
		}
	}
	for _, r := range d.Roles[role].Inherits {
		if _, known := d.Roles[r]; !known {
			return fmt.Errorf("inherits unknown role %q", r)
		}
	}
	chain, cyclic := d.Chain(role)
	if cyclic {
		return fmt.Errorf("inherits itself: %v", chain)
	}
	if len(chain) > MaxInheritance {
		return fmt.Errorf("inherits through %d roles, more than %d", len(chain), MaxInheritance)
	}
	return nil
}

// checkBase holds what the order of the built-in roles promises, so that a rank always means what it says.
func (d Definition) checkBase() error {
	for role, grants := range Base().Roles {
		held := d.Holds(role)
		for _, p := range grants.Permissions {
			if !held[p] {
				return fmt.Errorf("role %q has lost its own permission %q", role, p)
			}
		}
		for _, r := range grants.Inherits {
			if !d.reach(role)[r] {
				return fmt.Errorf("role %q does not include %q", role, r)
			}
		}
	}
	if _, known := d.Permissions[Self]; !known {
		return fmt.Errorf("permission %q is missing", Self)
	}
	owner := d.Holds(Owner)
	for p := range d.Permissions {
		if p != Self && !owner[p] {
			return fmt.Errorf("permission %q: owner does not hold it", p)
		}
	}
	return nil
}
