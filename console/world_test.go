package console_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/console"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/internal/testdns"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

const (
	base         = "http://localhost:8080"
	clientSecret = "a client's secret"
)

// world is the pages in front of a database and of identity providers. The tenants: acme has a provider of its own for acme.test, globex
// and initech use Google.
type world struct {
	db     *db.DB
	admin  string // the database's address for its owner
	idp    *testidp.Server
	dns    *testdns.Server
	signIn *sso.SignIn
	outbox mail.Outbox
	server *web.Server
	echo   *echo.Echo

	acme, globex, initech tenants.Tenant
	owner                 tenants.Membership // of acme
	connection            sso.Connection     // of acme
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	made := testdb.New(tb)
	w := &world{admin: made.AdminURL}
	var err error
	w.db, err = db.Open(tb.Context(), db.Config{URL: made.URL})
	must(tb, err)
	tb.Cleanup(w.db.Close)
	client := []testidp.Client{{ID: "gatehouse", Secret: clientSecret}}
	idp, stop, err := testidp.Listen("127.0.0.1:0",
		testidp.Issuer{Name: "google", Profile: testidp.Google, Clients: client, Users: []testidp.User{googler("gina", "globex.test")}},
		testidp.Issuer{Name: "acme", Clients: client, Users: []testidp.User{
			{Login: "alice", Email: "alice@acme.test", EmailVerified: true, Name: `Alice <script>alert("1")</script>`},
		}},
	)
	must(tb, err)
	tb.Cleanup(stop)
	w.idp = idp
	w.build(tb)
	w.populate(tb)
	return w
}

func googler(login, domain string) testidp.User {
	return testidp.User{Login: login, Email: login + "@" + domain, EmailVerified: true, Name: login, HostedDomain: domain}
}

// build puts the server together as a program does.
func (w *world) build(tb testing.TB) {
	tb.Helper()
	ring, err := secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	must(tb, err)
	root := secret.Root(bytes.Repeat([]byte{9}, 32))
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: w.db, Keyring: ring})
	must(tb, err)
	must(tb, keys.Ensure(tb.Context()))
	issue, err := sessions.New(sessions.Config{Keys: keys, Root: root, Issuer: base})
	must(tb, err)
	guard := netguard.NewDev(netguard.Policy{})
	tb.Cleanup(guard.CloseIdleConnections)
	provider, err := oidc.New(oidc.Config{Guard: guard})
	must(tb, err)
	samlProvider, err := saml.New(saml.Config{Guard: guard})
	must(tb, err)
	quiet := slog.New(slog.DiscardHandler)
	w.signIn, err = sso.New(sso.Config{
		DB: w.db, Keyring: ring, Root: root, Sessions: issue, OIDC: provider, SAML: samlProvider, SAMLKey: metadata.NewKey, BaseURL: base, Log: quiet,
		Google: &sso.GoogleConfig{Issuer: w.idp.Provider("google").URL(), ClientID: "gatehouse", ClientSecret: secret.New(clientSecret)},
	})
	must(tb, err)
	store, err := access.New(access.Config{DB: w.db, Keys: tenants.Keys{Pepper: root.Derive("api keys")}, Log: quiet})
	must(tb, err)
	compiled, err := catalog.Parse("default", catalog.Default())
	must(tb, err)
	must(tb, w.db.Admit(tb.Context(), id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(tb.Context(), sys, tx, compiled)
		return err
	}))
	must(tb, store.ReloadCatalog(tb.Context()))
	w.dns = testdns.Start(tb)
	lookUp, err := resolver.New(w.dns.Addr)
	must(tb, err)
	pages, err := console.New(console.Config{
		DB: w.db, SignIn: w.signIn, Access: store, BaseURL: base, Outbox: &w.outbox, Budgets: new(quota.Engine),
		Prover: tenants.Prover{DB: w.db, DNS: lookUp, Keyring: ring},
	})
	must(tb, err)
	w.server, err = web.New(web.Config{
		BaseURL: base, DB: w.db, Access: store, Sessions: issue, Keyring: ring, Log: quiet, HTMLError: pages.Error,
	})
	must(tb, err)
	w.echo, err = w.server.Echo(pages.Routes())
	must(tb, err)
}

func (w *world) populate(tb testing.TB) {
	tb.Helper()
	w.acme, w.owner = w.tenant(tb, "acme", "Acme Robotics")
	w.globex, _ = w.tenant(tb, "globex", "Globex")
	w.initech, _ = w.tenant(tb, "initech", "Initech")
	ctx := authn.AsOperator(tb.Context())
	prepared, err := w.signIn.Prepare(ctx, sso.Draft{
		Name: "Acme Okta", Issuer: w.idp.Provider("acme").URL(), ClientID: "gatehouse", ClientSecret: secret.New(clientSecret), JIT: true,
		DefaultRole: rbac.Member,
	})
	must(tb, err)
	must(tb, w.db.Admit(ctx, w.acme.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		if w.connection, err = w.signIn.Create(ctx, sys, tx, prepared); err != nil {
			return err
		}
		_, err = w.signIn.Move(ctx, tx, w.connection.ID, sso.Optional)
		return err
	}))
	on, role := true, rbac.Member
	w.in(tb, w.globex, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleEnabled: &on, GoogleJIT: &on, GoogleRole: &role})
		return err
	})
	w.in(tb, w.initech, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleEnabled: &on})
		return err
	})
}

// tenant makes a tenant with the verified domain <slug>.test.
func (w *world) tenant(tb testing.TB, slug, name string) (made tenants.Tenant, owner tenants.Membership) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, w.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		made, owner, err = tenants.Create(ctx, sys, tx, tenants.New{Slug: slug, Name: name, Plan: billing.Enterprise, Owner: "owner@" + slug + ".test"})
		if err != nil {
			return err
		}
		if _, err := tenants.AddDomain(ctx, tx, slug+".test"); err != nil {
			return err
		}
		_, err = tenants.VerifyDomain(ctx, sys, tx, slug+".test")
		return err
	}))
	return made, owner
}

func (w *world) in(tb testing.TB, t tenants.Tenant, do func(context.Context, *db.TenantTx) error) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, w.db.Tenant(ctx, t.ID, func(tx *db.TenantTx) error { return do(ctx, tx) }))
}

// force runs a statement that the server itself may not run.
func (w *world) force(tb testing.TB, statement string) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), w.admin)
	must(tb, err)
	defer func() { must(tb, conn.Close(tb.Context())) }()
	_, err = conn.Exec(tb.Context(), statement)
	must(tb, err)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// builtin is the catalog in force.
func builtin(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Parse("default", catalog.Default())
	must(tb, err)
	return c
}
