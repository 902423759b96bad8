package access_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// world is a database of one test with one tenant, and what happens there.
type world struct {
	testing.TB
	base   *testdb.DB
	db     *db.DB
	admin  *pgx.Conn // a superuser of the database
	ahead  atomic.Int64
	keys   tenants.Keys
	tenant tenants.Tenant
	owner  tenants.Membership
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{TB: tb, base: testdb.New(tb), keys: tenants.Keys{Pepper: secret.NewPepper(bytes.Repeat([]byte{5}, 32))}}
	w.db = w.open()
	w.admin = connect(tb, w.base.AdminURL)
	w.apply(catalog.Default())
	w.tenant, w.owner = w.company("acme")
	return w
}

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), url)
	must(tb, err)
	tb.Cleanup(func() { _ = c.Close(context.WithoutCancel(tb.Context())) })
	return c
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (w *world) moved(t time.Time) time.Time { return t.Add(time.Duration(w.ahead.Load())) }

func (w *world) open() *db.DB { w.Helper(); return w.openAt(w.base.URL) }

func (w *world) openAt(url string) *db.DB {
	w.Helper()
	d, err := db.Open(w.Context(), db.Config{URL: url, MaxConns: 12, Clock: w.moved})
	must(w, err)
	w.Cleanup(d.Close)
	return d
}

func (w *world) ctx() context.Context { return authn.AsOperator(w.Context()) }

func (w *world) company(slug string) (t tenants.Tenant, owner tenants.Membership) {
	w.Helper()
	must(w, w.db.Admit(w.ctx(), id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		t, owner, err = tenants.Create(w.ctx(), sys, tx, tenants.New{Slug: slug, Name: slug, Plan: billing.Team, Owner: "owner@" + slug + ".example"})
		return err
	}))
	return t, owner
}

func (w *world) apply(source []byte) {
	w.Helper()
	c, err := catalog.Parse("test", source)
	must(w, err)
	must(w, w.db.Admit(w.ctx(), id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(w.ctx(), sys, tx, c)
		return err
	}))
}

// in changes something of the tenant as the operator.
func (w *world) in(fn func(context.Context, *db.TenantTx) error) {
	w.Helper()
	must(w, w.db.Tenant(w.ctx(), w.tenant.ID, func(tx *db.TenantTx) error { return fn(w.ctx(), tx) }))
}

func (w *world) join(name string, role rbac.Role) (m tenants.Membership) {
	w.Helper()
	must(w, w.db.Admit(w.ctx(), w.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		u, err := tenants.NewUser(w.ctx(), sys)
		if err != nil {
			return err
		}
		m, err = tenants.Join(w.ctx(), tx, u, role, tenants.Profile{Email: name + "@acme.example"}, tenants.SourceOperator)
		return err
	}))
	return m
}

// session makes a row, as a sign-in would.
func (w *world) session(m tenants.Membership, method string) id.Session {
	w.Helper()
	return w.sessionIn(w.tenant.ID, m, method)
}

func (w *world) sessionIn(tenant id.Tenant, m tenants.Membership, method string) id.Session {
	w.Helper()
	s := id.New[id.Session]()
	must(w, w.db.Tenant(w.ctx(), tenant, func(tx *db.TenantTx) error {
		return tx.DB.Exec(`INSERT INTO sessions (id, membership_id, user_id, method, auth_time, amr, device_hash, created_at, last_seen_at,
			idle_seconds, expires_at, refreshed_at) VALUES (?, ?, ?, ?, ?, '{pwd,otp}', '', ?, ?, 3600, ?, ?)`,
			s, m.ID, m.UserID, method, tx.Now, tx.Now, tx.Now, tx.Now.Add(24*time.Hour), tx.Now).Error
	}))
	return s
}

func (w *world) revoke(s id.Session) {
	w.Helper()
	w.in(func(_ context.Context, tx *db.TenantTx) error {
		tx.Changed("session", s)
		return tx.DB.Exec("UPDATE sessions SET revoked_at = ? WHERE tenant_id = ? AND id = ?", tx.Now, tx.Tenant, s).Error
	})
}

func (w *world) setRole(m tenants.Membership, role rbac.Role) {
	w.Helper()
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, role)
		return err
	})
}

