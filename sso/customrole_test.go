package sso_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// inForce stands for the snapshot that authenticated a request.
type inForce struct{ c *catalog.Catalog }

func (f inForce) InForce() *catalog.Catalog { return f.c }

func defaultCatalog(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Parse("default", catalog.Default())
	must(tb, err)
	return c
}

// ownRole makes a role of the company's own.
func (c *company) ownRole(tb testing.TB, name string, permissions ...rbac.Permission) (r tenants.CustomRole) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		r, err = tenants.CreateCustomRole(ctx, tx, defaultCatalog(tb), tenants.NewCustomRole{Name: name, Permissions: permissions})
		return err
	})
	return r
}

// trail is what the latest attempt says.
func (c *company) trail(tb testing.TB) string {
	tb.Helper()
	var b strings.Builder
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		list, err := sso.Attempts(ctx, tx, sso.AttemptFilter{}, id.Attempt{}, 1)
		for _, a := range list {
			for _, check := range a.Checks {
				b.WriteString(check.Name + ": " + check.Got + "\n")
			}
		}
		return err
	})
	return b.String()
}

func TestProvidersGiveRolesOfTheTenantsOwn(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		desk, guest := c.ownRole(t, "Front desk", rbac.MembersRead, "chat:use"), c.ownRole(t, "Guest", rbac.TenantRead)
		c.connection = c.connectOracle(t, func(d *sso.Draft) {
			d.DefaultRole, d.Claims.Groups = guest.Role, "groups"
			d.GroupRoles = []sso.GroupRole{{Group: "desk", Role: desk.Role}, {Group: "staff", Role: rbac.Admin}}
		})
		alice := c.person("alice")
		for _, step := range []struct {
			what   string
			groups []string
			want   rbac.Role
		}{
			{"who joins without a group", nil, guest.Role},
			{"the group", []string{"desk"}, desk.Role},
			{"another group", []string{"staff"}, rbac.Admin},
			{"the first line of two", []string{"staff", "desk"}, desk.Role},
			{"no group any more", nil, guest.Role},
		} {
			if got := c.role(t, in(alice, step.groups...)); got != string(step.want) {
				t.Errorf("%s: role = %s, want %s", step.what, got, step.want)
			}
		}

		// What is mapped is not deleted.
		ctx := authn.AsOperator(t.Context())
		err := c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error { return tenants.DeleteCustomRole(ctx, tx, desk.ID, "") })
		if errs.CodeOf(err) != tenants.ErrRoleInUse.Code {
			t.Errorf("DeleteCustomRole of a mapped role = %v, want %v", err, tenants.ErrRoleInUse)
		}
		// The plan goes down: what is mapped goes on being given.
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := tenants.SetPlan(ctx, tx, billing.Team)
			return err
		})
		if got := c.role(t, in(alice, "desk")); got != string(desk.Role) {
			t.Errorf("on a plan without custom roles: role = %s, want %s", got, desk.Role)
		}
		if strings.Contains(c.trail(t), "not there any more") {
			t.Errorf("the attempt says that a role is gone:\n%s", c.trail(t))
		}
	})
}

func TestAMappingToARoleThatIsGoneGivesThatOfWhoJoins(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		desk := c.ownRole(t, "Front desk", rbac.MembersRead)
		c.connection = c.connectOracle(t, func(d *sso.Draft) {
			d.DefaultRole, d.Claims.Groups = rbac.Viewer, "groups"
			d.GroupRoles = []sso.GroupRole{{Group: "desk", Role: desk.Role}, {Group: "staff", Role: rbac.Admin}}
		})
		_, err := c.admin.Exec(t.Context(), `UPDATE connections SET group_roles = replace(group_roles::text, $1, 'rol_00000000000000000000000000')::jsonb`, string(desk.Role))
		must(t, err)
		for _, login := range []string{"alice", "bob"} { // who joins, and who was there
			if got := c.role(t, in(c.person(login), "staff", "desk")); got != string(rbac.Viewer) {
				t.Errorf("%s: role = %s, want viewer", login, got)
			}
			if got := c.trail(t); !strings.Contains(got, "role of the group: not there any more") || !strings.Contains(got, "role: viewer") {
				t.Errorf("the attempt does not say what became of the role:\n%s", got)
			}
		}
		c.role(t, in(c.person("alice"), "staff"))
		if got := c.role(t, in(c.person("alice"), "desk")); got != string(rbac.Viewer) {
			t.Errorf("who was an admin has the role %s, want viewer", got)
		}
	})
}

func TestNobodyMapsToARoleAboveTheirOwn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	low := c.ownRole(t, "Front desk", rbac.MembersRead)
	high := c.ownRole(t, "Danger", rbac.TenantWrite)
	keeper := c.ownRole(t, "Keeper", rbac.MembersRead, rbac.ConnectionsRead, rbac.ConnectionsWrite)
	c.role(t, in(c.person("alice")))
	alice := c.member(t, "alice")
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, alice.ID, keeper.Role)
		return err
	})
	ctx := authn.With(t.Context(), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, Membership: alice.ID, User: alice.UserID, Role: string(keeper.Role), AuthTime: c.stored(t).UpdatedAt,
		Held: inForce{defaultCatalog(t)},
	})
	update := func(what func(*sso.Draft)) error {
		d := c.stored(t).Draft()
		d.Claims.Groups = "groups"
		what(&d)
		prepared, err := c.signIn.Prepare(ctx, d)
		must(t, err)
		return c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
			_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
			return err
		})
	}
	for _, role := range []rbac.Role{high.Role, rbac.Admin, rbac.Viewer} {
		for what, change := range map[string]func(*sso.Draft){
			"joining": func(d *sso.Draft) { d.DefaultRole = role },
			"a group": func(d *sso.Draft) {
				d.DefaultRole, d.GroupRoles = low.Role, []sso.GroupRole{{Group: "desk", Role: role}}
			},
		} {
			if err := update(change); errs.As(err).Kind != errs.Invalid {
				t.Errorf("Update with %s giving %s = %v, want invalid_input", what, role, err)
			}
		}
	}
	if err := update(func(d *sso.Draft) {
		d.DefaultRole, d.GroupRoles = low.Role, []sso.GroupRole{{Group: "desk", Role: keeper.Role}}
	}); err != nil {
		t.Errorf("Update with roles that the author has = %v", err)
	}
	if got := c.role(t, in(c.person("bob"), "desk")); got != string(keeper.Role) {
		t.Errorf("role = %s, want %s", got, keeper.Role)
	}
}
