package sso_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

const (
	base         = "http://127.0.0.1:8080"
	clientID     = "gatehouse"
	clientSecret = "a client's secret"
)

// world is a database, a server of identity providers, and sign-in between them. Tests make tenants of their own in it.
type world struct {
	db     *db.DB
	admin  *pgxpool.Pool
	idp    *testidp.Server
	signIn *sso.SignIn
	next   atomic.Int64
	ahead  atomic.Int64 // how far the database's clock is moved
	google *testidp.Provider
	saml   sso.Provider // of sign-ins that newSignIn makes; nil: no connection speaks SAML
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	base := testdb.New(tb)
	w := &world{}
	var err error
	w.db, err = db.Open(tb.Context(), db.Config{
		URL: base.URL, MaxConns: 24, Clock: func(t time.Time) time.Time { return t.Add(time.Duration(w.ahead.Load())) },
	})
	must(tb, err)
	tb.Cleanup(w.db.Close)
	w.admin, err = pgxpool.New(tb.Context(), base.AdminURL)
	must(tb, err)
	tb.Cleanup(w.admin.Close)
	server, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: "google", Profile: testidp.Google, Clients: []testidp.Client{{ID: "google-client", Secret: clientSecret}},
	})
	must(tb, err)
	tb.Cleanup(stop)
	w.idp, w.google = server, server.Provider("google")
	w.signIn = w.newSignIn(tb)
	return w
}

func (w *world) newSignIn(tb testing.TB, changes ...func(*sso.Config)) *sso.SignIn {
	tb.Helper()
	ring, err := secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	must(tb, err)
	root := secret.Root(bytes.Repeat([]byte{9}, 32))
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: w.db, Keyring: ring})
	must(tb, err)
	must(tb, keys.Ensure(tb.Context()))
	issue, err := sessions.New(sessions.Config{Keys: keys, Root: root, Issuer: base})
	must(tb, err)
	guard := netguard.NewDev(netguard.Policy{BreakerFailures: 1000})
	tb.Cleanup(guard.CloseIdleConnections)
	provider, err := oidc.New(oidc.Config{Guard: guard})
	must(tb, err)
	cfg := sso.Config{
		DB: w.db, Keyring: ring, Root: root, Sessions: issue, OIDC: provider, SAML: w.saml, BaseURL: base,
		Google: &sso.GoogleConfig{Issuer: w.google.URL(), ClientID: "google-client", ClientSecret: secret.New(clientSecret)},
	}
	for _, f := range changes {
		f(&cfg)
	}
	signIn, err := sso.New(cfg)
	must(tb, err)
	return signIn
}

// company is a tenant with a verified domain, a connection to a provider of its own, and an owner who has signed in by nothing yet.
type company struct {
	*world
	tenant     tenants.Tenant
	owner      tenants.Membership
	domain     string
	idp        *testidp.Provider
	connection sso.Connection
}

func (w *world) company(tb testing.TB, users ...testidp.User) *company {
	tb.Helper()
	return w.companyWith(tb, testidp.Issuer{Algorithm: testidp.ES256}, users...) // keys that are made quickly
}

func (w *world) companyWith(tb testing.TB, issuer testidp.Issuer, users ...testidp.User) *company {
	tb.Helper()
	n := w.next.Add(1)
	name := fmt.Sprintf("company-%d", n)
	c := &company{world: w, domain: name + ".test"}
	ctx := authn.AsOperator(tb.Context())
	must(tb, w.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		c.tenant, c.owner, err = tenants.Create(ctx, sys, tx, tenants.New{
			Slug: name, Name: name, Plan: billing.Enterprise, Owner: "owner@" + c.domain,
		})
		if err != nil {
			return err
		}
		if _, err := tenants.AddDomain(ctx, tx, c.domain); err != nil {
			return err
		}
		_, err = tenants.VerifyDomain(ctx, sys, tx, c.domain)
		return err
	}))
	issuer.Name = name
	issuer.Users = append(issuer.Users, users...)
	issuer.Clients = []testidp.Client{{ID: clientID, Secret: clientSecret}}
	var err error
	c.idp, err = w.idp.AddIssuer(issuer)
	must(tb, err)
	c.connection = c.connect(tb, c.draft())
	return c
}

// person is somebody with a verified address of the company.
func (c *company) person(login string) testidp.User {
	return testidp.User{Login: login, Subject: "sub-" + login, Email: login + "@" + c.domain, EmailVerified: true, Name: strings.ToUpper(login)}
}

