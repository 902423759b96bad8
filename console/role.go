package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// rolePage is one of the organization's own roles: the form that makes or changes it, or what it is to who may not.
type rolePage struct {
	Problems    problems
	Plan        planGate
	ID          string // "" of one that is not made yet
	Title       string
	Above       bool // the role holds what the viewer does not
	Editable    bool // the page is a form
	Deletable   bool // the role can go, whatever the plan has
	Name        field
	Description field
	Groups      []permissionGroup
	Version     int64
	Changed     moment
	Uses        []string
	Instead     []roleOption
}

func (p rolePage) frame() frame {
	return frame{file: "role", title: or(p.Title, "A new role"), signedIn: true, here: "roles"}
}

// typedRole is the form as somebody filled it in.
type typedRole struct {
	name, description string
	permissions       []rbac.Permission
	version           int64
}

func typedRoleOf(form url.Values) typedRole {
	t := typedRole{name: strings.TrimSpace(form.Get("name")), description: strings.TrimSpace(form.Get("description")), version: versionOf(form)}
	for name := range form {
		if p, is := strings.CutPrefix(name, boxPrefix); is {
			t.permissions = append(t.permissions, rbac.Permission(p))
		}
	}
	slices.Sort(t.permissions)
	return t
}

func storedRole(r tenants.CustomRole) typedRole {
	return typedRole{r.Name, r.Description, r.Permissions, r.Version}
}

func (c *Console) askRole(ctx echo.Context) error { return c.drawRole(ctx, typedRole{}, nil) }

func (c *Console) makeRole(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	typed := typedRoleOf(form)
	err = c.withRules(ctx, func(r context.Context, tx *db.TenantTx, rules *catalog.Catalog) error {
		_, err := tenants.CreateCustomRole(r, tx, rules, tenants.NewCustomRole{Name: typed.name, Description: typed.description, Permissions: typed.permissions})
		return err
	})
	if err != nil {
		return c.drawRole(ctx, typed, err)
	}
	return c.redirect(ctx, "/roles")
}

func (c *Console) showRole(ctx echo.Context) error { return c.drawStoredRole(ctx, nil) }

func (c *Console) saveRole(ctx echo.Context) error {
	which, err := roleParam(ctx)
	if err != nil {
		return err
	}
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	typed := typedRoleOf(form)
	if typed.version == 0 {
		return c.drawStoredRole(ctx, tenants.ErrRoleChanged)
	}
	err = c.withRules(ctx, func(r context.Context, tx *db.TenantTx, rules *catalog.Catalog) error {
		_, err := tenants.UpdateCustomRole(r, tx, rules, which, tenants.CustomRoleChange{
			Name: &typed.name, Description: &typed.description, Permissions: &typed.permissions, Version: typed.version,
		})
		return err
	})
	switch {
	case errors.Is(err, tenants.ErrRoleChanged):
		return c.drawStoredRole(ctx, err)
	case err != nil:
		return c.drawRole(ctx, typed, err)
	default:
		return c.redirect(ctx, "/roles/"+which.String())
	}
}

func (c *Console) deleteRole(ctx echo.Context) error {
	which, err := roleParam(ctx)
	if err != nil {
		return err
	}
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	if !form.Has("confirmed") {
		return c.drawStoredRole(ctx, errUnconfirmed)
	}
	err = c.withRules(ctx, func(r context.Context, tx *db.TenantTx, _ *catalog.Catalog) error {
		return tenants.DeleteCustomRole(r, tx, which, rbac.Role(form.Get("instead")))
	})
	if err != nil {
		return c.drawStoredRole(ctx, err)
	}
	return c.redirect(ctx, "/roles")
}

func (c *Console) withRules(ctx echo.Context, do func(context.Context, *db.TenantTx, *catalog.Catalog) error) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	return c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return do(r, tx, rules) })
}

// roleParam is the role of the path.
func roleParam(ctx echo.Context) (which id.Role, err error) {
	if err := which.UnmarshalText([]byte(ctx.Param("role"))); err != nil || which.IsZero() {
		return which, errs.NotFound("role")
	}
	return which, nil
}

