package quota_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// Things that a meter has counted stay counted where the period has them.
func TestThingsStayCountedWhenThePeriodMoves(t *testing.T) {
	t.Parallel()
	r := build(t)
	recorder, err := usage.New(usage.Config{Pool: r.pool, Log: r.log, Meters: uniqueMeters})
	if err != nil {
		t.Fatal(err)
	}
	r.run(t, recorder.Run)
	r.Recorder = recorder
	tenant := r.tenant(t)
	r.used(t, tenant, 1, 12)
	r.used(t, tenant, 1, 5)
	e := r.engine(t, nil)
	count := func(plan *quota.Terms, thing string) quota.Decision {
		t.Helper()
		plan.Meter.Aggregation = billing.Unique
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Subject: thing, Terms: plan})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first, second, third := billed(2, ago(13), 1), billed(2, ago(7), 2), billed(2, ago(20), 3)
	if d := count(first, "a"); d.Allowed || d.Used != 2 {
		t.Errorf("a third thing of 2 = %+v, want it refused", d)
	}
	if d := count(second, "a"); !d.Allowed {
		t.Errorf("a second thing in the period that moved = %+v, want it allowed", d)
	}
	if d := count(second, "thing 12"); d.Allowed {
		t.Errorf("a third thing in the period that moved = %+v, want it refused", d)
	}
	if d := count(third, "a"); !d.Allowed {
		t.Errorf("a thing that was counted, after the period moved back = %+v, want it allowed", d)
	}
	if d := count(third, "b"); d.Allowed || d.Used != 3 {
		t.Errorf("another thing, after the period moved back = %+v, want it refused, of 3", d)
	}
}

// Things that were counted and of which no event is folded count in the period that runs, wherever it begins: somebody may be using them.
func TestThingsWithoutAnEventCountInThePeriodThatMoved(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	e := r.engine(t, nil)
	count := func(days int, version int64, thing string) quota.Decision {
		t.Helper()
		plan := billed(2, ago(days), version)
		plan.Meter.Aggregation = billing.Unique
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Subject: thing, Terms: plan})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, thing := range []string{"a", "b"} {
		if d := count(13, 1, thing); !d.Allowed {
			t.Fatalf("Take(%s) of 2 = %+v, want it allowed", thing, d)
		}
	}
	for i, days := range []int{7, 20, 13, 5} {
		version := int64(2 + i)
		if d := count(days, version, "c"); d.Allowed || d.Used != 2 {
			t.Errorf("Take(c) of 2 after the period begins %d days ago = %+v, want it refused: a and b are counted", days, d)
		}
		if d := count(days, version, "b"); !d.Allowed {
			t.Errorf("Take(b) after the period begins %d days ago = %+v, want it allowed: it is counted", days, d)
		}
	}
	for _, p := range r.periods(t, tenant) {
		if n := r.number(t, "SELECT count(*) FROM quota_subjects WHERE tenant_id = $1 AND starts_at = $2", tenant.UUID(), p.Starts); p.Used != n {
			t.Errorf("%d are used in the period from %v, of %d things", p.Used, p.Starts, n)
		}
	}
}