func (c *company) add(tb testing.TB, u testidp.User) {
	tb.Helper()
	must(tb, c.idp.AddUser(u))
}

func (c *company) draft() sso.Draft {
	return sso.Draft{
		Name: "Company", Issuer: c.idp.URL(), ClientID: clientID, ClientSecret: secret.New(clientSecret), JIT: true, DefaultRole: rbac.Member,
	}
}

// connect saves and activates a connection as the operator.
func (c *company) connect(tb testing.TB, d sso.Draft) sso.Connection {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	prepared, err := c.signIn.Prepare(ctx, d)
	must(tb, err)
	var made sso.Connection
	must(tb, c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		if made, err = c.signIn.Create(ctx, sys, tx, prepared); err != nil {
			return err
		}
		made, err = c.signIn.Move(ctx, tx, made.ID, sso.Optional)
		return err
	}))
	return made
}

func (c *company) policy(tb testing.TB, change tenants.PolicyChange) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, change)
		return err
	}))
}

func (c *company) inTenant(tb testing.TB, do func(context.Context, *db.TenantTx) error) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error { return do(ctx, tx) }))
}

// tab is a browser's tab in the middle of a sign-in.
type tab struct {
	w        *world
	redirect sso.Redirect
	callback string // where the provider sends the browser back to
}

// begin starts a sign-in at the company's own connection.
func (c *company) begin(tb testing.TB) *tab {
	tb.Helper()
	r, err := c.signIn.Begin(visitor(tb), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID, ReturnTo: "/after"})
	must(tb, err)
	return &tab{w: c.world, redirect: r}
}

// visitor is the context of an anonymous request.
func visitor(tb testing.TB) context.Context {
	tb.Helper()
	return authn.WithOrigin(tb.Context(), authn.Origin{RequestID: "req", Address: "192.0.2.7", UserAgent: "test"})
}

// prove plays the person at the provider.
func (t *tab) prove(tb testing.TB, p *testidp.Provider, login string) *tab {
	tb.Helper()
	back, err := p.Authorize(tb.Context(), t.redirect.URL, login)
	must(tb, err)
	t.callback = back
	return t
}

// request is the browser's call of the callback.
func (t *tab) request(tb testing.TB) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(visitor(tb), http.MethodGet, t.callback, nil)
	r.AddCookie(&http.Cookie{Name: t.redirect.CookieName, Value: t.redirect.CookieValue})
	return r
}

// finish calls the callback that the provider chose, whatever connection it names.
func (t *tab) finish(tb testing.TB) (sso.Result, error) {
	tb.Helper()
	return t.w.signIn.Finish(visitor(tb), t.request(tb), sso.ProtocolOIDC, callbackOf(tb, t.callback))
}

func callbackOf(tb testing.TB, address string) id.Connection {
	tb.Helper()
	u, err := url.Parse(address)
	must(tb, err)
	part := strings.Split(u.Path, "/")
	if part[2] == "google" {
		return id.Google
	}
	var c id.Connection
	must(tb, c.UnmarshalText([]byte(part[3])))
	return c
}

// signIn plays a whole sign-in.
func (c *company) enter(tb testing.TB, login string) (sso.Result, error) {
	tb.Helper()
	return c.begin(tb).prove(tb, c.idp, login).finish(tb)
}

// principal is who a session stands for.
func (w *world) principal(tb testing.TB, i sessions.Issued) *authn.Principal {
	tb.Helper()
	p := &authn.Principal{Kind: authn.Member, Tenant: i.Tenant, Session: i.Session}
	var user, membership, connection string
	err := w.admin.QueryRow(tb.Context(), `SELECT s.user_id, s.membership_id, COALESCE(s.connection_id::text, ''), s.method, s.auth_time, m.role, m.email
		FROM sessions s JOIN memberships m ON m.id = s.membership_id WHERE s.id = $1`, i.Session.UUID().String()).
		Scan(&user, &membership, &connection, &p.Method, &p.AuthTime, &p.Role, &p.Email)
	must(tb, err)
	must(tb, p.User.Scan(user))
	must(tb, p.Membership.Scan(membership))
	if connection != "" {
		must(tb, p.Connection.Scan(connection))
	}
	return p
}