func (w *world) remove(m tenants.Membership) {
	w.Helper()
	w.in(func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, m.ID) })
}

func (w *world) reinstate(m tenants.Membership, role rbac.Role) {
	w.Helper()
	m.Status = tenants.MemberRemoved
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Reinstate(ctx, tx, m, role, tenants.Profile{Email: m.Email})
		return err
	})
}

func (w *world) setPlan(plan billing.Plan) {
	w.Helper()
	w.in(func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.SetPlan(ctx, tx, plan); return err })
}

// key makes one by a member.
func (w *world) key(by tenants.Membership, in tenants.NewKey) (k tenants.Key, cred secret.Credential) {
	w.Helper()
	ctx := authn.With(w.Context(), &authn.Principal{Kind: authn.Member, Tenant: w.tenant.ID, Membership: by.ID, Role: string(by.Role)})
	if by.ID.IsZero() {
		ctx = w.ctx()
	}
	w.in(func(_ context.Context, tx *db.TenantTx) (err error) {
		k, cred, err = w.keys.Create(ctx, tx, in)
		return err
	})
	return k, cred
}

func (w *world) config() access.Config {
	return access.Config{DB: w.db, Keys: w.keys, Log: slog.New(slog.DiscardHandler), Clock: w.moved}
}

// deaf is a store that nobody runs.
func (w *world) deaf(cfg access.Config) *access.Store {
	w.Helper()
	s, err := access.New(cfg)
	must(w, err)
	must(w, s.ReloadCatalog(w.Context()))
	return s
}

// store is one that hears.
func (w *world) store() *access.Store {
	w.Helper()
	s, _ := w.run(w.config())
	return s
}

// calm is a store that hears and minds no pause of the machine, for what is counted.
func (w *world) calm() *access.Store {
	w.Helper()
	cfg := w.config()
	cfg.Grace = time.Minute
	s, _ := w.run(cfg)
	return s
}

// run starts a store and waits until it hears itself. The function stops it; the end of the test does too.
func (w *world) run(cfg access.Config) (*access.Store, context.CancelFunc) {
	w.Helper()
	s := w.deaf(cfg)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run = %v", err)
		}
		done <- nil
	}
	w.Cleanup(stop)
	w.soon("the listener hears itself", func() bool { return s.Age() < 400*time.Millisecond })
	return s, stop
}

// soon waits for what a change brings about, and returns how long it took. How long it may take is measured by internal/e2e, on processes
// that share the machine with nothing: the second that is promised says nothing about a test binary with the race detector.
func (w *world) soon(what string, cond func() bool) time.Duration {
	w.Helper()
	return w.within(10*time.Second, what, cond)
}

// within goes by when a question was asked, as the bounds do: on a busy machine its answer may take longer.
func (w *world) within(limit time.Duration, what string, cond func() bool) time.Duration {
	w.Helper()
	begun := time.Now()
	for {
		asked := time.Since(begun)
		if cond() {
			return time.Since(begun)
		}
		if asked > limit {
			w.Fatalf("after %v it is not so that %s", limit, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// say is a principal or refusal in one word.
func say(p *authn.Principal, err error) string {
	if err != nil {
		return errs.CodeOf(err)
	}
	return p.Role + " on " + p.Plan
}

func (w *world) ask(s *access.Store, sid id.Session) string {
	w.Helper()
	return say(s.Session(w.Context(), w.tenant.ID, sid))
}

// countSQL counts the statements of f.
func (w *world) countSQL(f func(context.Context)) int64 {
	ctx, n := db.Count(w.Context())
	f(ctx)
	return n.Statements()
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.admin.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// endConnections ends those of the database that run, or last ran, a statement like pattern.
func endConnections(tb testing.TB, admin *pgx.Conn, name, pattern string) {
	tb.Helper()
	_, err := admin.Exec(tb.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = $1 AND pid <> pg_backend_pid() AND query LIKE $2`, name, pattern)
	must(tb, err)
}

func (w *world) name() string { return w.admin.Config().Database }

func want(tb testing.TB, what, got, want string) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s = %q, want %q", what, got, want)
	}
}

func numbered(prefix string, n int) string { return fmt.Sprintf("%s%d", prefix, n) }
