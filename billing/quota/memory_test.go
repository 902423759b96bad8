package quota_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Who is gone is forgotten: what an engine remembers is bounded by who called lately.
func TestWhoIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, func(c *quota.Config) { c.Lease = 200 * time.Millisecond })
	r.run(t, e.Run)
	const people = 200
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1 << 40)}
	r.rules(t, c.Tenant, quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfUser, Period: billing.Month, Amount: 100})
	for range people {
		c.User = id.New[id.User]()
		if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
	}
	for range 3 { // tenants that call once
		other := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(10)}
		if _, d, err := e.Take(t.Context(), other); err != nil || !d.Allowed {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
	}
	if tenants, budgets := e.Kept(); tenants != 4 || budgets < people/10 {
		t.Errorf("Kept() = %d, %d, want 4 tenants and budgets of people", tenants, budgets)
	}
	until(t, "one tenant and two budgets are left", func() bool {
		if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed && d.Budget.Kind != quota.OfUser {
			t.Fatalf("Take() = %+v, %v", d, err)
		}
		tenants, budgets := e.Kept()
		return tenants == 1 && budgets == 2
	})
	until(t, "nothing is left", func() bool { tenants, _ := e.Kept(); return tenants == 0 })
}

// A tenant whose budget is locked keeps no other from what it needs: its call waits alone, and leases of others last.
func TestALockedBudgetKeepsNoOtherTenant(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, short)
	r.run(t, e.Run)
	slow, long := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000)}, quota.Call{
		Tenant: r.tenant(t), Meter: meter, Quantity: 10, Lasts: time.Minute, Terms: terms(1_000),
	}
	r.spend(t, e, slow)
	h, d, err := e.Take(t.Context(), long)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	tx, err := r.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM quotas WHERE tenant_id = $1 FOR UPDATE", slow.Tenant.UUID()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond) // the loop wants to give back what is idle of the slow one
	other := quota.Call{Tenant: long.Tenant, Meter: "other", Quantity: 1, Terms: terms(10)}
	begin := time.Now()
	if _, d, err := e.Take(t.Context(), other); err != nil || !d.Allowed || time.Since(begin) > 2*time.Second {
		t.Errorf("Take() of another tenant = %+v, %v after %v, want it allowed soon", d, err, time.Since(begin))
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.fold(t)
	r.fold(t)
	r.record(t, h, long)
	h.Settle(10, 0)
	r.fold(t)
	if used, _, unleased := r.ledger(t, long.Tenant); used != 10 || unleased != 0 {
		t.Errorf("used, unleased of the call that lasted = %d, %d, want 10, 0", used, unleased)
	}
}
