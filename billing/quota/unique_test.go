package quota_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func uniqueMeters(context.Context, id.Tenant, string) (usage.Meter, bool, error) {
	return usage.Meter{Unique: true}, true, nil
}

func uniquely(n int64) *quota.Terms {
	plan := terms(n)
	plan.Meter.Aggregation = billing.Unique
	return plan
}

// Things are counted once, on all instances together, and the one above the limit is refused.
func TestUniqueThingsAreCountedOnce(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, plan := r.tenant(t), uniquely(10)
	engines := []*quota.Engine{r.engine(t, nil), r.engine(t, nil)}
	var admitted atomic.Int64
	var all sync.WaitGroup
	for _, e := range engines {
		for i := range 15 {
			all.Go(func() {
				for range 3 {
					_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Subject: fmt.Sprintf("thing %d", i), Terms: plan})
					if err != nil {
						t.Errorf("Take() = %v", err)
					}
					if d.Allowed {
						admitted.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	if n := admitted.Load(); n != 10*2*3 {
		t.Errorf("admitted %d times, want ten things three times on both instances", n)
	}
	if used := r.number(t, "SELECT used FROM quotas WHERE tenant_id = $1", tenant.UUID()); used != 10 {
		t.Errorf("used = %d, want 10", used)
	}
	trips := engines[0].Trips()
	for i := range 15 {
		if _, _, err := engines[0].Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Subject: fmt.Sprintf("thing %d", i), Terms: plan}); err != nil {
			t.Fatal(err)
		}
	}
	if asked := engines[0].Trips() - trips; asked != 5 {
		t.Errorf("the database was asked %d times, want only for the 5 that are refused", asked)
	}
}

// What was recorded without being asked about counts as well, before the budget is made and after.
func TestUniqueThingsOfEventsCount(t *testing.T) {
	t.Parallel()
	r := build(t)
	rec, err := usage.New(usage.Config{Pool: r.pool, Log: r.log, Meters: uniqueMeters})
	if err != nil {
		t.Fatal(err)
	}
	r.run(t, rec.Run)
	tenant, plan := r.tenant(t), uniquely(4)
	event := func(thing string) {
		t.Helper()
		if got, err := rec.Record(t.Context(), usage.Event{Tenant: tenant, At: time.Now(), Meter: string(meter), Subject: thing}); err != nil || got[0].Status != usage.Accepted {
			t.Fatalf("Record() = %+v, %v", got, err)
		}
	}
	e := r.engine(t, nil)
	take := func(thing string) bool {
		t.Helper()
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Subject: thing, Terms: plan})
		if err != nil {
			t.Fatal(err)
		}
		return d.Allowed
	}
	event("a")
	event("b")
	r.fold(t)
	if !take("b") || !take("c") {
		t.Error("Take(b), Take(c) are refused, want room for them")
	}
	event("a")
	event("d")
	r.fold(t)
	if take("e") || !take("d") {
		t.Error("Take(e) is allowed or Take(d) is not, want all four places taken, one by d")
	}
}
