package quota_test

import (
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
)

// A call that takes long stays paid for, though the leases around it are replaced by others.
func TestALongCallStaysPaidFor(t *testing.T) {
	t.Parallel()
	r := build(t)
	e, other := r.engine(t, func(c *quota.Config) { c.Lease = 500 * time.Millisecond }), r.engine(t, short)
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 40, Lasts: time.Minute, Terms: terms(100)}
	h, d, err := e.Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	brief := c
	brief.Quantity, brief.Lasts = 1, 0
	leases := map[any]bool{}
	for end := time.Now().Add(7 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		h, d, err := e.Take(t.Context(), brief)
		if err != nil {
			t.Fatal(err)
		}
		if d.Allowed {
			leases[h.Lease] = true
			h.Release()
		}
		r.fold(t)
	}
	if len(leases) < 2 {
		t.Errorf("the leases had %d ids, want them to be replaced", len(leases))
	}
	until(t, "all but the long call is there", func() bool {
		r.fold(t)
		brief.Quantity = 60
		_, d, err := other.Reserve(t.Context(), brief, time.Minute)
		return err == nil && d.Allowed
	})
	brief.Quantity = 1
	if _, d, err := other.Reserve(t.Context(), brief, time.Minute); err != nil || d.Allowed {
		t.Errorf("Reserve() of what the long call holds = %+v, %v, want it refused", d, err)
	}
	r.record(t, h, c)
	h.Settle(40, 0)
	r.fold(t)
	if used, leased, unleased := r.ledger(t, c.Tenant); used != 40 || leased != 60 || unleased != 0 {
		t.Errorf("used, leased, unleased = %d, %d, %d, want 40, 60, 0", used, leased, unleased)
	}
}

// What a long call gives back when it is settled can be spent, also where its lease has been replaced since.
func TestALongCallGivesBackWhatItHasNotUsed(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, func(c *quota.Config) { c.Lease = 500 * time.Millisecond })
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 100, Lasts: time.Minute, Terms: terms(100)}
	h, d, err := e.Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	brief := c
	brief.Quantity, brief.Lasts = 1, 0
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, d, err := e.Take(t.Context(), brief); err != nil || d.Allowed {
			t.Fatalf("Take() beside a call that holds all = %+v, %v, want it refused", d, err)
		}
	}
	h.Settle(10, 0)
	brief.Quantity = 90
	until(t, "the rest can be spent", func() bool {
		_, d, err := e.Take(t.Context(), brief)
		return err == nil && d.Allowed
	})
}

// A call that has ended keeps no lease, however long it might have taken.
func TestACallThatHasEndedKeepsNoLease(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, func(c *quota.Config) { c.Lease = 500 * time.Millisecond })
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 10, Lasts: time.Minute, Terms: terms(1_000)}
	for range 3 {
		h, d, err := e.Take(t.Context(), c)
		if err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
		h.Settle(5, 0)
	}
	time.Sleep(time.Second)
	before := e.Trips()
	time.Sleep(2 * time.Second)
	if trips := e.Trips() - before; trips != 0 {
		t.Errorf("the database was asked %d times after all calls had ended, want never", trips)
	}
}

// What a call has used above what it took is taken of all that its lease has.
func TestMoreThanWasTakenIsTakenAtTheEnd(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000_000)}
	var got, leased int64
	var h quota.Hold
	for leased < got+5_000 { // so much that it lies in all shards
		var d quota.Decision
		var err error
		if h, d, err = e.Take(t.Context(), c); err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
		if got++; got%50 == 0 {
			_, leased, _ = r.ledger(t, c.Tenant)
		}
	}
	h.Settle(1+4_000, 0)
	e.Return(t.Context())
	if _, leased, _ := r.ledger(t, c.Tenant); leased != got+4_000 {
		t.Errorf("leased = %d, want %d: the %d that were taken and 4,000 more", leased, got+4_000, got)
	}
	got += 4_000
	if h, _, _ = e.Take(t.Context(), c); h.Lease.String() == "" {
		t.Fatal("Take() has no lease")
	}
	h.Settle(1_000_000, 0) // more than there is: all of it is gone
	e.Return(t.Context())
	if _, leased, _ := r.ledger(t, c.Tenant); leased <= got+1 {
		t.Errorf("leased = %d, want more than %d: what the call has used of the lease does not go back", leased, got+1)
	}
}

