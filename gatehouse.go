package gatehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/api"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/console"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit/shared"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Gatehouse is a configured server. Make it with [New]; let [Gatehouse.Run] run beside whatever serves its routes.
type Gatehouse struct {
	cfg      Config
	log      *slog.Logger
	db       *db.DB
	decided  *decisions.Log
	access   *access.Store
	keys     *sessions.Keys
	sessions *sessions.Sessions
	signIn   *sso.SignIn
	api      *api.API
	limits   *shared.Limiter // nil: in this process alone
	writer   *db.Usage
	usage    *usage.Recorder
	folder   *usage.Folder
	quota    *quota.Engine
	meters   *metered.Meters
	web      *web.Server
	tables   []web.Table
	metrics  *telemetry.Metrics
	parts    parts
}

// New checks the configuration, connects to the database and puts the catalog and a signing key in place. The database must have the
// schema of this release. Close ends what it opened.
func New(ctx context.Context, cfg Config) (*Gatehouse, error) {
	p, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("gatehouse: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	d, err := db.Open(ctx, db.Config{URL: cfg.DatabaseURL, DirectURL: cfg.DirectURL, MaxConns: cfg.MaxConns, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("gatehouse: %w", err)
	}
	g := &Gatehouse{cfg: cfg, log: cfg.Log, db: d, parts: p, metrics: telemetry.NewMetrics()}
	if err := g.assemble(ctx); err != nil {
		g.Close()
		return nil, fmt.Errorf("gatehouse: %w", err)
	}
	return g, nil
}

// assemble builds the layers from below.
func (g *Gatehouse) assemble(ctx context.Context) (err error) {
	if err := g.putCatalog(ctx); err != nil {
		return err
	}
	apiKeys := tenants.Keys{Pepper: g.parts.root.Derive("api keys")}
	if g.decided, err = decisions.New(decisions.Config{DB: g.db, Sample: g.cfg.DecisionSample, Log: g.log}); err != nil {
		return err
	}
	g.access, err = access.New(access.Config{
		DB: g.db, Keys: apiKeys, Log: g.log, OnKeys: g.reloadKeys, OnTenant: g.dropQuota, Decisions: g.decided,
		Versions: page.New(g.parts.root.Derive("versions")),
	})
	if err != nil {
		return err
	}
	if err := g.access.ReloadCatalog(ctx); err != nil {
		return err
	}
	if g.keys, err = sessions.NewKeys(sessions.KeysConfig{DB: g.db, Keyring: g.parts.keyring, Log: g.log}); err != nil {
		return err
	}
	if err := g.keys.Ensure(ctx); err != nil {
		return err
	}
	base := g.parts.base.String()
	g.sessions, err = sessions.New(sessions.Config{Keys: g.keys, Root: g.parts.root, Issuer: base, Clock: g.access.Now, Stolen: g.tellStolen})
	if err != nil {
		return err
	}
	provider, err := oidc.New(oidc.Config{Guard: g.parts.guard})
	if err != nil {
		return err
	}
	samlProvider, err := saml.New(saml.Config{Guard: g.parts.guard})
	if err != nil {
		return err
	}
	g.signIn, err = sso.New(sso.Config{
		DB: g.db, Keyring: g.parts.keyring, Root: g.parts.root, Sessions: g.sessions, OIDC: provider, SAML: samlProvider, SAMLKey: metadata.NewKey,
		Google: g.parts.google, BaseURL: base, Log: g.log, Observe: g.metrics.SignIn,
	})
	if err != nil {
		return err
	}
	if g.cfg.RedisURL != "" {
		if g.limits, err = shared.New(ctx, shared.Config{URL: g.cfg.RedisURL, Log: g.log}); err != nil {
			return err
		}
	}
	if err := g.assembleUsage(ctx); err != nil {
		return err
	}
	return g.assembleDoors(base, apiKeys)
}

