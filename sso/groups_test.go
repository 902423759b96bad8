package sso_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// mapped gives the groups "admins" and "guests" roles; everybody else is a member.
func mapped(d *sso.Draft) {
	d.Claims.Groups = "groups"
	d.GroupRoles = []sso.GroupRole{{Group: "admins", Role: rbac.Admin}, {Group: "guests", Role: rbac.Viewer}}
}

func in(who sso.Identity, groups ...string) sso.Identity {
	who.Groups, who.GroupsMissing = groups, false
	return who
}

func (c *withOracle) role(tb testing.TB, who sso.Identity) string {
	tb.Helper()
	result, err := c.comes(tb, who)
	must(tb, err)
	return c.principal(tb, result.Issued).Role
}

// member is who has an address of the company.
func (c *company) member(tb testing.TB, login string) (m tenants.Membership) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		m, err = tenants.MemberByEmail(ctx, tx, login+"@"+c.domain)
		return err
	})
	return m
}

func TestXT_13_AGroupThatIsGoneTakesItsRoleAlong(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol, mapped)
		alice := c.person("alice")
		for _, step := range []struct {
			what string
			who  sso.Identity
			want string
		}{
			{"the first sign-in", in(alice, "admins", "lunch"), "admin"},
			{"the group is gone", in(alice, "lunch"), "member"},
			{"another group", in(alice, "guests"), "viewer"},
			{"two groups", in(alice, "guests", "admins"), "admin"},
			{"no claim of groups", alice, "admin"},
			{"an empty claim", in(alice), "member"},
			{"the group in capitals", in(alice, "Admins"), "member"},
			{"the group with a space", in(alice, "admins "), "member"},
		} {
			if got := c.role(t, step.who); got != step.want {
				t.Errorf("%s: role = %s, want %s", step.what, got, step.want)
			}
		}
		// Who lives in an older session has the new role there too: roles are those of the membership.
		older, err := c.comes(t, in(alice, "admins"))
		must(t, err)
		c.role(t, in(alice))
		if got := c.principal(t, older.Issued).Role; got != "member" {
			t.Errorf("role in the older session = %s, want member", got)
		}
	})
}

func TestXT_11_AProviderNeitherMakesNorUnmakesOwners(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol, mapped)
		if got := c.role(t, in(c.person("alice"), "owner", "Owner", "administrators", "role:owner")); got != "member" {
			t.Errorf("role = %s, want member", got)
		}
		// A mapping to owner that came around the checks gives nothing.
		_, err := c.admin.Exec(t.Context(), `UPDATE connections SET group_roles = '[{"group":"x","role":"owner"},{"group":"x","role":"root"},{"group":"x","role":"viewer"}]'
			WHERE id::text = $1`, c.connection.ID.UUID().String())
		must(t, err)
		if got := c.role(t, in(c.person("alice"), "x")); got != "viewer" {
			t.Errorf("role = %s, want viewer", got)
		}
		_, err = c.admin.Exec(t.Context(), "UPDATE memberships SET role = 'owner' WHERE id::text = $1", c.member(t, "alice").ID.UUID().String())
		must(t, err)
		if got := c.role(t, in(c.person("alice"), "x")); got != "owner" {
			t.Errorf("role of an owner after a group said otherwise = %s, want owner", got)
		}
	})
}

func TestWithAMappingTheProviderDecidesRoles(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC, mapped)
	c.role(t, in(c.person("alice"), "guests"))
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, c.member(t, "alice").ID, rbac.Admin)
		return err
	})
	if got := c.role(t, in(c.person("alice"), "guests")); got != "viewer" {
		t.Errorf("role = %s, want viewer: the provider decides", got)
	}
	var source string
	must(t, c.db.Tenant(t.Context(), c.tenant.ID, func(tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT data ->> 'connection' FROM events WHERE tenant_id = ? AND type = 'member.role_changed' AND actor_kind = 'system'",
			tx.Tenant).Scan(&source).Error
	}))
	if source != c.connection.ID.String() {
		t.Errorf("the event names the connection %q, want %s", source, c.connection.ID)
	}
}

func TestWithoutAMappingGroupsChangeNothing(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	c.role(t, c.person("alice"))
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, c.member(t, "alice").ID, rbac.Admin)
		return err
	})
	if got := c.role(t, in(c.person("alice"), "guests", "owner")); got != "admin" {
		t.Errorf("role = %s, want admin", got)
	}
}

