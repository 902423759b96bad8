package sso_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func (c *company) rules(tb testing.TB, rules ...sso.Rule) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := sso.ReplaceRules(ctx, tx, rules)
		return err
	})
}

// leads is where an address of the company, or another one, is sent.
func (c *company) leads(tb testing.TB, address string) id.Connection {
	tb.Helper()
	to, err := c.signIn.Route(visitor(tb), address)
	must(tb, err)
	if to.Slug != c.tenant.Slug {
		tb.Fatalf("Route(%q) = %+v, want the tenant %s", address, to, c.tenant.Slug)
	}
	return to.Connection
}

func (c *company) moveTo(tb testing.TB, which id.Connection, to sso.Status) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Move(ctx, tx, which, to)
		return err
	})
}

func TestRulesSayOverWhichConnectionPeopleSignIn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	one, two, three := c.connection.ID, c.connectOracle(t).ID, c.connectOracle(t).ID
	somebody := "somebody@" + c.domain
	want := func(what, address string, connection id.Connection) {
		t.Helper()
		if got := c.leads(t, address); got != connection {
			t.Errorf("%s: Route(%q) = %v, want %v", what, address, got, connection)
		}
	}
	want("several and no rule", somebody, id.Connection{})
	c.rules(t, sso.Rule{ConnectionID: three})
	want("a default", somebody, three)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.RouteDomainTo(ctx, tx, c.domain, two)
		return err
	})
	want("the domain's own before the default", somebody, two)
	c.rules(t, sso.Rule{ConnectionID: three}, sso.Rule{Domain: c.domain, ConnectionID: one})
	want("a rule of the domain before its own", somebody, one)
	c.rules(t,
		sso.Rule{Domain: c.domain, ConnectionID: one},
		sso.Rule{Emails: []string{"CTO@" + c.domain, "ceo@" + c.domain}, ConnectionID: two},
		sso.Rule{Emails: []string{"cto@" + c.domain}, ConnectionID: three},
	)
	want("an address before its domain", "cto@"+c.domain, two)
	want("another address", somebody, one)
	c.moveTo(t, two, sso.Disabled)
	want("the next rule when a connection is closed", "cto@"+c.domain, three)
	want("the domain when no rule of the address is open", "ceo@"+c.domain, one)
	c.moveTo(t, three, sso.Disabled)
	c.moveTo(t, one, sso.Disabled)
	want("Google when none is open", somebody, id.Google)
	if to, err := c.signIn.Route(visitor(t), "cto@elsewhere.test"); err != nil || to != (sso.Destination{}) {
		t.Errorf("Route of another domain = %v, %v, want nowhere", to, err)
	}
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		if err := c.signIn.Delete(ctx, tx, one); err != nil {
			return err
		}
		left, err := sso.Rules(ctx, tx)
		if len(left) != 2 {
			t.Errorf("%d rules are left after a connection was deleted, want 2", len(left))
		}
		return err
	})
}

func TestTestersGoWhereTheyAreToTest(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolSAML)
	made := c.connectOracle(t, func(d *sso.Draft) { d.Testers = []string{"Tess@" + c.domain} })
	c.moveTo(t, made.ID, sso.Testing)
	if got := c.leads(t, "tess@"+c.domain); got != made.ID {
		t.Errorf("a tester is sent to %v, want %v", got, made.ID)
	}
	for _, address := range []string{"tom@" + c.domain, "tess.b@" + c.domain} {
		if got := c.leads(t, address); got != c.connection.ID {
			t.Errorf("%s is sent to %v, want %v", address, got, c.connection.ID)
		}
	}
	if to, err := c.signIn.Route(visitor(t), "tess@sub."+c.domain); err != nil || to != (sso.Destination{}) {
		t.Errorf("Route of a sub-domain = %v, %v, want nowhere", to, err)
	}
	doors, err := c.signIn.DoorsOf(visitor(t), c.tenant.Slug)
	must(t, err)
	if len(doors.Connections) != 1 || doors.Connections[0].ID != c.connection.ID {
		t.Errorf("DoorsOf = %+v, want the open connection alone", doors)
	}
	alone, err := c.signIn.DoorOf(visitor(t), c.tenant.Slug, made.ID)
	must(t, err)
	if len(alone.Connections) != 1 || alone.Connections[0].ID != made.ID || alone.Google {
		t.Errorf("DoorOf = %+v, want the connection alone", alone)
	}
}

func TestXT_36_ALinkToAConnectionStaysInItsTenant(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	other := c.company.company(t)
	draft := c.connectOracle(t)
	c.moveTo(t, draft.ID, sso.Disabled)
	for name, connection := range map[string]id.Connection{"another tenant's": other.connection.ID, "a closed one": draft.ID, "none": {}, "an unknown one": id.New[id.Connection]()} {
		if doors, err := c.signIn.DoorOf(visitor(t), c.tenant.Slug, connection); errs.As(err).Kind != errs.Missing {
			t.Errorf("DoorOf(%s) = %+v, %v, want not found", name, doors, err)
		}
	}
}

