package quota_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// A call for as much as a number can say is refused, and does not wrap around.
func TestAsMuchAsANumberCanSayIsTooMuch(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 10, Terms: terms(100)}
	r.spend(t, e, c)
	c.Quantity = math.MaxInt64
	if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || d.Allowed {
		t.Errorf("Reserve(MaxInt64) = %+v, %v, want it refused", d, err)
	}
	if _, d, err := e.Take(t.Context(), c); err != nil || d.Allowed {
		t.Errorf("Take(MaxInt64) = %+v, %v, want it refused", d, err)
	}
	c.Quantity = 90
	time.Sleep(300 * time.Millisecond)
	if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || !d.Allowed {
		t.Errorf("Reserve(90) = %+v, %v, want it allowed", d, err)
	}
}

// A number of the plan as large as numbers are stays one with a grant beside it, and when it is lowered all that is lent is above it.
func TestTheLargestNumberIsANumber(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	for range 2 {
		r.within(t, tenant, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := quota.Give(ctx, tx, quota.Grant{Meter: meter, Amount: math.MaxInt64, ExpiresAt: tx.Now.AddDate(0, 1, 0), Reason: "all"})
			return err
		})
	}
	e := r.engine(t, nil)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: math.MaxInt64 / 2, Terms: terms(math.MaxInt64)}
	for range 2 {
		if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
			t.Fatalf("Take(MaxInt64/2) = %+v, %v, want it allowed", d, err)
		}
	}
	lowered := *terms(0)
	lowered.Version = 2
	c.Quantity, c.Terms = 5, &lowered
	if _, err := r.admin.Exec(t.Context(), "UPDATE quota_grants SET revoked_at = now()"); err != nil {
		t.Fatal(err)
	}
	e.Drop(tenant)
	if _, d, err := e.Take(t.Context(), c); err != nil || d.Allowed {
		t.Errorf("Take() of a number that is lowered to 0 = %+v, %v, want it refused", d, err)
	}
}

// What one tenant has used may be more than a number can say: the fold of the others goes on, and the budget is used up.
func TestUsedBeyondWhatANumberCanSay(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	huge := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(100)}
	plain := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 7, Terms: terms(100)}
	r.spend(t, e, huge)
	r.spend(t, e, plain)
	e.Return(t.Context())
	const most = 999_999_999_999_999 // of one event
	if _, err := r.admin.Exec(t.Context(), "UPDATE quotas SET used = $2 WHERE tenant_id = $1", huge.Tenant.UUID(), int64(math.MaxInt64-most)); err != nil {
		t.Fatal(err)
	}
	huge.Quantity = most
	r.record(t, quota.Hold{At: time.Now()}, huge)
	r.fold(t)
	if used, leased, _ := r.ledger(t, plain.Tenant); used != 7 || leased != 0 {
		t.Errorf("used, leased of another tenant = %d, %d, want 7, 0", used, leased)
	}
	huge.Quantity = 1
	if d := r.spend(t, e, huge); d.Allowed || d.Remaining != 0 {
		t.Errorf("Take() = %+v, want it refused", d)
	}

	// A budget that is made after so much was used.
	late := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(100)}
	r.record(t, quota.Hold{At: time.Now()}, late)
	r.fold(t)
	if _, err := r.admin.Exec(t.Context(), "UPDATE usage_hours SET quantity = 1e20 WHERE tenant_id = $1", late.Tenant.UUID()); err != nil {
		t.Fatal(err)
	}
	if _, d, err := e.Take(t.Context(), late); err != nil || d.Allowed {
		t.Errorf("Take() after 1e20 = %+v, %v, want it refused", d, err)
	}
}

// The cap of a meter that is open without the database does not wrap around either.
func TestTheCapOfAnOpenMeterDoesNotWrap(t *testing.T) {
	t.Parallel()
	r := build(t)
	d, pool := r.open(t, r.urls.URL)
	e, err := quota.New(quota.Config{DB: d, Pool: pool, Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	plan := terms(100)
	plan.Meter.Unavailable, plan.Meter.Cap = billing.Open, 3
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Terms: plan}
	d.Close()
	for _, tt := range []struct {
		n    int64
		want bool
	}{{1, true}, {math.MaxInt64, false}, {math.MaxInt64, false}, {2, true}, {1, false}} {
		c.Quantity = tt.n
		if _, d, err := e.Take(t.Context(), c); err != nil || d.Allowed != tt.want {
			t.Errorf("Take(%d) = %+v, %v, want allowed %v", tt.n, d, err, tt.want)
		}
	}
}