// assembleDoors builds what faces the network.
func (g *Gatehouse) assembleDoors(base string, apiKeys tenants.Keys) (err error) {
	g.api, err = api.New(api.Config{
		DB: g.db, Access: g.access, Sessions: g.sessions, Keys: g.keys, SignIn: g.signIn, APIKeys: apiKeys, Prover: g.prover(),
		Meters: g.meters, Tickets: metered.NewTickets(page.New(g.parts.root.Derive("reservations"))), Cursors: page.New(g.parts.root.Derive("cursors")), BaseURL: base,
	})
	if err != nil {
		return err
	}
	pages, err := console.New(console.Config{
		DB: g.db, SignIn: g.signIn, Access: g.access, Prover: g.prover(), Budgets: g.meters.Quota, BaseURL: base, Outbox: g.cfg.Outbox,
	})
	if err != nil {
		return err
	}
	facing := web.Config{
		BaseURL: base, ExtraHosts: g.cfg.Hosts, InternalHosts: g.cfg.InternalHosts, TrustedProxies: g.cfg.TrustedProxies, Origins: g.cfg.CORSOrigins,
		DB: g.db, Access: g.access, Sessions: g.sessions, Keyring: g.parts.keyring, Metrics: g.metrics, Log: g.log, HTMLError: pages.Error,
	}
	if g.limits != nil { // a nil *shared.Limiter would be a Limiter that is not nil
		facing.Limiter = g.limits
	}
	if g.web, err = web.New(facing); err != nil {
		return err
	}
	g.tables = []web.Table{g.api.Routes(), g.api.Proxied(), pages.Routes()}
	g.watch()
	return nil
}

func (g *Gatehouse) prover() tenants.Prover {
	return tenants.Prover{DB: g.db, DNS: g.parts.dns, Keyring: g.parts.keyring}
}

func (g *Gatehouse) reloadKeys(ctx context.Context) {
	if err := g.keys.Reload(ctx); err != nil {
		g.log.ErrorContext(ctx, "signing_keys_not_reloaded", "error", err.Error())
	}
}

// Mount adds all routes to an Echo application, which may have its own; each brings its protection along.
func (g *Gatehouse) Mount(e *echo.Echo) error { return g.web.Mount(e, g.tables...) }

// Handler serves the routes and nothing else.
func (g *Gatehouse) Handler() (http.Handler, error) { return g.web.Echo(g.tables...) }

// Run keeps snapshots and signing keys fresh, writes usage and the log of decisions, looks after what is lent of quotas and works the jobs,
// until ctx ends. Then it gives back what it could still spend.
func (g *Gatehouse) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.access.Run(ctx) })
	group.Go(func() error { return g.keys.Run(ctx) })
	group.Go(func() error { return g.decided.Run(ctx) })
	group.Go(func() error { return g.usage.Run(ctx) })
	group.Go(func() error { return g.quota.Run(ctx) })
	group.Go(func() error { return g.folder.Run(ctx) })
	if g.limits != nil {
		group.Go(func() error { return g.limits.Run(ctx) })
	}
	group.Go(func() error { return g.runJobs(ctx) })
	return group.Wait()
}

// Drain ends the streams of GET /v1/stream, which would else keep an http.Server from shutting down: give it to RegisterOnShutdown.
func (g *Gatehouse) Drain() { g.api.Drain() }

// Close ends the connections to the database. Run must have returned.
func (g *Gatehouse) Close() {
	if g.writer != nil {
		g.writer.Close()
	}
	g.db.Close()
}

// Ready says what keeps the server from serving; nil when nothing does.
func (g *Gatehouse) Ready(ctx context.Context) error { return g.api.Ready(ctx) }

// Metrics serves Prometheus metrics, for a listener of its own.
func (g *Gatehouse) Metrics() http.Handler { return g.metrics.Handler() }

// WaitReady waits until the server can serve, or says why it cannot.
func (g *Gatehouse) WaitReady(ctx context.Context) error {
	for {
		err := g.Ready(ctx)
		if err == nil && g.access.Age() < time.Second {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Caller is who is asking, for the handlers of an embedding product.
type Caller struct {
	Tenant, User, Member, APIKey string // ids with their prefix; empty where there is none
	Role, Plan, Email, Name      string
}

// CallerOf says who is asking, in a handler behind [Gatehouse.Require]. It is the zero Caller elsewhere.
func CallerOf(ctx context.Context) Caller {
	p := authn.From(ctx)
	return Caller{
		Tenant: p.Tenant.String(), User: p.User.String(), Member: p.Membership.String(), APIKey: p.Key.String(),
		Role: p.Role, Plan: p.Plan, Email: p.Email, Name: p.Name,
	}
}

// Routes is the table of all routes, for review. Its handlers serve nothing.
func Routes() web.Table {
	return slices.Concat(new(api.API).Routes(), new(api.API).Proxied(), new(console.Console).Routes())
}

// Parts gives the programs of this module what they seed and inspect with. Its types are internal, so no other module can use it.
func (g *Gatehouse) Parts() (*db.DB, *sso.SignIn) { return g.db, g.signIn }
