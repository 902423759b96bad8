package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// mappingPage says which of the provider's attributes are a person's profile, and which groups give which role.
type mappingPage struct {
	Walk      walk
	Problems  problems
	Email     field
	Name      field
	FirstName field
	LastName  field
	Groups    field
	Sending   guide.Text // how to make the provider send groups
	Limits    guide.Text // where its groups end
	Rows      []groupRow
	Joins     bool
	Default   []roleOption
	Version   int64 // of the connection as the form has it
}

// groupRow is one group and the role it gives.
type groupRow struct {
	Number          int
	GroupID, RoleID string
	Group           string
	Roles           []roleOption
}

type roleOption struct {
	Value, Label string
	Chosen       bool
}

const (
	maxGroups  = 100 // rows of one form
	spareRows  = 3   // empty ones to fill in; saving brings more
	emptyGroup = ""
)

// A try leaves for the provider, wherever it is.
func (p mappingPage) frame() frame {
	return frame{file: "setup-mapping", title: "Map attributes and groups", signedIn: !p.Walk.Outside, here: "setup", leaves: true}
}

// typedMapping is the mapping as somebody filled it in.
type typedMapping struct {
	claims      sso.ClaimMapping
	groups      []sso.GroupRole
	joins       bool
	defaultRole rbac.Role
	version     int64 // that the form was drawn from
}

func storedMapping(c sso.Connection) typedMapping {
	return typedMapping{c.Claims, c.GroupRoles, c.JIT, c.DefaultRole, c.Version}
}

func (c *Console) askMapping(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	return c.drawMapping(ctx, v, j, storedMapping(j.connection), nil)
}

func (c *Console) saveMapping(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	m := mappingOf(form, j.connection.Claims.Picture)
	if form.Has("again") {
		return c.drawMapping(ctx, v, j, m, nil)
	}
	d, err := j.draft(m.version)
	if err != nil {
		return c.drawMapping(ctx, v, j, m, err)
	}
	d.Claims, d.GroupRoles, d.JIT, d.DefaultRole = m.claims, m.groups, m.joins, m.defaultRole
	if form.Has("try") {
		to, err := c.try(ctx, v, j.connection, d, retyped{form: mappingForm, fields: form})
		if err != nil {
			return c.drawMapping(ctx, v, j, m, err)
		}
		return c.depart(ctx, to)
	}
	if err := c.update(ctx, v, j.connection, d); err != nil {
		return c.drawMapping(ctx, v, j, m, err)
	}
	if form.Has("more") {
		return c.redirect(ctx, setupRoot+j.path(atMapping))
	}
	return c.redirect(ctx, setupRoot+j.path(atDomains))
}

// mappingOf reads the form. Rows without a group are none.
func mappingOf(form url.Values, picture string) typedMapping {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	m := typedMapping{
		claims: sso.ClaimMapping{
			Email: text("email"), Name: text("name"), FirstName: text("first_name"), LastName: text("last_name"), Groups: text("groups"), Picture: picture,
		},
		joins: form.Has("joins"), defaultRole: rbac.Role(form.Get("default_role")), version: versionOf(form),
	}
	for n := 1; n <= maxGroups && form.Has(groupID(n)); n++ {
		if group := text(groupID(n)); group != emptyGroup {
			m.groups = append(m.groups, sso.GroupRole{Group: group, Role: rbac.Role(form.Get(roleID(n)))})
		}
	}
	return m
}

func groupID(n int) string { return fmt.Sprintf("group-%d", n) }

func roleID(n int) string { return fmt.Sprintf("role-%d", n) }

// drawMapping draws the form as drawDetails does its own.
func (c *Console) drawMapping(ctx echo.Context, v viewer, j journey, m typedMapping, refusal error) (err error) {
	status, wrong := http.StatusOK, problems{}
	switch {
	case outdated(refusal):
		if j, err = c.journeyOf(ctx, v); err != nil {
			return err
		}
		m = storedMapping(j.connection)
		status, wrong = outdatedForm()
	case refusal != nil:
		var ok bool
		if wrong, status, ok = problemsOf(refusal, mappingField); !ok {
			return refusal
		}
	}
	l, err := c.lentBy(ctx.Request().Context(), v)
	if err != nil {
		return err
	}
	p := mappingPageOf(l, j, m, wrong)
	p.Walk = c.walkOf(v, j, atMapping)
	p.Walk.Stale = p.Walk.Stale || asksAgain(refusal)
	return c.render(ctx, status, p)
}

func mappingPageOf(l lent, j journey, m typedMapping, wrong problems) mappingPage {
	p := mappingPage{
		Problems: wrong, Sending: j.guide.Preset.Sending, Limits: j.guide.Preset.Limits, Joins: m.joins, Version: m.version,
		Default: l.options(m.defaultRole),
	}
	input := func(id, label, value, hint string) field {
		return field{ID: id, Label: label, Type: "text", Value: value, Hint: hint, Problem: wrong.of(id), Optional: id != "email"}
	}
	preset := presetClaims(j.guide)
	p.Email = input("email", "E-mail", m.claims.Email, usually(preset.Email))
	p.Name = input("name", "Whole name", m.claims.Name, "Leave it empty if first and last name come apart.")
	p.FirstName = input("first_name", "First name", m.claims.FirstName, usually(j.guide.Preset.FirstName))
	p.LastName = input("last_name", "Last name", m.claims.LastName, usually(j.guide.Preset.LastName))
	p.Groups = input("groups", "Groups", m.claims.Groups, usually(preset.Groups))
	for n := range min(len(m.groups)+spareRows, maxGroups) {
		row := groupRow{Number: n + 1, GroupID: groupID(n + 1), RoleID: roleID(n + 1), Roles: l.options(rbac.Member)}
		if n < len(m.groups) {
			row.Group, row.Roles = m.groups[n].Group, l.options(m.groups[n].Role)
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// usually says what the guide's provider calls an attribute.
func usually(name string) string {
	if name == "" {
		return ""
	}
	return "Usually " + name
}

// options are the roles that the viewer may let the provider give, and the one that is chosen whatever it is: who may not give it is told
// when they save.
func (l lent) options(chosen rbac.Role) []roleOption {
	var list []roleOption
	found := false
	for _, r := range l.roles {
		list = append(list, roleOption{string(r.Role), or(r.Name, roleName(r.Role)), r.Role == chosen})
		found = found || r.Role == chosen
	}
	if !found && chosen != "" {
		list = append(list, roleOption{string(chosen), roleName(rbac.Role(l.names.of(chosen))), true})
	}
	return list
}

// lent is what the form offers to let the provider give.
type lent struct {
	roles []tenants.GrantableRole
	names roleNames
}

func (c *Console) lentBy(ctx context.Context, v viewer) (l lent, err error) {
	ctx = v.in(ctx)
	err = c.db.Tenant(ctx, v.principal.Tenant, func(tx *db.TenantTx) error {
		if l.roles, err = sso.LendableRoles(ctx, tx); err != nil {
			return err
		}
		l.names, err = roleNamesOf(ctx, tx)
		return err
	})
	return l, err
}

func roleName(r rbac.Role) string {
	if r == "" {
		return ""
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// mappingField is the field to which the name of an input in a refusal belongs.
func mappingField(name string) string {
	switch name {
	case "claims.email", "claims.name", "claims.first_name", "claims.last_name", "claims.groups":
		return strings.TrimPrefix(name, "claims.")
	case "default_role":
		return name
	case "group_roles":
		return groupID(1)
	default:
		return ""
	}
}
