package quota_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// What an instance holds of a budget that becomes smaller goes back before it is spent.
func TestALoweredNumberHoldsWhileLeasesAreOut(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	e := r.engine(t, nil)
	take := func(plan *quota.Terms) bool {
		t.Helper()
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: plan})
		if err != nil {
			t.Fatal(err)
		}
		return d.Allowed
	}
	plan := terms(1_000)
	if !take(plan) {
		t.Fatal("Take() of 1,000 is refused")
	}
	lowered := terms(2)
	lowered.Version = 2
	if !take(lowered) || take(lowered) {
		t.Errorf("after the number is lowered to 2 it is not reached with the second call")
	}
	if _, leased, _ := r.ledger(t, tenant); leased != 2 {
		t.Errorf("leased = %d, want the 2 that are spent", leased)
	}
}

// A grant that is taken back is not spent from leases.
func TestARevokedGrantHoldsWhileLeasesAreOut(t *testing.T) {
	t.Parallel()
	r := build(t)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1)}
	var g quota.Grant
	r.within(t, c.Tenant, func(ctx context.Context, tx *db.TenantTx) (err error) {
		g, err = quota.Give(ctx, tx, quota.Grant{Meter: meter, Amount: 1_000, ExpiresAt: tx.Now.AddDate(0, 1, 0), Reason: "trial"})
		return err
	})
	e := r.engine(t, nil)
	r.spend(t, e, c)
	r.within(t, c.Tenant, func(ctx context.Context, tx *db.TenantTx) error { return quota.Revoke(ctx, tx, g.ID) })
	e.Drop(c.Tenant)
	if d := r.spend(t, e, c); d.Allowed {
		t.Errorf("Take() after the grant is revoked = %+v, want it refused", d)
	}
}

// A change that is made while an instance reads is not lost on it.
func TestAChangeWhileRulesAreReadIsSeen(t *testing.T) {
	t.Parallel()
	r := build(t)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000)}
	e := r.engine(t, nil)
	tx, err := r.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK quota_grants IN ACCESS EXCLUSIVE MODE"); err != nil { // which are read after the rules
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() {
		_, _, err := e.Take(t.Context(), c)
		first <- err
	}()
	time.Sleep(300 * time.Millisecond)
	r.rules(t, c.Tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfTenant, Period: billing.Day, Amount: 0})
	e.Drop(c.Tenant)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if _, d, err := e.Take(t.Context(), c); err != nil || d.Allowed {
		t.Errorf("Take() after a budget of 0 is set = %+v, %v, want it refused", d, err)
	}
}

// Rules are read again after some leases, also where nobody has told of a change.
func TestAChangeThatNobodyToldOfIsSeen(t *testing.T) {
	t.Parallel()
	r := build(t)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1_000_000)}
	e := r.engine(t, func(c *quota.Config) { c.Lease = 200 * time.Millisecond })
	r.run(t, e.Run)
	if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	r.rules(t, c.Tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfTenant, Period: billing.Day, Amount: 0})
	until(t, "the rule is met", func() bool {
		_, d, err := e.Take(t.Context(), c)
		return err == nil && !d.Allowed
	})
}

// A threshold that cannot be recorded does not keep those of other tenants.
func TestAThresholdThatCannotBeRecordedKeepsNoOther(t *testing.T) {
	t.Parallel()
	r := build(t)
	for range 101 { // of tenants that are no more
		_, err := r.admin.Exec(t.Context(), `INSERT INTO quotas (tenant_id, meter, measure, kind, subject, period, starts_at, ends_at, base, amount, version, used, reached)
			VALUES ($1, $2, 'quantity', 'tenant', $3, 'month', date_trunc('month', now()), now() + interval '1 month', 1, 1, 1, 1, 100)`,
			uuid.New(), string(meter), uuid.Nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	e := r.engine(t, nil)
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(1)}
	r.spend(t, e, c)
	r.fold(t)
	until(t, "the threshold is recorded", func() bool {
		return r.number(t, "SELECT count(*) FROM events WHERE tenant_id = $1 AND type = $2", c.Tenant.UUID(), string(events.QuotaReached)) == 3
	})
}
