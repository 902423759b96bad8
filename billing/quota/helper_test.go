package quota_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

const meter billing.Feature = "ai.tokens"

// rig is a database with a recorder and a folder that charges budgets.
type rig struct {
	*usage.Recorder

	db     *db.DB
	urls   *testdb.DB
	pool   *db.Usage
	folder *usage.Folder
	log    *slog.Logger
	admin  *pgx.Conn
}

func build(tb testing.TB) *rig {
	tb.Helper()
	r := &rig{urls: testdb.New(tb), log: slog.New(slog.DiscardHandler)}
	r.db, r.pool = r.open(tb, r.urls.URL)
	var err error
	if r.Recorder, err = usage.New(usage.Config{Pool: r.pool, Log: r.log}); err != nil {
		tb.Fatal(err)
	}
	if r.folder, err = usage.NewFolder(r.pool, r.log, quota.Sink); err != nil {
		tb.Fatal(err)
	}
	r.run(tb, r.Run)
	if r.admin, err = pgx.Connect(tb.Context(), r.urls.AdminURL); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.admin.Close(context.WithoutCancel(tb.Context())) })
	return r
}

func (*rig) open(tb testing.TB, url string) (*db.DB, *db.Usage) {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: url, MaxConns: 2})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	pool, err := usage.Open(tb.Context(), d)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return d, pool
}

// run runs something until the test ends, or until the returned function is called.
func (r *rig) run(tb testing.TB, fn func(context.Context) error) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run() = %v, want nil", err)
		}
	}
	tb.Cleanup(stop)
	return stop
}

// engine is an instance of its own; change may be nil. Its Run does not run.
func (r *rig) engine(tb testing.TB, change func(*quota.Config)) *quota.Engine {
	tb.Helper()
	return r.engineAt(tb, r.urls.URL, change)
}

// engineAt is an instance that reaches the database by another way.
func (r *rig) engineAt(tb testing.TB, url string, change func(*quota.Config)) *quota.Engine {
	tb.Helper()
	d, pool := r.open(tb, url)
	cfg := quota.Config{DB: d, Pool: pool, Log: r.log}
	if change != nil {
		change(&cfg)
	}
	e, err := quota.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// tenant makes a tenant.
func (r *rig) tenant(tb testing.TB) id.Tenant {
	tb.Helper()
	tenant := id.New[id.Tenant]()
	err := r.db.Admit(tb.Context(), tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		slug := "t" + tenant.String()[10:30]
		err := sys.DB.Exec(`INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
			VALUES (?, ?, ?, 'active', 'free', ?, ?)`, tenant, slug, slug, tx.Now, tx.Now).Error
		if err != nil {
			return err
		}
		return tx.DB.Exec("INSERT INTO tenant_state (version) VALUES (1)").Error
	})
	if err != nil {
		tb.Fatal(err)
	}
	return tenant
}

// terms are those of a plain meter with a number, whose costs are in USD.
func terms(n int64) *quota.Terms {
	m := billing.PlainMeter()
	m.Currency = "USD"
	return &quota.Terms{Meter: m, Number: billing.Number{Value: n}, Version: 1}
}

// fold folds everything, also where there is nothing but leases to sweep. It waits for transactions that have begun before, of other tests too.
func (r *rig) fold(tb testing.TB) {
	tb.Helper()
	now := r.number(tb, "SELECT txid_current()")
	standing := time.Now().Add(instanceLease)
	if _, err := r.admin.Exec(tb.Context(), "UPDATE usage_watermark SET folded_at = now() - interval '1 hour'"); err != nil {
		tb.Fatal(err)
	}
	for {
		more, err := r.folder.Fold(tb.Context())
		if err != nil {
			tb.Fatalf("Fold() = %v", err)
		}
		if !more && r.number(tb, "SELECT txid - base FROM usage_watermark") > now {
			return
		}
		if time.Now().After(standing) { // as the folder does after half a minute
			if _, err := r.pool.EndStalled(tb.Context(), instanceLease); err != nil {
				tb.Fatal(err)
			}
		}
		if _, err := r.admin.Exec(tb.Context(), "UPDATE usage_watermark SET folded_at = now() - interval '1 hour'"); err != nil {
			tb.Fatal(err)
		}
	}
}

func (r *rig) number(tb testing.TB, sql string, args ...any) int64 {
	tb.Helper()
	var n int64
	if err := r.admin.QueryRow(tb.Context(), sql, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return n
}

// ledger is used, leased and unleased of a tenant's budget by its plan, in all periods together.
func (r *rig) ledger(tb testing.TB, tenant id.Tenant) (used, leased, unleased int64) {
	tb.Helper()
	err := r.admin.QueryRow(tb.Context(), `SELECT COALESCE(sum(used), 0)::bigint, COALESCE(sum(leased), 0)::bigint, COALESCE(sum(unleased), 0)::bigint
		FROM quotas WHERE tenant_id = $1 AND kind = 'tenant'`, tenant.UUID()).Scan(&used, &leased, &unleased)
	if err != nil {
		tb.Fatal(err)
	}
	return used, leased, unleased
}

// spend takes n, and records its event if it may.
func (r *rig) spend(tb testing.TB, e *quota.Engine, c quota.Call) quota.Decision {
	tb.Helper()
	h, d, err := e.Take(tb.Context(), c)
	if err != nil {
		tb.Fatalf("Take(%+v) = %v", c, err)
	}
	if d.Allowed {
		r.record(tb, h, c)
	}
	return d
}

func (r *rig) record(tb testing.TB, h quota.Hold, c quota.Call) {
	tb.Helper()
	got, err := r.Record(tb.Context(), usage.Event{
		Tenant: c.Tenant, At: h.At, Meter: string(c.Meter), Quantity: c.Quantity, Cost: c.Cost, Currency: "USD", User: c.User, APIKey: c.Key, Lease: h.Lease,
	})
	if err != nil || got[0].Status != usage.Accepted {
		tb.Fatalf("Record(%+v) = %+v, %v", c, got, err)
	}
}

func until(tb testing.TB, what string, fn func() bool) {
	tb.Helper()
	for end := time.Now().Add(20 * time.Second); !fn(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("not within 20 seconds: %s", what)
		}
	}
}
