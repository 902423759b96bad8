package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/rbac"
)

func (r *reader) roles(d draft, n node) {
	before := len(r.mistakes)
	places := r.declareRoles(d, n)
	for _, e := range places {
		r.role(d, e)
	}
	// All roles together are looked at only when each was understood: one mistake should not be reported twice.
	if len(r.mistakes) == before {
		r.inheritance(d, places)
	}
}

// declareRoles makes all roles known before the first is read, so that a role may inherit one further down.
func (r *reader) declareRoles(d draft, n node) []entry {
	var places []entry
	for _, e := range r.section(n, "roles", maxRoles) {
		name, err := rbac.ParseRole(e.key.text)
		if err != nil {
			r.at(e.key, "%v", err)
			continue
		}
		if _, builtin := d.roles[name]; !builtin {
			d.roles[name] = Role{Name: name}
		}
		places = append(places, e)
	}
	return places
}

// role reads one role. It adds to what a built-in role has.
func (r *reader) role(d draft, e entry) {
	what := fmt.Sprintf("role %q", e.key.text)
	fields := r.fields(e.value, what, "title", "inherits", "permissions")
	role := d.roles[rbac.Role(e.key.text)]
	role.Title = r.title(fields, what, e.key.text)
	known := slices.Collect(maps.Keys(d.roles))
	if inherits, given := fields["inherits"]; given {
		for _, n := range r.names(inherits, what+": inherits") {
			if _, exists := d.roles[rbac.Role(n.text)]; !exists {
				r.at(n, "%s: inherits unknown role %q%s", what, n.text, suggest(n.text, known))
				continue
			}
			role.Inherits = with(role.Inherits, rbac.Role(n.text))
		}
	}
	if permissions, given := fields["permissions"]; given {
		for _, n := range r.names(permissions, what+": permissions") {
			if _, exists := d.permissions[rbac.Permission(n.text)]; !exists {
				r.at(n, "%s: unknown permission %q%s", what, n.text, suggest(n.text, slices.Collect(maps.Keys(d.permissions))))
				continue
			}
			role.Permissions = with(role.Permissions, rbac.Permission(n.text))
		}
	}
	d.roles[role.Name] = role
}

func with[T comparable](list []T, value T) []T {
	if slices.Contains(list, value) {
		return list
	}
	return append(slices.Clip(list), value)
}

// inheritance reports each circle of roles once, and chains that are too long.
func (r *reader) inheritance(d draft, places []entry) {
	definition := d.definition(unversioned())
	reported := map[rbac.Role]bool{}
	for _, e := range places {
		name := rbac.Role(e.key.text)
		chain, cyclic := definition.Chain(name)
		if !cyclic && len(chain) > rbac.MaxInheritance {
			r.at(e.key, "role %q: inherits through more than %d roles: %s", name, rbac.MaxInheritance, arrows(chain))
		}
		if !cyclic || reported[chain[0]] {
			continue
		}
		for _, role := range chain {
			reported[role] = true
		}
		if !slices.Contains(chain, name) {
			e = firstOf(chain, places)
		}
		r.at(e.key, "role %q: inherits itself: %s", e.key.text, arrows(chain))
	}
}

// firstOf returns the first of the places that is on the chain. A circle has one: without the file there is none.
func firstOf(chain []rbac.Role, places []entry) entry {
	i := slices.IndexFunc(places, func(e entry) bool { return slices.Contains(chain, rbac.Role(e.key.text)) })
	return places[i]
}

func arrows(chain []rbac.Role) string {
	names := make([]string, len(chain))
	for i, role := range chain {
		names[i] = string(role)
	}
	return strings.Join(names, " > ")
}

// unheld reports permissions that the owner of a tenant would not have, and so nobody there could pass on.
func (r *reader) unheld(d draft, places []entry) {
	held := d.definition(unversioned()).Holds(rbac.Owner)
	for _, e := range places {
		if !held[rbac.Permission(e.key.text)] {
			r.at(e.key, "permission %q: owner does not have it; give it to owner or to a role that owner includes", e.key.text)
		}
	}
}
