package quota_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// drain has goroutines of each engine take one at a time until nobody has got anything for a while, and returns how much each engine got.
func drain(tb testing.TB, engines []*quota.Engine, goroutines int, c quota.Call, quiet time.Duration) []int64 {
	tb.Helper()
	got := make([]int64, len(engines))
	var last atomic.Int64
	last.Store(time.Now().UnixNano())
	var all sync.WaitGroup
	for i, e := range engines {
		for range goroutines {
			all.Go(func() {
				n := int64(0)
				defer func() { atomic.AddInt64(&got[i], n) }()
				for {
					_, d, err := e.Take(tb.Context(), c)
					switch {
					case err != nil:
						tb.Errorf("Take() = %v", err)
						return
					case d.Allowed:
						if n++; n%64 == 0 {
							last.Store(time.Now().UnixNano())
						}
						continue
					case time.Since(time.Unix(0, last.Load())) > quiet:
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
	}
	all.Wait()
	return got
}

func sum(list []int64) (n int64) {
	for _, v := range list {
		n += v
	}
	return n
}

func TestAFlatLimitIsExactOnManyInstances(t *testing.T) {
	t.Parallel()
	r := build(t)
	for _, tt := range []struct {
		name       string
		limit      int64
		all, using int // instances
	}{
		{"few", 1_000, 4, 4},
		{"many", 200_000, 4, 4},
		{"one of many", 200_000, 4, 1},
		{"one", 1, 4, 4},
		{"none", 0, 2, 2},
	} {
		c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(tt.limit)}
		var engines []*quota.Engine
		for range tt.all {
			e := r.engine(t, nil)
			r.run(t, e.Run)
			engines = append(engines, e)
		}
		got := drain(t, engines[:tt.using], 4, c, 2*time.Second)
		trips := int64(0)
		for _, e := range engines {
			trips += e.Trips()
		}
		if sum(got) != tt.limit {
			t.Errorf("%s: admitted %v of %d, want all and no more", tt.name, got, tt.limit)
		}
		t.Logf("%s: %d admitted by %v, %d trips", tt.name, sum(got), got, trips)
		if _, leased, _ := r.ledger(t, c.Tenant); leased != tt.limit {
			t.Errorf("%s: leased = %d, want %d: nothing is recorded yet", tt.name, leased, tt.limit)
		}
	}
}

// What was spent moves from leases to used when its events are folded, and what was not comes back.
func TestEventsMoveLeasesToUsed(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 10, Terms: terms(1_000)}
	for range 7 {
		if d := r.spend(t, e, c); !d.Allowed {
			t.Fatalf("Take() = %+v, want it allowed", d)
		}
	}
	used, leased, _ := r.ledger(t, c.Tenant)
	if used != 0 || leased < 70 || leased > 1_000 {
		t.Errorf("before the fold used, leased = %d, %d, want 0 and at least 70", used, leased)
	}
	e.Return(t.Context())
	if used, leased, _ := r.ledger(t, c.Tenant); used != 0 || leased != 70 {
		t.Errorf("after what is left is returned used, leased = %d, %d, want 0, 70", used, leased)
	}
	r.fold(t)
	if used, leased, unleased := r.ledger(t, c.Tenant); used != 70 || leased != 0 || unleased != 0 {
		t.Errorf("after the fold used, leased, unleased = %d, %d, %d, want 70, 0, 0", used, leased, unleased)
	}
	if d := r.spend(t, e, quota.Call{Tenant: c.Tenant, Meter: meter, Quantity: 931, Terms: c.Terms}); d.Allowed || d.Remaining != 930 || d.Used != 70 || d.Limit.Value != 1_000 {
		t.Errorf("Take(931) = %+v, want it refused with 930 remaining", d)
	}
	if d := r.spend(t, e, quota.Call{Tenant: c.Tenant, Meter: meter, Quantity: 930, Terms: c.Terms}); !d.Allowed {
		t.Errorf("Take(930) = %+v, want it allowed", d)
	}
}

// A budget whose row is made late begins with what was recorded before, folded or not.
func TestABudgetKnowsWhatWasUsedBeforeIt(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	plain := quota.Call{Tenant: tenant, Meter: meter, Quantity: 5, User: id.New[id.User]()}
	r.record(t, quota.Hold{At: time.Now()}, plain)
	r.fold(t)
	r.record(t, quota.Hold{At: time.Now()}, plain)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: terms(12)}
	for range 2 {
		if d := r.spend(t, e, c); !d.Allowed {
			t.Fatalf("Take() = %+v, want it allowed", d)
		}
	}
	e.Return(t.Context())
	r.fold(t)
	if used, leased, unleased := r.ledger(t, tenant); used != 12 || leased != 0 || unleased != 5 {
		t.Errorf("used, leased, unleased = %d, %d, %d, want 12, 0, 5", used, leased, unleased)
	}
	if d := r.spend(t, e, c); d.Allowed {
		t.Errorf("Take() = %+v, want it refused", d)
	}
}
