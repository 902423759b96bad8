package sso_test

import (
	"context"
	"slices"
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

func TestATestCallsRolesByTheirNames(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	desk := c.ownRole(t, "Front desk", rbac.MembersRead)
	u := c.person("alice")
	u.Groups = []string{"desk"}
	c.add(t, u)
	owner := c.redeem(t)
	d := c.draft()
	d.Version, d.Claims.Groups, d.GroupRoles = c.connection.Version, "groups", []sso.GroupRole{{Group: "desk", Role: desk.Role}}
	prepared, err := c.signIn.Prepare(t.Context(), d)
	must(t, err)
	dry := c.dryRun(t, owner, &prepared, "alice")
	if dry.Groups == nil || dry.Groups.Role != desk.Role || dry.GroupRole != "Front desk" {
		t.Errorf("dry run = groups %+v called %q, want the Front desk", dry.Groups, dry.GroupRole)
	}
	if !slices.Contains(dry.Changes, sso.Change{Field: "role", To: "Front desk"}) {
		t.Errorf("changes = %v, want the role Front desk", dry.Changes)
	}
	if got := c.trail(t); !strings.Contains(got, "role: Front desk") || strings.Contains(got, string(desk.Role)) {
		t.Errorf("the attempt does not call the role by its name:\n%s", got)
	}

	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		c.connection, err = c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
	_, err = c.admin.Exec(t.Context(), `UPDATE connections SET group_roles = replace(group_roles::text, $1, 'rol_00000000000000000000000000')::jsonb`, string(desk.Role))
	must(t, err)
	if dry := c.dryRun(t, owner, nil, "alice"); dry.Groups == nil || dry.Groups.Role != c.connection.DefaultRole || dry.GroupRole != string(c.connection.DefaultRole) {
		t.Errorf("dry run with a role that is gone = groups %+v called %q, want that of who joins", dry.Groups, dry.GroupRole)
	}
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
