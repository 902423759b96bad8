package tenants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// GrantableRole is a role that somebody may give. Name is what people call one of the tenant's own; a built-in role has none.
type GrantableRole struct {
	Role rbac.Role
	Name string
}

// GrantableRoles lists the roles that the caller may give: the built-in ones, lowest first, then the tenant's own by name. It is for what to
// offer, by the rule of [MayGive]; whatever gives a role asks again, and holds what it has asked about.
func GrantableRoles(ctx context.Context, tx *db.TenantTx) ([]GrantableRole, error) {
	all, holds, err := allRoles(ctx, tx)
	if err != nil {
		return nil, err
	}
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return all, nil
	case authn.Member, authn.APIKey:
		known := func(r rbac.Role) []rbac.Permission { return holds[r] }
		return slices.DeleteFunc(all, func(r GrantableRole) bool { return !reachesBy(rbac.Role(p.Role), r.Role, known) }), nil
	case authn.Setup, authn.Anonymous:
	}
	return nil, nil
}

// allRoles lists the built-in roles and the tenant's own, and what each holds as far as that is known.
func allRoles(ctx context.Context, tx *db.TenantTx) (all []GrantableRole, holds map[rbac.Role][]rbac.Permission, err error) {
	own, err := CustomRoles(ctx, tx, id.Role{}, MaxCustomRoles)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(own, func(a, b CustomRole) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	holds = map[rbac.Role][]rbac.Permission{}
	for _, r := range rbac.BuiltinRoles() {
		if c := catalogOf(ctx); c != nil {
			holds[r] = c.Holds(r)
		}
		all = append(all, GrantableRole{Role: r})
	}
	for _, r := range own {
		holds[r.Role] = append([]rbac.Permission{}, r.Permissions...)
		all = append(all, GrantableRole{r.Role, r.Name})
	}
	return all, holds, nil
}

// GrantablePermissions are those of the catalog that the caller may put into a role of the tenant's own.
func GrantablePermissions(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog) ([]rbac.Permission, error) {
	role, err := actingRole(ctx, tx)
	if errors.Is(err, ErrRoleTooHigh) {
		return nil, nil
	}
	var has []rbac.Permission
	if err == nil && role != rbac.Owner {
		has, err = permissionsOf(ctx, tx, role)
	}
	if err != nil {
		return nil, err
	}
	var list []rbac.Permission
	for _, p := range c.Permissions() {
		if !p.Name.OwnersOnly() && (role == rbac.Owner || slices.Contains(has, p.Name)) {
			list = append(list, p.Name)
		}
	}
	return list, nil
}

// MayChangeRole says whether the caller may change or delete one of the tenant's own roles: not one that holds more than they do.
func MayChangeRole(ctx context.Context, tx *db.TenantTx, r CustomRole) error {
	return mayAuthor(ctx, tx, r.Permissions)
}

// RoleUses counts what refers to one of the tenant's own roles, by the name of the place; those with nothing are left out.
func RoleUses(ctx context.Context, tx *db.TenantTx, r CustomRole) (map[string]int64, error) {
	return r.uses(ctx, tx)
}

// RolesInstead lists the roles that may take the place of one of the tenant's own when it is deleted, by the rule of [DeleteCustomRole].
func RolesInstead(ctx context.Context, tx *db.TenantTx, r CustomRole) ([]GrantableRole, error) {
	all, holds, err := allRoles(ctx, tx)
	return slices.DeleteFunc(all, func(g GrantableRole) bool {
		return g.Role == r.Role || g.Role == rbac.Owner || holds[g.Role] == nil || !covered(holds[g.Role], r.Permissions)
	}), err
}

// RoleName is what people call a role: the name of one of the tenant's own, and a built-in one as it is. One that is not there any more is
// called by its id.
func RoleName(ctx context.Context, tx *db.TenantTx, role rbac.Role) (string, error) {
	if !role.Custom() {
		return string(role), nil
	}
	r, err := db.Of[CustomRole](tx.DB).Where("role = ?", role).First(ctx)
	if db.IsMissing(err) {
		return string(role), nil
	}
	if err != nil {
		return "", fmt.Errorf("load the name of role %s: %w", role, err)
	}
	return r.Name, nil
}
