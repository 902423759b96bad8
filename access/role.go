package access

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// customRole is a role of a tenant's own, in a snapshot of it. Most tenants have none.
type customRole struct {
	permissions []rbac.Permission
	compiled    atomic.Pointer[compiledRole]
}

// compiledRole is a role as one catalog reads it.
type compiledRole struct {
	by   *catalog.Catalog
	role *catalog.CustomRole // nil if it cannot be compiled: who holds it is refused, and nobody else
}

// readRoles reads what tenants.CustomRolesSQL brings.
func readRoles(text *string) (map[rbac.Role]*customRole, error) {
	if text == nil {
		return nil, nil
	}
	var lists map[rbac.Role][]rbac.Permission
	if err := json.Unmarshal([]byte(*text), &lists); err != nil {
		return nil, fmt.Errorf("read custom roles: %w", err)
	}
	own := make(map[rbac.Role]*customRole, len(lists))
	for name, permissions := range lists {
		for i, p := range permissions {
			permissions[i] = interned(p)
		}
		own[interned(name)] = &customRole{permissions: permissions}
	}
	return own, nil
}

// role is one of the tenant's own as a catalog reads it; nil if the tenant has none of this name, which leaves the question to the roles of
// the catalog. It is compiled when it is first asked about, and again after the catalog has changed.
func (t *Tenant) role(c *catalog.Catalog, name rbac.Role) *catalog.CustomRole {
	if len(t.custom) == 0 {
		return nil
	}
	r := t.custom[name]
	if r == nil {
		return nil
	}
	if held := r.compiled.Load(); held != nil && held.by == c {
		return held.role
	}
	compiled, err := c.Custom(name, r.permissions)
	if err != nil {
		t.store.log.Error("custom_role_unusable", "tenant", t.ID.String(), "role", string(name), "error", err.Error())
		compiled = nil
	}
	r.compiled.Store(&compiledRole{c, compiled})
	return compiled
}

// lower is the one of two roles that holds no more than the other; false if each has what the other has not, or is unknown.
func (s *Store) lower(t *Tenant, a, b rbac.Role) (rbac.Role, bool) {
	if a.Builtin() && b.Builtin() {
		if rbac.CanGrant(a, b) {
			return b, true
		}
		return a, true
	}
	held := s.decisive()
	if held == nil {
		return "", false
	}
	ofA, ofB := t.holds(held.catalog, a), t.holds(held.catalog, b)
	switch {
	case ofA == nil || ofB == nil:
		return "", false
	case covers(ofA, ofB):
		return b, true
	case covers(ofB, ofA):
		return a, true
	}
	return "", false
}

// holds lists what a role has, of what the catalog knows; nil if there is no such role.
func (t *Tenant) holds(c *catalog.Catalog, name rbac.Role) []rbac.Permission {
	if !name.Custom() {
		return c.Holds(name)
	}
	if t.custom[name] == nil {
		return nil
	}
	known := []rbac.Permission{}
	for _, p := range t.custom[name].permissions {
		if c.HasPermission(p) {
			known = append(known, p)
		}
	}
	return known
}

func covers(has, wants []rbac.Permission) bool {
	return !slices.ContainsFunc(wants, func(p rbac.Permission) bool { return !slices.Contains(has, p) })
}
