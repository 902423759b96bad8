package quota_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// midnight moves the clock so that the day that has begun begins again in a moment.
func midnight(in time.Duration) func(time.Time) time.Time {
	now := time.Now().UTC()
	off := now.Truncate(24 * time.Hour).Add(-in).Sub(now)
	return func(t time.Time) time.Time { return t.Add(off) }
}

// Each period has its number, and what is held over its end counts where it was taken.
func TestAPeriodEndsAtItsBoundary(t *testing.T) {
	t.Parallel()
	r := build(t)
	clock := midnight(1500 * time.Millisecond)
	plan := terms(5)
	plan.Meter.Period = billing.Day
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: plan}
	boundary := time.Now().UTC().Truncate(24 * time.Hour)
	var engines []*quota.Engine
	for range 2 {
		engines = append(engines, r.engine(t, func(cfg *quota.Config) { cfg.Clock = clock }))
	}
	held, d, err := engines[0].Take(t.Context(), c)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	counts := map[bool]int{false: 1} // by whether the boundary has passed
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, e := range engines {
			h, d, err := e.Take(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if !d.Allowed {
				if want := boundary.Add(24 * time.Hour); d.Budget.Starts.Equal(boundary) && !d.ResetsAt.Equal(want) {
					t.Errorf("it resets at %v, want %v", d.ResetsAt, want)
				}
				continue
			}
			counts[!h.At.Before(boundary)]++
			r.record(t, h, c)
		}
	}
	if counts[false] != 5 || counts[true] != 5 {
		t.Errorf("admitted %d before the boundary and %d after it, want 5 and 5", counts[false], counts[true])
	}
	r.record(t, held, c)
	r.fold(t)
	for _, starts := range []time.Time{boundary.AddDate(0, 0, -1), boundary} {
		if used := r.number(t, "SELECT used + 1000 * unleased FROM quotas WHERE tenant_id = $1 AND starts_at = $2", c.Tenant.UUID(), starts); used != 5 {
			t.Errorf("used in the day of %v = %d, want 5 and nothing unleased", starts, used)
		}
	}
}

// A grant is used up once, though it lasts for several periods.
func TestAGrantIsUsedUpAcrossPeriods(t *testing.T) {
	t.Parallel()
	r := build(t)
	clock := midnight(1200 * time.Millisecond)
	plan := terms(5)
	plan.Meter.Period = billing.Day
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: plan}
	r.within(t, c.Tenant, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := quota.Give(ctx, tx, quota.Grant{Meter: meter, Amount: 10, ExpiresAt: tx.Now.AddDate(0, 1, 0), Reason: "welcome"})
		return err
	})
	if _, err := r.admin.Exec(t.Context(), "UPDATE quota_grants SET starts_at = starts_at - interval '3 days'"); err != nil {
		t.Fatal(err)
	}
	e := r.engine(t, func(cfg *quota.Config) { cfg.Clock = clock })
	take := func(most int) (n int) {
		for n < most && r.spend(t, e, c).Allowed {
			n++
		}
		return n
	}
	if n := take(9); n != 9 {
		t.Fatalf("admitted %d of 5 and a grant of 10, want 9", n)
	}
	e.Return(t.Context())
	time.Sleep(1300 * time.Millisecond)
	if n := take(100); n != 11 {
		t.Errorf("admitted %d in the next period, want 5 and the 6 that are left of the grant", n)
	}
	if d := r.spend(t, e, c); d.Limit.Value != 11 {
		t.Errorf("the limit is %v, want 11", d.Limit)
	}
}