// A refused reservation has its instance give back, beside the loop that does so too.
func TestReservationsAndTheLoopTouchNothingAtOnce(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, func(c *quota.Config) { c.Lease = 300 * time.Millisecond })
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(10)}
	var all sync.WaitGroup
	end := time.Now().Add(1500 * time.Millisecond)
	all.Go(func() {
		for time.Now().Before(end) {
			if h, _, err := e.Take(t.Context(), c); err != nil {
				t.Errorf("Take() = %v", err)
			} else {
				h.Release()
			}
		}
	})
	all.Go(func() {
		c := c
		c.Quantity = 11
		for time.Now().Before(end) {
			if _, d, err := e.Reserve(t.Context(), c, time.Second); err != nil || d.Allowed {
				t.Errorf("Reserve(11) = %+v, %v, want it refused", d, err)
			}
		}
	})
	all.Wait()
}

// A call that costs nothing is not held to a budget of money, taken or reserved.
func TestACallThatCostsNothingNeedsNoMoney(t *testing.T) {
	t.Parallel()
	r := build(t)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Cost: 10, Terms: terms(100)}
	r.rules(t, c.Tenant, quota.Rule{Meter: meter, Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Day, Amount: 5, Soft: true})
	e := r.engine(t, nil)
	r.spend(t, e, c) // over
	r.fold(t)
	r.rules(t, c.Tenant, quota.Rule{Meter: meter, Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Day, Amount: 5})
	e.Drop(c.Tenant)
	c.Cost = 0
	if d := r.spend(t, e, c); !d.Allowed {
		t.Errorf("Take() = %+v, want it allowed", d)
	}
	if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || !d.Allowed {
		t.Errorf("Reserve() = %+v, %v, want it allowed", d, err)
	}
}

// A reserved call that has used nothing of the quantity is a call all the same, unless it is canceled.
func TestACallOfNothingIsACall(t *testing.T) {
	t.Parallel()
	r := build(t)
	plan := terms(2)
	plan.Meter.Aggregation = billing.Count
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 5, Terms: plan}
	e := r.engine(t, nil)
	held, d, err := e.Reserve(t.Context(), c, time.Minute)
	if err != nil || !d.Allowed {
		t.Fatalf("Reserve() = %+v, %v", d, err)
	}
	r.recordLeased(t, c, held, 0)
	if _, err := e.Settle(t.Context(), c.Tenant, held.ID, 0, 0); err != nil {
		t.Fatal(err)
	}
	if used, leased, _ := r.ledger(t, c.Tenant); used != 0 || leased != 1 {
		t.Errorf("settled with nothing: used, leased = %d, %d, want 0, 1", used, leased)
	}
	r.fold(t)
	if used, leased, unleased := r.ledger(t, c.Tenant); used != 1 || leased != 0 || unleased != 0 {
		t.Errorf("folded: used, leased, unleased = %d, %d, %d, want 1, 0, 0", used, leased, unleased)
	}
	if held, _, err = e.Reserve(t.Context(), c, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Cancel(t.Context(), c.Tenant, held.ID); err != nil {
		t.Fatal(err)
	}
	if _, leased, _ := r.ledger(t, c.Tenant); leased != 0 {
		t.Errorf("leased after Cancel() = %d, want 0", leased)
	}
}

// Waiting for a row does not move the clock by which events are dated.
func TestWaitingMovesNoClock(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000)}
	r.spend(t, e, c)
	tx, err := r.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM quotas FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	freed := make(chan error, 1)
	time.AfterFunc(2*time.Second, func() { freed <- tx.Rollback(t.Context()) })
	c.Quantity = 500
	h, d, err := e.Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	off := time.Since(h.At)
	if err := <-freed; err != nil {
		t.Fatal(err)
	}
	if off = off.Abs(); off > 500*time.Millisecond {
		t.Errorf("the call is dated %v off", off)
	}
}
