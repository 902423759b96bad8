package quota_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// An instance that has not heard that the period moves takes of the new one, and cannot bring the former one back.
func TestAnInstanceThatHasNotHeardAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	r.used(t, tenant, 30, 12)
	fresh, stale := r.engine(t, nil), r.engine(t, nil)
	before, after := billed(40, ago(13), 1), billed(40, ago(7), 2)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: before}
	r.spend(t, stale, c)
	stale.Return(t.Context())
	c.Terms = after
	for range 5 {
		r.spend(t, fresh, c)
	}
	fresh.Return(t.Context())
	_, ends := since(7)
	if n, d := r.take(t, stale, tenant, before); n != 34 || d.Used != 40 || !d.ResetsAt.Equal(ends) {
		t.Errorf("admitted %d on an instance that has not heard, and then %+v, want 34 beside 6 of the period that moved", n, d)
	}
	if n, _ := r.take(t, fresh, tenant, after); n != 0 {
		t.Errorf("admitted %d more on the one that has, want none", n)
	}
	if s, err := fresh.States(t.Context(), tenant, map[billing.Feature]*quota.Terms{meter: after}); err != nil || len(s) != 1 || s[0].Used != 40 {
		t.Errorf("States() = %+v, %v, want one with 40 used", s, err)
	}
}

// One that has missed two changes finds each of its budgets in the period of whoever moved it last.
func TestAnInstanceThatHasMissedTwoChangesAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, user, other := r.tenant(t), id.New[id.User](), id.New[id.User]()
	r.rules(t, tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfUser, Period: billing.Billing, Amount: 10})
	fresh, stale := r.engine(t, nil), r.engine(t, nil)
	for _, c := range []quota.Call{
		{User: user, Terms: billed(40, ago(13), 1)}, {User: user, Terms: billed(40, ago(7), 2)}, {User: other, Terms: billed(40, ago(5), 3)},
	} {
		c.Tenant, c.Meter, c.Quantity = tenant, meter, 1
		if d := r.spend(t, fresh, c); !d.Allowed {
			t.Fatalf("Take() at version %d = %+v, want it allowed", c.Terms.Version, d)
		}
		fresh.Return(t.Context())
	}
	c := quota.Call{Tenant: tenant, Meter: meter, User: user, Quantity: 1, Terms: billed(40, ago(13), 1)}
	for n := range 9 {
		if d := r.spend(t, stale, c); d.Allowed != (n < 8) {
			t.Errorf("Take(%d) of 10 of which 2 are used = %+v", n+3, d)
		}
	}
	stale.Return(t.Context())
	r.fold(t)
	starts, ends := since(5)
	if got := r.periods(t, tenant); len(got) == 0 || got[len(got)-1].Starts != starts || got[len(got)-1].Ends != ends {
		t.Errorf("the ledger has %+v, want the last to begin 5 days ago", got)
	}
}

// One that has not heard until the period is over that others have made finds the next.
func TestAnInstanceThatHasNotHeardForLongAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	before, after := billed(40, ago(13), 1), billed(40, ago(25), 2)
	_, ends := billing.Billing.Bounds(ago(0), after.Anchor)
	later := func(c *quota.Config) {
		c.Clock = func(at time.Time) time.Time { return at.Add(time.Until(ends) + time.Hour) }
	}
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: after}
	r.spend(t, r.engine(t, nil), c)
	c.Terms = before
	stale := r.engine(t, later)
	_, next := billing.Billing.Bounds(ends, ends)
	if _, d, err := stale.Take(t.Context(), c); err != nil || !d.Allowed {
		t.Errorf("Take() on an instance that has not heard = %+v, %v, want it allowed", d, err)
	}
	if d, known := stale.Known(c); !known || d.Used != 1 || !d.ResetsAt.Equal(next) {
		t.Errorf("Known() = %+v, %v, want 1 used in the period that ends %v", d, known, next)
	}
}

// While the billing moves to and fro, instances that hear of it at different times admit all that there is, and nothing twice.
func TestInstancesAgreeWhileThePeriodMoves(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	const limit = 4_000
	r.used(t, tenant, 1_000, 1)
	r.rules(t, tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfUser, Period: billing.Billing, Amount: 1_000_000})
	var newest atomic.Pointer[quota.Terms]
	newest.Store(billed(limit, ago(3), 1))
	var admitted atomic.Int64
	var all sync.WaitGroup
	ended := make(chan struct{})
	for i := range 3 {
		e := r.engine(t, func(c *quota.Config) { c.Lease = instanceLease })
		r.run(t, e.Run)
		var heard atomic.Pointer[quota.Terms]
		heard.Store(newest.Load())
		go func() { // hears of it some time later
			for {
				select {
				case <-ended:
					return
				case <-time.After(time.Duration(10+30*i) * time.Millisecond):
					heard.Store(newest.Load())
				}
			}
		}()
		for range 2 {
			user := id.New[id.User]()
			all.Go(func() {
				for refused := (time.Time{}); refused.IsZero() || time.Since(refused) < time.Second; {
					c := quota.Call{Tenant: tenant, Meter: meter, User: user, Quantity: 1, Terms: heard.Load()}
					h, d, err := e.Take(t.Context(), c)
					switch {
					case err != nil:
						t.Errorf("Take() = %v", err)
						return
					case d.Allowed:
						refused = time.Time{}
						admitted.Add(1)
						r.record(t, h, c)
					default:
						if refused.IsZero() {
							refused = time.Now()
						}
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
	}
	go func() {
		for n := int64(2); ; n++ {
			select {
			case <-ended:
				return
			case <-time.After(150 * time.Millisecond):
				newest.Store(billed(limit, ago(2+int(n*7%20)), n))
			}
		}
	}()
	var folding sync.WaitGroup
	folding.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if _, err := r.folder.Fold(t.Context()); err != nil {
				t.Errorf("Fold() = %v", err)
			}
		}
	})
	all.Wait()
	close(ended)
	folding.Wait()
	if n := admitted.Load(); n != limit-1_000 {
		t.Errorf("admitted %d, want the 3,000 that are left of %d", n, limit)
	}
}
