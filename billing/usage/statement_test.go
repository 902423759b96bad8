package usage_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// statement is that of a tenant, or its error.
func (r *rig) statement(tb testing.TB, tenant id.Tenant, month time.Time) (s usage.Statement, err error) {
	tb.Helper()
	err = r.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error {
		s, err = usage.StatementOf(tb.Context(), tx, month.Format("2006-01"))
		return err
	})
	return s, err
}

// sealUpTo moves the clock to a time and seals all days before it.
func (r *rig) sealUpTo(tb testing.TB, to time.Time, move func(time.Duration)) {
	tb.Helper()
	move(time.Until(to))
	until(tb, "all is sealed", func() bool {
		if _, err := r.Seal(tb.Context()); err != nil {
			tb.Fatalf("Seal() = %v", err)
		}
		return r.number(tb, "SELECT count(*) FROM usage_closings WHERE day = $1", to.AddDate(0, 0, -1)) == 1
	})
}

func TestWhatComesLateIsAnAdjustmentAndNoStatementChanges(t *testing.T) {
	t.Parallel()
	r, now, move := later(t, "seats")
	a, b := id.New[id.Tenant](), id.New[id.Tenant]()
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	next, last := this.AddDate(0, 1, 0), this.Add(-time.Hour)
	seen := func(subject string, at time.Time, n int64) usage.Event {
		e := tokens(a, at, n)
		e.Meter, e.Subject = "seats", subject
		return e
	}
	cost := tokens(a, now, 5)
	cost.Cost, cost.Currency = 30, "USD"
	old := tokens(a, last, 7)
	old.Cost, old.Currency = 3, "USD"
	r.record(t, []usage.Event{cost, old, seen("x", now, 1), seen("y", now, 1), seen("x", now, 1), tokens(b, now, 1)},
		"accepted", "accepted", "accepted", "accepted", "accepted", "accepted")
	if s, err := r.statement(t, a, this); !errors.Is(err, usage.ErrNotSealed) {
		t.Errorf("the statement of a month that runs = %+v, %v, want ErrNotSealed", s, err)
	}
	r.sealUpTo(t, next, move)
	first, err := r.statement(t, a, this)
	if err != nil {
		t.Fatalf("StatementOf() = %v", err)
	}
	months := [3]string{last.Format("2006-01"), this.Format("2006-01"), next.Format("2006-01")}
	if diff := cmp.Diff([]usage.StatementLine{
		{Month: months[1], Meter: "ai.tokens", Currency: "USD", Quantity: 5, Events: 1, Largest: 5, InputTokens: 5, Cost: 30},
		{Month: months[1], Meter: "seats", Quantity: 3, Events: 3, Largest: 1, Subjects: 2, InputTokens: 3},
		{Month: months[0], Adjustment: true, Meter: "ai.tokens", Currency: "USD", Quantity: 7, Events: 1, Largest: 7, InputTokens: 7, Cost: 3},
	}, first.Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]usage.StatementCost{{Currency: "USD", Cost: 33}}, first.Costs); diff != "" {
		t.Errorf("costs (-want +got):\n%s", diff)
	}

	r.record(t, []usage.Event{seen("x", now, 1), seen("z", now, 1), tokens(a, now, 1)}, "accepted", "accepted", "accepted") // which is late by now
	r.sealUpTo(t, next.AddDate(0, 1, 0), move)
	again, err := r.statement(t, a, this)
	again.IssuedAt = first.IssuedAt
	if diff := cmp.Diff(first, again, cmp.AllowUnexported(id.Tenant{})); diff != "" || err != nil {
		t.Errorf("the statement has changed, %v (-first +again):\n%s", err, diff)
	}
	second, err := r.statement(t, a, next)
	if err != nil {
		t.Fatalf("StatementOf() = %v", err)
	}
	if diff := cmp.Diff([]usage.StatementLine{
		{Month: months[1], Adjustment: true, Meter: "ai.tokens", Quantity: 1, Events: 1, Largest: 1, InputTokens: 1},
		{Month: months[1], Adjustment: true, Meter: "seats", Quantity: 2, Events: 2, Largest: 1, Subjects: 1, InputTokens: 2},
	}, second.Lines); diff != "" {
		t.Errorf("lines of the next month (-want +got):\n%s", diff)
	}
	if !second.Follows(first) || first.Follows(second) || first.Follows(first) {
		t.Errorf("Follows() of %+v and %+v", first, second)
	}
	if other, err := r.statement(t, b, this); err != nil || len(other.Lines) != 1 || len(other.Days) != 1 || other.Head == first.Head || second.Follows(other) {
		t.Errorf("the statement of b = %+v, %v, want its own alone", other, err)
	}
}

func TestAnEventIsProvenBeforeAndAfterItsPartition(t *testing.T) {
	t.Parallel()
	r, now, move := later(t)
	a, key := id.New[id.Tenant](), keyAt(now)
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	events := []usage.Event{call(a, key, 17)}
	want := []string{"accepted"}
	for range 6 {
		events, want = append(events, tokens(a, now, 1)), append(want, "accepted")
	}
	r.record(t, events, want...)
	r.fold(t)
	prove := func() (p usage.Proof, err error) {
		until(t, "no partition is on its way out", func() bool {
			err = r.db.Tenant(t.Context(), a, func(tx *db.TenantTx) error {
				p, err = usage.Prove(t.Context(), tx, key)
				return err
			})
			return err == nil || errs.As(err).Kind != errs.Unavailable
		})
		return p, err
	}
	if p, err := prove(); !errors.Is(err, usage.ErrNotSealed) {
		t.Errorf("Prove() on the same day = %+v, %v, want ErrNotSealed", p, err)
	}
	r.sealUpTo(t, this.AddDate(0, 1, 0), move)
	s, err := r.statement(t, a, this)
	if err != nil {
		t.Fatal(err)
	}
	for _, segments := range []int64{0, 1} {
		p, err := prove()
		if err != nil || p.Size != 7 || len(p.Path) == 0 || p.Check(s) != nil {
			t.Errorf("with %d segments: Prove() = %+v, %v, Check() = %v", segments, p, err, p.Check(s))
		}
		p.Index = (p.Index + 1) % p.Size
		if p.Check(s) == nil {
			t.Errorf("with %d segments: a proof of another place holds", segments)
		}
		move(50 * oneDay)
		until(t, "the partition is a segment", func() bool {
			r.Tend()
			return r.number(t, "SELECT count(*) FROM usage_segments") == 1
		})
	}
}