func TestTheLastWayInIsOfferedWhileItIsOpen(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	last := sso.Last{Tenant: c.tenant.ID, Connection: c.connection.ID, Member: c.owner.ID}
	with := func(l sso.Last, value string) *http.Request {
		r := httptest.NewRequestWithContext(visitor(t), http.MethodGet, "/login", nil)
		cookie := c.signIn.Cookie(l)
		if value != "" {
			cookie.Value = value
		}
		r.AddCookie(cookie)
		return r
	}
	doors, err := c.signIn.LastDoor(visitor(t), with(last, ""))
	must(t, err)
	want := sso.Doors{Slug: c.tenant.Slug, Name: c.tenant.Name, Connections: []sso.Door{{ID: c.connection.ID, Name: "Oracle"}}}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(doors)); diff != "" {
		t.Errorf("LastDoor (-want +got):\n%s", diff)
	}
	google := sso.Last{Tenant: c.tenant.ID, Connection: id.Google, Member: c.owner.ID}
	if doors, err := c.signIn.LastDoor(visitor(t), with(google, "")); err != nil || !doors.Google {
		t.Errorf("LastDoor by Google = %+v, %v, want Google", doors, err)
	}
	nothing := func(what string, r *http.Request) {
		t.Helper()
		if doors, err := c.signIn.LastDoor(visitor(t), r); errs.As(err).Kind != errs.Missing {
			t.Errorf("LastDoor with %s = %+v, %v, want not found", what, doors, err)
		}
	}
	nothing("no cookie", httptest.NewRequestWithContext(visitor(t), http.MethodGet, "/login", nil))
	nothing("a forged cookie", with(last, c.tenant.ID.String()+"."+c.connection.ID.String()+"."+c.owner.ID.String()+"~forged"))
	other := c.company.company(t)
	nothing("another tenant's connection", with(sso.Last{Tenant: c.tenant.ID, Connection: other.connection.ID, Member: c.owner.ID}, ""))
	nothing("a tenant that is none", with(sso.Last{Tenant: id.New[id.Tenant](), Connection: id.Google, Member: c.owner.ID}, ""))
	on := true
	c.policy(t, tenants.PolicyChange{RequireSSO: &on})
	nothing("Google where single sign-on is required", with(google, ""))
	c.moveTo(t, c.connection.ID, sso.Disabled)
	nothing("a closed connection", with(last, ""))
	c.suspend(t)
	nothing("a suspended tenant", with(last, ""))
}

func TestRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	other := c.company.company(t)
	mine := c.connection.ID
	many, addresses := make([]sso.Rule, 101), make([]string, 501)
	for i := range many {
		many[i] = sso.Rule{Emails: []string{"a@" + c.domain}, ConnectionID: mine}
	}
	for i := range addresses {
		addresses[i] = fmt.Sprintf("a%d@%s", i, c.domain)
	}
	c.rules(t, sso.Rule{ConnectionID: mine})
	for name, rules := range map[string][]sso.Rule{
		"another tenant's connection": {{ConnectionID: other.connection.ID}},
		"Google":                      {{ConnectionID: id.Google}},
		"no connection":               {{}},
		"another tenant's domain":     {{Domain: other.domain, ConnectionID: mine}},
		"a sub-domain":                {{Domain: "sub." + c.domain, ConnectionID: mine}},
		"no domain":                   {{Domain: "a b", ConnectionID: mine}},
		"an address elsewhere":        {{Emails: []string{"a@" + other.domain}, ConnectionID: mine}},
		"no address":                  {{Emails: []string{"nobody"}, ConnectionID: mine}},
		"address and domain":          {{Emails: []string{"a@" + c.domain}, Domain: c.domain, ConnectionID: mine}},
		"a domain twice":              {{Domain: c.domain, ConnectionID: mine}, {Domain: c.domain, ConnectionID: mine}},
		"two defaults":                {{ConnectionID: mine}, {ConnectionID: mine}},
		"too many rules":              many,
		"too many addresses":          {{Emails: addresses, ConnectionID: mine}},
	} {
		err := c.db.Tenant(t.Context(), c.tenant.ID, func(tx *db.TenantTx) error {
			_, err := sso.ReplaceRules(authn.AsOperator(t.Context()), tx, rules)
			return err
		})
		if errs.As(err).Kind != errs.Invalid {
			t.Errorf("ReplaceRules with %s = %v, want invalid", name, err)
		}
	}
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		left, err := sso.Rules(ctx, tx)
		if len(left) != 1 {
			t.Errorf("%d rules after refusals, want the one of before", len(left))
		}
		return err
	})
}

func TestXT_09_RoutingPeopleElsewhereTakesAFreshSignIn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	for role, ago := range map[rbac.Role]time.Duration{rbac.Admin: 6 * time.Minute} {
		ctx := authn.With(t.Context(), &authn.Principal{Kind: authn.Member, Tenant: c.tenant.ID, Role: string(role), AuthTime: time.Now().Add(-ago)})
		err := c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
			_, err := sso.ReplaceRules(ctx, tx, []sso.Rule{{ConnectionID: c.connection.ID}})
			return err
		})
		if errs.CodeOf(err) != "reauth_required" {
			t.Errorf("ReplaceRules by an %s after %v = %v, want reauth_required", role, ago, err)
		}
	}
}
