package usage_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const partitionNames = `SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_events'::regclass ORDER BY 1`

func (r *rig) partitions(tb testing.TB) []string {
	tb.Helper()
	rows, err := dial(tb, r.urls.AdminURL).Query(tb.Context(), partitionNames)
	if err != nil {
		tb.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return names
}

// until waits for something that a recorder does beside.
func until(tb testing.TB, what string, fn func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !fn(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestPartitionsAreMadeAheadAndRetiredOnceFolded(t *testing.T) {
	t.Parallel()
	var moved atomic.Int64
	now := time.Now().UTC()
	r := build(t, func(c *usage.Config) {
		c.Keep = 3
		c.Clock = func() time.Time { return now.Add(time.Duration(moved.Load())) }
	})
	days := func(from, to int) (names []string) {
		for d := from; d <= to; d++ {
			names = append(names, now.AddDate(0, 0, d).Format("usage_events_20060102"))
		}
		return names
	}
	a := id.New[id.Tenant]()
	r.record(t, []usage.Event{tokens(a, now.AddDate(0, 0, -2), 1), call(a, "opaque", 2)}, "accepted", "accepted")
	late := tokens(a, now.AddDate(0, 0, -2), 4)
	late.Key = "of the day before yesterday"
	r.record(t, []usage.Event{late}, "accepted")
	if diff := cmp.Diff(slices.Concat(days(-2, -2), days(0, 0)), r.partitions(t)); diff != "" {
		t.Errorf("partitions made as needed (-want +got):\n%s", diff)
	}
	r.Tend()
	until(t, "there are partitions ahead", func() bool { return len(r.partitions(t)) == 9 })
	if diff := cmp.Diff(slices.Concat(days(-2, -2), days(0, 7)), r.partitions(t)); diff != "" {
		t.Errorf("partitions (-want +got):\n%s", diff)
	}
	until(t, "today's is analyzed", func() bool {
		return r.number(t, "SELECT count(*) FROM pg_statistic WHERE starelid = to_regclass($1)", days(0, 0)[0]) > 0
	})
	moved.Store(int64(3 * 24 * time.Hour))
	r.Tend()
	until(t, "there are partitions ahead", func() bool { return len(r.partitions(t)) == 12 })
	time.Sleep(100 * time.Millisecond)
	if got := r.partitions(t); got[0] != days(-2, -2)[0] {
		t.Errorf("the first partition is %s: one with events that are not folded has gone", got[0])
	}
	r.fold(t)
	r.Tend()
	until(t, "the old one is gone", func() bool { return r.partitions(t)[0] == days(0, 0)[0] })
	until(t, "its keys are gone", func() bool { return r.number(t, "SELECT count(*) FROM usage_keys") == 1 })
	if n := r.number(t, "SELECT sum(quantity)::bigint FROM usage_days WHERE meter = 'ai.tokens'"); n != 5 {
		t.Errorf("the sums say %d of tokens, want 5", n)
	}
	r.record(t, []usage.Event{late}, "event_too_old")
	r.record(t, []usage.Event{call(a, "opaque", 2)}, "duplicate")
}

func TestALateEventCountsInItsOwnHour(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, at := id.New[id.Tenant](), time.Now().UTC().AddDate(0, 0, -20)
	late := tokens(a, at, 7) // its key is of today
	r.record(t, []usage.Event{late}, "accepted")
	q := usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: at, To: at.Add(time.Hour), Step: usage.Hour}
	for _, folded := range []bool{false, true} {
		rows := report(t, r.db, a, q)
		if len(rows) != 1 || rows[0].Value != 7 || !rows[0].StartsAt.Equal(at.Truncate(time.Hour)) {
			t.Errorf("folded %t: %+v, want 7 at %v", folded, rows, at.Truncate(time.Hour))
		}
		r.fold(t)
	}
}