func TestXT_11_UnknownGroupsAreRememberedInBounds(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolSAML, mapped)
	groups := []string{"admins", "owner", "owner", "bad\x00\u202egroup", strings.Repeat("long", 1000)}
	for i := range 3000 {
		groups = append(groups, fmt.Sprintf("group-%d", i))
	}
	if got := c.role(t, in(c.person("alice"), groups...)); got != "admin" {
		t.Errorf("role = %s, want admin", got)
	}
	var got sso.MemberGroups
	read := func() {
		t.Helper()
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
			got, err = sso.GroupsOf(ctx, tx, c.member(t, "alice").ID, c.connection.ID)
			return err
		})
	}
	read()
	if diff := cmp.Diff([]string{"admins"}, got.Groups); diff != "" || got.Role != rbac.Admin {
		t.Errorf("groups of %s (-want +got):\n%s", got.Role, diff)
	}
	if got.Unknown.Count != 3003 || len(got.Unknown.First) != 200 || got.Unknown.First[0] != "owner" || strings.ContainsAny(got.Unknown.First[1], "\x00\u202e") ||
		len(got.Unknown.First[2]) > 400 {
		t.Errorf("%d unknown groups, the first %d of them %.40q; want 3003, 200 and owner", got.Unknown.Count, len(got.Unknown.First), got.Unknown.First)
	}
	c.role(t, in(c.person("alice"), "guests"))
	read()
	if got.Role != rbac.Viewer || got.Unknown.Count != 0 || len(got.Groups) != 1 {
		t.Errorf("groups after the next sign-in = %+v, want the new ones alone", got)
	}
	c.role(t, c.person("alice"))
	before := got
	read()
	if diff := cmp.Diff(before.Groups, got.Groups); diff != "" {
		t.Errorf("a missing claim changed what is remembered (-before +after):\n%s", diff)
	}
}

func TestSetGroupsWorksWithoutASignIn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC, mapped)
	c.role(t, in(c.person("alice"), "admins"))
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		made, err := sso.ConnectionByID(ctx, tx, c.connection.ID)
		if err != nil {
			return err
		}
		m, err := sso.SetGroups(ctx, tx, made, c.member(t, "alice"), nil)
		if m.Role != rbac.Member {
			t.Errorf("role = %s, want member at once", m.Role)
		}
		return err
	})
}

func TestXT_11_AMappingThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	many := make([]sso.GroupRole, 101)
	for i := range many {
		many[i] = sso.GroupRole{Group: fmt.Sprint(i), Role: rbac.Member}
	}
	for name, d := range map[string]func(*sso.Draft){
		"owner":        func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Group: "a", Role: rbac.Owner}} },
		"no role":      func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Group: "a"}} },
		"unknown role": func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Group: "a", Role: "root"}} },
		"no group":     func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Role: rbac.Member}} },
		"long": func(d *sso.Draft) {
			d.GroupRoles = []sso.GroupRole{{Group: strings.Repeat("g", 257), Role: rbac.Member}}
		},
		"a line":        func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Group: "a\nb", Role: rbac.Member}} },
		"spaces around": func(d *sso.Draft) { d.GroupRoles = []sso.GroupRole{{Group: "a ", Role: rbac.Member}} },
		"twice": func(d *sso.Draft) {
			d.GroupRoles = []sso.GroupRole{{Group: "a", Role: rbac.Member}, {Group: "a", Role: rbac.Admin}}
		},
		"too many":       func(d *sso.Draft) { d.GroupRoles = many },
		"testers":        func(d *sso.Draft) { d.Testers = []string{"nobody"} },
		"hidden tester":  func(d *sso.Draft) { d.Testers = []string{"a\u200d@b.test"} },
		"a lot to test":  func(d *sso.Draft) { d.Testers = make([]string, 101) },
		"tester as list": func(d *sso.Draft) { d.Testers = []string{"a@b.test,c@d.test"} },
		"no claim": func(d *sso.Draft) {
			d.Claims.Groups, d.GroupRoles = "", []sso.GroupRole{{Group: "a", Role: rbac.Member}}
		},
	} {
		draft := sso.Draft{Claims: sso.ClaimMapping{Groups: "groups"}, Name: "x", Issuer: oracleIssuer, ClientID: clientID, PublicClient: true, DefaultRole: rbac.Member}
		d(&draft)
		if _, err := c.signIn.Prepare(t.Context(), draft); errs.As(err).Kind != errs.Invalid {
			t.Errorf("Prepare with %s = %v, want invalid", name, err)
		}
	}
}
