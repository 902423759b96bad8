package usage_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// rig is a database with a recorder that works and a folder that does not by itself.
type rig struct {
	*usage.Recorder

	db     *db.DB
	urls   *testdb.DB
	pool   *db.Usage
	folder *usage.Folder
	log    *slog.Logger
	stop   func() // the recorder, and waits for it
}

func build(tb testing.TB, change func(*usage.Config), sinks ...usage.Sink) *rig {
	tb.Helper()
	r := &rig{urls: testdb.New(tb), log: slog.New(slog.DiscardHandler)}
	var err error
	if r.db, err = db.Open(tb.Context(), db.Config{URL: r.urls.URL}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.db.Close)
	if r.pool, err = usage.Open(tb.Context(), r.db); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.pool.Close)
	cfg := usage.Config{Pool: r.pool, Log: r.log}
	if change != nil {
		change(&cfg)
	}
	if r.Recorder, err = usage.New(cfg); err != nil {
		tb.Fatal(err)
	}
	if r.folder, err = usage.NewFolder(r.pool, r.log, sinks...); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run() = %v, want nil", err)
		}
	}
	tb.Cleanup(r.stop)
	return r
}

// record holds the outcomes to what is wanted, written as their statuses or codes.
func (r *rig) record(tb testing.TB, events []usage.Event, want ...string) {
	tb.Helper()
	got, err := r.Record(tb.Context(), events...)
	if err != nil {
		tb.Fatalf("Record() = %v", err)
	}
	if len(got) != len(want) {
		tb.Fatalf("Record() has %d outcomes, want %d", len(got), len(want))
	}
	for i, o := range got {
		text := string(o.Status)
		if o.Refusal != nil {
			text = o.Refusal.Code
		}
		if text != want[i] {
			tb.Errorf("outcome %d of %+v = %s, want %s", i, events[i], text, want[i])
		}
	}
}

// fold folds until nothing is left behind the watermark. Transactions of other tests hold it back, and connections may have been lost.
func (r *rig) fold(tb testing.TB) {
	tb.Helper()
	until(tb, "everything is folded", func() bool {
		if _, err := r.folder.Fold(tb.Context()); err != nil && errs.As(err).Kind != errs.Unavailable {
			tb.Fatalf("Fold() = %v", err)
		}
		return r.number(tb, "SELECT count(*) FROM usage_events WHERE txid >= (SELECT txid FROM usage_watermark)") == 0
	})
}

// number is the answer to a query of one number, as superuser.
func (r *rig) number(tb testing.TB, sql string, args ...any) int64 {
	tb.Helper()
	var n int64
	c := dial(tb, r.urls.AdminURL)
	defer c.Close(tb.Context())
	if err := c.QueryRow(tb.Context(), sql, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return n
}

func dial(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(context.WithoutCancel(tb.Context())) })
	return c
}

// keyAt is a UUIDv7 of a moment.
func keyAt(at time.Time) string { return id.At[id.Request](at).UUID().String() }

func call(tenant id.Tenant, key string, quantity int64) usage.Event {
	return usage.Event{Key: key, Tenant: tenant, Meter: "calls", Quantity: quantity}
}

func tokens(tenant id.Tenant, at time.Time, quantity int64) usage.Event {
	return usage.Event{
		Key: uuid.Must(uuid.NewV7()).String(), Tenant: tenant, At: at, Meter: "ai.tokens", Quantity: quantity, InputTokens: quantity,
	}
}
