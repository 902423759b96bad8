package usage_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Callers who were given an error send the same keys again: what was acknowledged is there, and nothing is there twice.
func TestADatabaseThatGoesAwayLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a := id.New[id.Tenant]()
	var failed, acknowledged atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group, killer errgroup.Group
	for p := range 16 {
		group.Go(func() error {
			for i := range 60 {
				e := call(a, keyAt(time.Now()), 1)
				if i%4 == 0 {
					e.Key = fmt.Sprintf("%d of %d", i, p)
				}
				for try := 0; ; try++ {
					if _, err := r.Record(ctx, e); err == nil {
						break
					} else if failed.Add(1); try > 500 {
						return err
					}
					time.Sleep(time.Millisecond)
				}
				acknowledged.Add(1)
			}
			return nil
		})
	}
	killer.Go(func() error {
		c, err := pgx.Connect(ctx, r.urls.AdminURL)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
		for ctx.Err() == nil {
			_, err := c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse usage'")
			if err != nil && ctx.Err() == nil {
				return err
			}
			time.Sleep(15 * time.Millisecond)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	stop()
	if err := killer.Wait(); err != nil {
		t.Error(err)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events"); n != acknowledged.Load() || n != 16*60 {
		t.Errorf("%d events, %d acknowledged, want %d", n, acknowledged.Load(), 16*60)
	}
	if failed.Load() == 0 {
		t.Error("no call met the outage")
	}
	r.fold(t)
	if n := r.number(t, "SELECT sum(quantity)::bigint FROM usage_hours"); n != 16*60 {
		t.Errorf("the sums say %d, want %d", n, 16*60)
	}
}

// block keeps writers from writing until the returned function is called.
func (r *rig) block(tb testing.TB) (release func()) {
	tb.Helper()
	r.record(tb, []usage.Event{call(id.New[id.Tenant](), "", 1)}, "accepted") // so that the partition is there
	c := dial(tb, r.urls.AdminURL)
	tx, err := c.Begin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := tx.Exec(tb.Context(), "LOCK usage_events IN EXCLUSIVE MODE"); err != nil {
		tb.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(tb.Context()); err != nil {
			tb.Error(err)
		}
	}
}

func TestAFullQueueTakesNothing(t *testing.T) {
	t.Parallel()
	r := build(t, func(c *usage.Config) { c.Room = 10 })
	release := r.block(t)
	a := id.New[id.Tenant]()
	var group errgroup.Group
	for range 2 {
		group.Go(func() error {
			_, err := r.Record(t.Context(), call(a, "", 1), call(a, "", 1), call(a, "", 1), call(a, "", 1), call(a, "", 1))
			return err
		})
	}
	for r.Waiting() < 10 {
		time.Sleep(time.Millisecond)
	}
	for range 100 {
		if _, err := r.Record(t.Context(), call(a, "", 1)); !errors.Is(err, usage.ErrFull) {
			t.Fatalf("Record() with ten waiting = %v, want ErrFull", err)
		}
	}
	release()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events WHERE tenant_id = $1", a.UUID()); n != 10 {
		t.Errorf("%d events, want the 10 that were taken", n)
	}
	r.record(t, []usage.Event{call(a, "", 1)}, "accepted")
	if n := r.Waiting(); n != 0 {
		t.Errorf("%d events wait at rest, want 0", n)
	}
}

func TestWhatWasTakenIsWrittenThoughItsCallerLeaves(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	release := r.block(t)
	a := id.New[id.Tenant]()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.Record(ctx, call(a, "left", 1))
		done <- err
	}()
	for r.Waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Record() = %v, want Canceled", err)
	}
	go r.stop() // the recorder stops with an event in its hands
	time.Sleep(20 * time.Millisecond)
	release()
	for deadline := time.Now().Add(10 * time.Second); r.Waiting() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events WHERE tenant_id = $1", a.UUID()); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if _, err := r.Record(t.Context(), call(a, "", 1)); !errors.Is(err, usage.ErrClosed) {
		t.Errorf("Record() after the end = %v, want ErrClosed", err)
	}
}

func TestInARestoredDatabaseNothingIsHiddenOrCountedTwice(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, now := id.New[id.Tenant](), time.Now()
	r.record(t, []usage.Event{tokens(a, now, 1)}, "accepted")
	r.fold(t)
	r.record(t, []usage.Event{tokens(a, now, 2)}, "accepted")
	r.pool.Close()
	// As after pg_restore into another cluster: ids of old events are far above those that transactions have now.
	c := dial(t, r.urls.AdminURL)
	if _, err := c.Exec(t.Context(), `UPDATE usage_events SET txid = txid + 1000000000000;
		UPDATE usage_watermark SET txid = txid + 1000000000000, cluster = 'another';
		INSERT INTO usage_closings (day, lo, hi) VALUES (CURRENT_DATE - 1, 0, 3000000000000)`); err != nil {
		t.Fatal(err)
	}
	pool, err := usage.Open(t.Context(), r.db)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	again := rigOn(t, r, pool)
	check := func(when string, want int64) {
		t.Helper()
		rows := report(t, r.db, a, usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: now, To: now})
		if len(rows) != 1 || rows[0].Value != want {
			t.Errorf("%s: %+v, want %d", when, rows, want)
		}
	}
	check("restored", 3)
	again.record(t, []usage.Event{tokens(a, now, 4)}, "accepted")
	check("a new event", 7)
	again.fold(t)
	check("folded", 7)
	again.record(t, []usage.Event{tokens(a, now, 8)}, "accepted")
	check("another one", 15)
	again.fold(t)
	check("folded again", 15)
	if n := r.number(t, "SELECT sum(quantity)::bigint FROM usage_days"); n != 15 {
		t.Errorf("the sums say %d, want 15", n)
	}
	if n := r.number(t, "SELECT count(DISTINCT base) FROM usage_watermark WHERE base >= 3000000000000"); n != 1 {
		t.Errorf("the watermark has no base, want one above the restored ids, and above the days that were sealed before they were folded")
	}
}

// rigOn is another process at the same database.
func rigOn(tb testing.TB, r *rig, pool *db.Usage) *rig {
	tb.Helper()
	other := *r
	var err error
	if other.Recorder, err = usage.New(usage.Config{Pool: pool, Log: r.log}); err != nil {
		tb.Fatal(err)
	}
	if other.folder, err = usage.NewFolder(pool, r.log); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	return &other
}
