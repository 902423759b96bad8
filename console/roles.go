package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// roleRoutes are the pages for the organization's own roles.
func (c *Console) roleRoutes() web.Table {
	return web.Table{
		web.Get("/roles", rbac.RolesRead, web.Raw(c.listRoles)).SessionOnly().Doc("The roles that there are, and what they may do"),
		web.Get("/roles/new", rbac.RolesWrite, web.Raw(c.askRole)).SessionOnly().Needs(billing.CustomRoles).Doc("What a new role may do"),
		web.Post("/roles", rbac.RolesWrite, web.Raw(c.makeRole)).SessionOnly().Needs(billing.CustomRoles).MaxBody(maxRole).Limit(acting).Doc("Make a role of permissions that one has"),
		web.Get("/roles/{role}", rbac.RolesRead, web.Raw(c.showRole)).SessionOnly().Doc("One of the organization's own roles"),
		web.Post("/roles/{role}", rbac.RolesWrite, web.Raw(c.saveRole)).SessionOnly().Needs(billing.CustomRoles).MaxBody(maxRole).Limit(acting).Doc("Change a role for all who hold it"),
		web.Post("/roles/{role}/delete", rbac.RolesWrite, web.Raw(c.deleteRole)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Delete a role; while it is in use only with another in its place"),
	}
}

// maxRole bounds the form of a role: all permissions of a large catalog.
const maxRole = 128 << 10

// rolesPage lists the roles of the organization.
type rolesPage struct {
	Tenant  string
	Plan    planGate
	Writes  bool // the viewer may make and change roles at all
	Builtin []builtinRow
	Own     []ownRoleRow
}

func (rolesPage) frame() frame {
	return frame{file: "roles", title: "Roles", signedIn: true, here: "roles"}
}

// planGate says whether the plan has what a page is about, and else which plan does.
type planGate struct {
	Closed bool
	Why    string
	Needs  string // the plan that has it; "" if none is known
}

type builtinRow struct {
	ID, Title string
	Count     string
	Groups    []permissionGroup
}

type ownRoleRow struct{ ID, Name, Description, Count string }

func (c *Console) listRoles(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, rules, err := c.ruled(r, p)
	if err != nil {
		return err
	}
	page := rolesPage{Tenant: tenant.Name, Plan: c.gate(p, billing.CustomRoles), Writes: c.may(p, rbac.RolesWrite), Builtin: builtinRows(rules)}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := tenants.CustomRoles(r, tx, id.Role{}, tenants.MaxCustomRoles)
		for _, one := range list {
			page.Own = append(page.Own, ownRoleRow{one.ID.String(), one.Name, one.Description, permissionCount(len(one.Permissions))})
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, page)
}

// rules is the catalog in force.
func (c *Console) rules() (*catalog.Catalog, error) {
	if rules, _ := c.access.Catalog(); rules != nil {
		return rules, nil
	}
	return nil, access.ErrStale
}

// ruled returns the viewer's tenant and the rules of the catalog in force.
func (c *Console) ruled(ctx context.Context, p *authn.Principal) (*access.Tenant, *catalog.Catalog, error) {
	tenant, err := c.access.Tenant(ctx, p.Tenant)
	if err != nil {
		return nil, nil, err
	}
	rules, err := c.rules()
	return tenant, rules, err
}

// gate asks whether the tenant has a feature, whatever the viewer's role.
func (c *Console) gate(p *authn.Principal, f billing.Feature) planGate {
	d := c.access.Decide(p, nil, rbac.Self, f)
	if d.Allowed {
		return planGate{}
	}
	return planGate{true, d.Message, d.NeedsPlan}
}

func builtinRows(rules *catalog.Catalog) []builtinRow {
	var rows []builtinRow
	for _, r := range []rbac.Role{rbac.Owner, rbac.Admin, rbac.Member, rbac.Viewer} {
		holds := rules.Holds(r)
		row := builtinRow{ID: string(r), Title: roleName(r), Count: permissionCount(len(holds)), Groups: groupsOf(rules, permissionChoice{only: holds})}
		for _, known := range rules.Roles() {
			if known.Name == r && known.Title != "" {
				row.Title = known.Title
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func permissionCount(n int) string {
	if n == 0 {
		return "no permissions"
	}
	return count(int64(n), "permission", "permissions")
}