// rows is everything that a refused sign-in must leave as it was, for the whole installation or for some tenants of it.
func (w *world) rows(tb testing.TB, of ...*company) map[string]string {
	tb.Helper()
	all := len(of) == 0
	ids := []string{}
	connections := []string{}
	for _, c := range of {
		ids = append(ids, c.tenant.ID.UUID().String())
		connections = append(connections, c.connection.ID.UUID().String())
	}
	state := map[string]string{}
	for table, query := range map[string]string{
		"memberships": `SELECT count(*) || ' ' || md5(COALESCE(string_agg(x::text, '|' ORDER BY x.id), '')) FROM memberships x WHERE $1 OR tenant_id::text = ANY($2)`,
		"sessions":    `SELECT count(*) || ' ' || md5(COALESCE(string_agg(x::text, '|' ORDER BY x.id), '')) FROM sessions x WHERE $1 OR tenant_id::text = ANY($2)`,
		"refresh":     `SELECT count(*) || ' ' || md5(COALESCE(string_agg(x::text, '|' ORDER BY x.hash), '')) FROM refresh_tokens x WHERE $1 OR tenant_id::text = ANY($2)`,
		"connections": `SELECT count(*) || ' ' || md5(COALESCE(string_agg(x::text, '|' ORDER BY x.id), '')) FROM connections x WHERE $1 OR tenant_id::text = ANY($2)`,
	} {
		var s string
		must(tb, w.admin.QueryRow(tb.Context(), query, all, ids).Scan(&s))
		state[table] = s
	}
	var s string
	must(tb, w.admin.QueryRow(tb.Context(), `SELECT count(*) || ' ' || md5(COALESCE(string_agg(x::text, '|' ORDER BY x.id), ''))
		FROM identities x WHERE $1 OR connection_id::text = ANY($2)`, all, connections).Scan(&s))
	state["identities"] = s
	// Other tests make people at the same time; one without a membership and an identity was left behind by somebody.
	must(tb, w.admin.QueryRow(tb.Context(), `SELECT count(*)::text FROM users u WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id)
		AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)`).Scan(&s))
	state["people of nowhere"] = s
	return state
}

// refusals counts the refused events of a tenant by reason.
func (w *world) refusals(tb testing.TB, tenant id.Tenant) map[string]int {
	tb.Helper()
	rows, err := w.admin.Query(tb.Context(), "SELECT data ->> 'reason', count(*) FROM events WHERE tenant_id::text = $1 AND type = 'sign_in.refused' GROUP BY 1",
		tenant.UUID().String())
	must(tb, err)
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var reason string
		var n int
		must(tb, rows.Scan(&reason, &n))
		found[reason] = n
	}
	must(tb, rows.Err())
	return found
}

// attempts describes the attempts of a tenant as "outcome reason consumed".
func (w *world) attempts(tb testing.TB, tenant id.Tenant) []string {
	tb.Helper()
	rows, err := w.admin.Query(tb.Context(), `SELECT trim(outcome || ' ' || reason || CASE WHEN consumed_at IS NULL THEN ' open' ELSE '' END)
		FROM attempts WHERE tenant_id::text = $1 ORDER BY id`, tenant.UUID().String())
	must(tb, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var s string
		must(tb, rows.Scan(&s))
		found = append(found, s)
	}
	must(tb, rows.Err())
	return found
}

// refused holds a sign-in to what every refused one must be: the reason, nothing changed, the attempt used up, one event.
func (c *company) refused(tb testing.TB, reason sso.Reason, do func() (sso.Result, error)) {
	tb.Helper()
	before, events := c.rows(tb, c), c.refusals(tb, c.tenant.ID)
	result, err := do()
	if got := sso.ReasonOf(err); got != reason {
		tb.Fatalf("sign-in = %v (%v), want %s", got, err, reason)
	}
	if result.Issued.Access != "" || result.Issued.Refresh != "" || len(result.Choices) > 0 {
		tb.Errorf("a refused sign-in has tokens or choices: %+v", result.Choices)
	}
	if status := errs.As(err).Kind; status < 400 || status > 499 {
		tb.Errorf("a refused sign-in answers %d, want 4xx", status)
	}
	if diff := cmp.Diff(before, c.rows(tb, c)); diff != "" {
		tb.Errorf("a refused sign-in changed rows (-before +after):\n%s", diff)
	}
	events[string(reason)]++
	if diff := cmp.Diff(events, c.refusals(tb, c.tenant.ID)); diff != "" {
		tb.Errorf("events of a refused sign-in (-want +got):\n%s", diff)
	}
	attempts := c.attempts(tb, c.tenant.ID)
	if want := "refused " + string(reason); attempts[len(attempts)-1] != want {
		tb.Errorf("attempt = %q, want %q", attempts[len(attempts)-1], want)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (c *company) suspend(tb testing.TB) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "test")
		return err
	})
}
