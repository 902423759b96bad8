package quota_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Far from the limit a call neither asks the database nor allocates.
func TestFarFromTheLimitACallCostsNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	tenant := r.tenant(t)
	r.rules(t, tenant, quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfUser, Period: "day", Amount: 1 << 40})
	c := quota.Call{Tenant: tenant, Meter: meter, User: id.New[id.User](), Quantity: 1, Terms: terms(1 << 40)}
	for range 10_000 { // so that the pace is known
		if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
	}
	before := e.Trips()
	begin := time.Now()
	const calls = 200_000
	for range calls {
		if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
	}
	if trips, most := e.Trips()-before, 4+4*int64(time.Since(begin)/(250*time.Millisecond)+1); trips > most {
		t.Errorf("%d calls asked the database %d times, want at most %d", calls, trips, most)
	}
}

func BenchmarkTake(b *testing.B) {
	r := build(b)
	e := r.engine(b, nil)
	c := quota.Call{Tenant: r.tenant(b), Meter: meter, Quantity: 1, Terms: terms(1 << 50)}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, d, err := e.Take(b.Context(), c); err != nil || !d.Allowed {
				b.Errorf("Take() = %+v, %v", d, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/float64(e.Trips()), "calls/trip")
}
