package catalog

import (
	"slices"

	"github.com/seed-2a059015/gatehouse/rbac"
)

// CustomRole is a role that a tenant has made, compiled for the catalog that made it; another one refuses everything to it. It is immutable.
type CustomRole struct {
	name        rbac.Role
	permissions []rbac.Permission
	compiled    *rbac.Custom
}

// Custom compiles a role of a tenant from Casbin, with an engine that knows nothing but this role. Permissions that the catalog does not
// have are passed over, so that dropping one from a catalog takes it from every custom role and leaves them the rest. It takes milliseconds.
func (c *Catalog) Custom(name rbac.Role, permissions []rbac.Permission) (*CustomRole, error) {
	engine, err := c.customEngine(name, permissions)
	if err != nil {
		return nil, err
	}
	compiled, err := c.table.Customize(name, engine)
	if err != nil {
		return nil, err
	}
	return &CustomRole{name, slices.Clone(permissions), compiled}, nil
}

func (c *Catalog) customEngine(name rbac.Role, permissions []rbac.Permission) (*rbac.Engine, error) {
	policy, err := c.definition.CustomPolicy(name, permissions)
	if err != nil {
		return nil, err
	}
	return rbac.NewEngine(policy)
}

// HasPermission reports whether the catalog has a permission of this name.
func (c *Catalog) HasPermission(name rbac.Permission) bool {
	_, known := c.draft.permissions[name]
	return known
}

// Holds returns all permissions that a role of the catalog has, inherited ones and those that need a plan included, sorted; nil for an
// unknown role.
func (c *Catalog) Holds(role rbac.Role) []rbac.Permission { return c.table.Holds(role) }
