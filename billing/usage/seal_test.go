package usage_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const oneDay = 24 * time.Hour

// later is a rig whose clock can be moved on, some of whose meters are of unique things.
func later(tb testing.TB, unique ...string) (r *rig, now time.Time, move func(time.Duration)) {
	tb.Helper()
	var moved atomic.Int64
	now = time.Now().UTC()
	r = build(tb, func(c *usage.Config) {
		c.Meters = func(_ context.Context, _ id.Tenant, meter string) (usage.Meter, bool, error) {
			return usage.Meter{Unique: slices.Contains(unique, meter)}, true, nil
		}
		c.Clock = func() time.Time { return time.Now().UTC().Add(time.Duration(moved.Load())) }
	})
	return r, now, func(d time.Duration) { moved.Store(int64(d)) }
}

// seal seals until a day has gone through. Transactions of other tests hold days up.
func (r *rig) seal(tb testing.TB) (days []usage.SealedDay) {
	tb.Helper()
	until(tb, "a day is sealed", func() bool {
		some, err := r.Seal(tb.Context())
		if err != nil && errs.As(err).Kind != errs.Unavailable {
			tb.Fatalf("Seal() = %v", err)
		}
		days = append(days, some...)
		return len(days) > 0
	})
	return days
}

func TestADayIsSealedOnceItIsOver(t *testing.T) {
	t.Parallel()
	r, now, move := later(t)
	a, b := id.New[id.Tenant](), id.New[id.Tenant]()
	r.record(t, []usage.Event{tokens(a, now, 1), call(a, "opaque", 2), tokens(b, now.AddDate(0, -1, 0), 4)}, "accepted", "accepted", "accepted")
	if days, err := r.Seal(t.Context()); len(days) > 0 || err != nil {
		t.Errorf("Seal() of a day that runs = %v, %v, want nothing", days, err)
	}
	move(oneDay)
	days := r.seal(t)
	if len(days) != 1 || days[0].Tenants != 2 || days[0].Events != 3 || !days[0].Day.Equal(now.Truncate(oneDay)) {
		t.Errorf("Seal() = %+v, want today of two tenants with three events", days)
	}
	if days, err := r.Seal(t.Context()); len(days) > 0 || err != nil {
		t.Errorf("Seal() once more = %v, %v, want nothing", days, err)
	}
	r.record(t, []usage.Event{tokens(a, now, 8)}, "accepted")
	move(3 * oneDay)
	if days = r.seal(t); len(days) != 2 || days[0].Events != 1 || days[1].Events != 0 {
		t.Errorf("Seal() of what came late = %+v, want it in the next day, and a day without events", days)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_seals s WHERE tenant_id = $1 AND previous = (SELECT head FROM usage_seals o WHERE o.tenant_id = $1 AND o.day < s.day)", a); n != 1 {
		t.Errorf("%d seals of a go on from the one before, want 1", n)
	}
	if n := r.number(t, "SELECT sum(quantity)::bigint FROM usage_seal_lines WHERE tenant_id = $1 AND meter = 'ai.tokens'", a); n != 9 {
		t.Errorf("the seals of a have %d tokens, want 9", n)
	}
}