// drawStoredRole draws the page of the path's role as it is stored, with what is wrong.
func (c *Console) drawStoredRole(ctx echo.Context, refusal error) error {
	which, err := roleParam(ctx)
	if err != nil {
		return err
	}
	var stored tenants.CustomRole
	err = c.withRules(ctx, func(r context.Context, tx *db.TenantTx, _ *catalog.Catalog) (err error) {
		stored, err = tenants.FindCustomRole(r, tx, which)
		return err
	})
	if err != nil {
		return err
	}
	return c.drawRole(ctx, storedRole(stored), refusal)
}

// drawRole draws the form as it was typed, with what is wrong with it. What is no fault of the form is returned.
func (c *Console) drawRole(ctx echo.Context, typed typedRole, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, roleField); !ok {
			return refusal
		}
		wrong.Heading = "Nothing was changed"
	}
	p := authn.From(ctx.Request().Context())
	gate, writes := c.gate(p, billing.CustomRoles), c.may(p, rbac.RolesWrite)
	page := rolePage{Problems: wrong, Plan: gate, Editable: writes && !gate.Closed, Deletable: writes, Version: typed.version}
	page.Name = field{ID: "name", Label: "Name", Type: "text", Value: typed.name, Hint: "1 to 50 characters, like no other role's.", Problem: wrong.of("name")}
	page.Description = field{ID: "description", Label: "What it is for", Type: "text", Value: typed.description, Optional: true, Problem: wrong.of("description")}
	err := c.withRules(ctx, func(r context.Context, tx *db.TenantTx, rules *catalog.Catalog) error {
		return page.read(r, tx, rules, ctx.Param("role"), typed)
	})
	if err != nil {
		return err
	}
	return c.render(ctx, status, page)
}

// read fills in what there is of a role, and what its form offers.
func (p *rolePage) read(ctx context.Context, tx *db.TenantTx, rules *catalog.Catalog, param string, typed typedRole) error {
	offered, err := tenants.GrantablePermissions(ctx, tx, rules)
	if err != nil {
		return err
	}
	p.Groups = groupsOf(rules, permissionChoice{chosen: typed.permissions, offered: offered})
	if param == "" {
		return nil
	}
	var which id.Role
	if err := which.UnmarshalText([]byte(param)); err != nil {
		return errs.NotFound("role")
	}
	r, err := tenants.FindCustomRole(ctx, tx, which)
	if err != nil {
		return err
	}
	p.ID, p.Title, p.Changed = r.ID.String(), r.Name, momentOf(r.UpdatedAt)
	err = tenants.MayChangeRole(ctx, tx, r)
	if p.Above = errors.Is(err, tenants.ErrRoleTooHigh); err != nil && !p.Above {
		return err
	}
	p.Editable, p.Deletable = p.Editable && !p.Above, p.Deletable && !p.Above
	if !p.Editable {
		p.Groups = groupsOf(rules, permissionChoice{only: append([]rbac.Permission{}, r.Permissions...), chosen: r.Permissions})
	}
	uses, err := tenants.RoleUses(ctx, tx, r)
	if err != nil || len(uses) == 0 {
		return err
	}
	p.Uses = usesOf(uses)
	instead, err := tenants.RolesInstead(ctx, tx, r)
	for _, g := range instead {
		p.Instead = append(p.Instead, roleOption{string(g.Role), or(g.Name, roleName(g.Role)), false})
	}
	return err
}

// roleField is the field to which the name of an input in a refusal belongs.
func roleField(name string) string {
	switch name {
	case "name", "description":
		return name
	case "reassign":
		return "instead"
	default:
		return ""
	}
}

// usesOf says where a role is in use.
func usesOf(uses map[string]int64) []string {
	var list []string
	for _, one := range []struct{ place, one, many string }{
		{"members", "member has it", "members have it"},
		{"invitations", "invitation gives it", "invitations give it"},
		{"api_keys", "API key has it", "API keys have it"},
		{"connections", "connection gives it to who joins", "connections give it to who joins"},
		{"group_mappings", "connection gives it to a group", "connections give it to a group"},
		{"google", "way in gives it: Google", "ways in give it"},
	} {
		if n := uses[one.place]; n > 0 {
			list = append(list, count(n, one.one, one.many))
		}
	}
	return list
}
