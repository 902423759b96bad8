package metered_test

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const sold = `version: 1
features:
  calls: {meter: {aggregation: count}, period: day, numbers: {free: 3, pro: 50}}
  tokens: {meter: {cost: 2000, currency: USD}, numbers: {free: 1000, pro: 100000}}
  exports: {meter: {limit: soft}, numbers: {free: 0, pro: 2}}
  images: {meter: {limit: soft}, numbers: {free: 2}}
  searches: {meter: {unavailable: open, cap: 2}, numbers: {free: 100}}
  guests: {meter: {aggregation: unique}, numbers: {free: 1, pro: 2}}
  peak: {meter: {aggregation: max}, numbers: {free: 5}}
`

// rig is an installation whose processes share a database.
type rig struct {
	*metered.Meters

	testing.TB
	urls  *testdb.DB
	admin *pgx.Conn
	db    *db.DB
}

// process is what a process of an installation has, behind a wire that can be cut.
type process struct {
	*metered.Meters

	wire *wire
	run  func() // has the recorder work
}

func build(tb testing.TB) *rig {
	tb.Helper()
	r := &rig{TB: tb, urls: testdb.New(tb)}
	var err error
	r.admin, err = pgx.Connect(tb.Context(), r.urls.AdminURL)
	r.must(err)
	tb.Cleanup(func() { _ = r.admin.Close(context.WithoutCancel(tb.Context())) })
	r.db = r.open(r.urls.URL)
	c, err := catalog.Parse("test", []byte(sold))
	r.must(err)
	ctx := authn.AsOperator(tb.Context())
	r.must(r.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(ctx, sys, tx, c)
		return err
	}))
	p := r.process()
	p.run()
	r.Meters = p.Meters
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) open(to string) *db.DB {
	r.Helper()
	d, err := db.Open(r.Context(), db.Config{URL: to, MaxConns: 4})
	r.must(err)
	r.Cleanup(d.Close)
	return d
}

// process starts another process. Its recorder does not work yet.
func (r *rig) process() *process {
	r.Helper()
	u, err := url.Parse(r.urls.URL)
	r.must(err)
	w := newWire(r, u.Host)
	u.Host = w.Addr().String()
	d, log := r.open(u.String()), slog.New(slog.DiscardHandler)
	store, err := access.New(access.Config{DB: r.db, Keys: tenants.Keys{Pepper: secret.NewPepper(make([]byte, 32))}, Log: log})
	r.must(err)
	r.must(store.ReloadCatalog(r.Context()))
	r.goes(store.Run)
	for store.Now().Year() < 2000 { // the database's time
		time.Sleep(5 * time.Millisecond)
	}
	pool, err := usage.Open(r.Context(), d)
	r.must(err)
	r.Cleanup(pool.Close)
	recorder, err := usage.New(usage.Config{Pool: pool, Log: log, Meters: func(ctx context.Context, tenant id.Tenant, name string) (usage.Meter, bool, error) {
		m, known, err := store.Meter(ctx, tenant, name)
		return usage.Meter{Unique: m.Aggregation == billing.Unique, Price: m.Cost, Currency: m.Currency}, known, err
	}})
	r.must(err)
	engine, err := quota.New(quota.Config{DB: d, Pool: pool, Log: log})
	r.must(err)
	return &process{&metered.Meters{Access: store, Quota: engine, Usage: recorder}, w, func() { r.goes(recorder.Run) }}
}

// goes runs something until the test ends.
func (r *rig) goes(fn func(context.Context) error) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	r.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.Errorf("Run() = %v, want nil", err)
		}
	})
}

// member is somebody of a new tenant on the plan free.
func (r *rig) member() *authn.Principal {
	r.Helper()
	ctx, tenant := authn.AsOperator(r.Context()), id.New[id.Tenant]()
	var owner tenants.Membership
	r.must(r.db.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		slug := "t" + tenant.String()[10:30]
		_, owner, err = tenants.Create(ctx, sys, tx, tenants.New{Slug: slug, Name: slug, Plan: billing.Free, Owner: "owner@" + slug + ".example"})
		return err
	}))
	return &authn.Principal{Kind: authn.Member, Tenant: tenant, User: owner.UserID, Membership: owner.ID, Role: string(owner.Role), Plan: string(billing.Free)}
}

// row is an event as it is stored.
type row struct {
	Meter          string
	User           string
	Quantity, Cost int64
	Leased         bool
}

func (r *rig) rows(tenant id.Tenant) (list []row) {
	r.Helper()
	found, err := r.admin.Query(r.Context(), "SELECT meter, user_id, quantity, cost, lease IS NOT NULL FROM usage_events WHERE tenant_id = $1 ORDER BY meter, quantity", tenant.UUID())
	r.must(err)
	defer found.Close()
	for found.Next() {
		var e row
		var user id.User
		r.must(found.Scan(&e.Meter, &user, &e.Quantity, &e.Cost, &e.Leased))
		e.User = user.String()
		list = append(list, e)
	}
	return list
}

// held is what of a tenant's budgets is lent or reserved.
func (r *rig) held(tenant id.Tenant) (n int64) {
	r.Helper()
	r.must(r.admin.QueryRow(r.Context(), "SELECT COALESCE(sum(leased), 0)::bigint FROM quotas WHERE tenant_id = $1", tenant.UUID()).Scan(&n))
	return n
}

// wire is the network before the database.
type wire struct {
	net.Listener

	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

func newWire(tb testing.TB, to string) *wire {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &wire{Listener: l}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil || !w.keep(near, far) {
				_ = near.Close()
				continue
			}
			go pass(near, far)
			go pass(far, near)
		}
	}()
	return w
}

func (w *wire) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		for _, c := range conns {
			_ = c.Close()
		}
		return false
	}
	w.conns = append(w.conns, conns...)
	return true
}

// cut ends all connections, and lets no other come up until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}

func pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}
