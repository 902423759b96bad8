package quota_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
)

func short(c *quota.Config) { c.Lease = time.Second }

// An instance that stands still past its leases spends nothing of them when it goes on: others may have had it.
func TestAnInstanceThatStoodStillSpendsNothingOfWhatHasExpired(t *testing.T) {
	t.Parallel()
	r := build(t)
	paused, other := r.engine(t, short), r.engine(t, short)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(100_000)}
	var got int64
	var lease quota.Hold
	for leased := int64(0); leased < got+5_000; got++ { // so much that it lies in all shards
		h, d, err := paused.Take(t.Context(), c)
		if err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
		if lease = h; got%50 == 0 {
			_, leased, _ = r.ledger(t, c.Tenant)
		}
	}
	c.Quantity = got
	r.record(t, lease, c)
	time.Sleep(1200 * time.Millisecond) // nobody calls, and Run does not run: as after SIGSTOP
	c.Quantity = 100_000 - got
	until(t, "the other instance gets all that was left", func() bool {
		r.fold(t)
		return r.spend(t, other, c).Allowed
	})
	c.Quantity = 1
	for range 64 {
		if d := r.spend(t, paused, c); d.Allowed {
			t.Fatalf("Take() of the instance that goes on = %+v, want it refused", d)
		}
	}
	other.Return(t.Context())
	r.fold(t)
	if used, leased, unleased := r.ledger(t, c.Tenant); used != 100_000 || leased != 0 || unleased != 0 {
		t.Errorf("used, leased, unleased = %d, %d, %d, want 100000, 0, 0", used, leased, unleased)
	}
}

// What a dead instance held counts as used until its leases have expired and all that it recorded is folded.
func TestADeadInstanceStrandsNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	dead, other := r.engine(t, short), r.engine(t, short)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(40)}
	for range 3 {
		r.spend(t, dead, c)
	}
	n := 0
	for r.spend(t, other, c).Allowed {
		n++
	}
	_, leased, _ := r.ledger(t, c.Tenant)
	if n >= 37 || leased != 40 {
		t.Errorf("beside the dead instance %d were admitted and %d are leased, want fewer than 37, and 40", n, leased)
	}
	until(t, "the leases of the dead instance are swept", func() bool {
		r.fold(t)
		for r.spend(t, other, c).Allowed {
			n++
		}
		return n == 37
	})
	other.Return(t.Context())
	r.fold(t)
	if used, leased, _ := r.ledger(t, c.Tenant); used != 40 || leased != 0 {
		t.Errorf("used, leased = %d, %d, want 40, 0", used, leased)
	}
}

// A clock that is set forward ends leases early, and one that is set back ends none late.
func TestJumpsOfTheClockOverspendNothing(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		r := build(t)
		var off atomic.Int64
		e := r.engine(t, func(c *quota.Config) {
			c.Lease = time.Second
			c.Wall = func(t time.Time) time.Time { return t.Add(time.Duration(off.Load())) }
		})
		other := r.engine(t, short)
		c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(60)}
		n := 0
		for range 2 {
			if r.spend(t, e, c).Allowed {
				n++
			}
			off.Store(int64(jump))
		}
		time.Sleep(1100 * time.Millisecond)
		until(t, "all is used", func() bool {
			r.fold(t)
			for _, each := range []*quota.Engine{e, other} {
				for r.spend(t, each, c).Allowed {
					n++
				}
			}
			return n >= 60
		})
		e.Return(t.Context())
		other.Return(t.Context())
		r.fold(t)
		if used, leased, _ := r.ledger(t, c.Tenant); n != 60 || used != 60 || leased != 0 {
			t.Errorf("with a jump of %v: admitted, used, leased = %d, %d, %d, want 60, 60, 0", jump, n, used, leased)
		}
	}
}

// What lies idle goes back within a second, and with the end of Run at once.
func TestIdleLeasesGoBack(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	stop := r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000)}
	r.spend(t, e, c)
	until(t, "the lease is back", func() bool { _, leased, _ := r.ledger(t, c.Tenant); return leased == 1 })
	spent := int64(1)
	until(t, "a share is leased again", func() bool { // and may go back before it is seen, where the machine is slow
		r.spend(t, e, c)
		spent++
		_, leased, _ := r.ledger(t, c.Tenant)
		return leased > spent
	})
	stop()
	if _, leased, _ := r.ledger(t, c.Tenant); leased != spent {
		t.Errorf("leased after Run() = %d, want the %d that were spent", leased, spent)
	}
}

func TestAHoldIsSettledAndReleased(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 60, Terms: terms(100)}
	h, d, err := e.Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	if d := r.spend(t, e, c); d.Allowed {
		t.Errorf("a second Take() = %+v, want it refused", d)
	}
	h.Settle(10, 0)
	h.Settle(10, 0) // no effect
	c.Quantity = 90
	h, d, err = e.Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Errorf("Take(90) after a settlement with 10 = %+v, %v, want it allowed", d, err)
	}
	h.Release()
	h.Release() // no effect
	e.Return(t.Context())
	if _, leased, _ := r.ledger(t, c.Tenant); leased != 10 {
		t.Errorf("leased = %d, want the 10 that are used", leased)
	}
}
