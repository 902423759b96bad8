package tenants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestDOM_05_TwoTenantsProveOneDomainAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	var check []func() error
	var values []string
	var name string
	for n := range 6 {
		o := r.at(r.world.company(fmt.Sprintf("tenant%d", n)))
		d := o.list(o.operator(), "corp.example")
		name, values = d.Challenge().Name, append(values, d.Challenge().Value)
		check = append(check, func() error { _, err := o.check(o.operator(), d.ID); return err })
	}
	r.dns.Set(name, values...)
	failed := race(check...)
	if succeeded(failed) != 1 {
		t.Fatalf("of 6 tenants that prove one domain %d won, want 1: %v", succeeded(failed), failed)
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the others", err, tenants.ErrDomainUnavailable)
		}
	}
	// What was found is remembered with the refusal.
	n, err := query[int64](r.world, `SELECT count(*) FROM domains WHERE status = 'pending' AND finding = 'unavailable'`)
	if err != nil || n[0] != 5 {
		t.Errorf("%v domains are unavailable (%v), want 5", n, err)
	}
	must(t, r.prover.CheckDue(t.Context()))
}

func TestDOM_06_ADomainThatChangedHandsMovesAfterAWeek(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	buyer := r.at(r.world.company("buyer"))
	old := r.list(r.operator(), "corp.example")
	r.set(old)
	_, err := r.check(r.operator(), old.ID)
	must(t, err)
	r.pass(3 * 24 * time.Hour)

	bought := buyer.list(buyer.operator(), "corp.example")
	buyer.set(bought) // in the place of the old record
	_, err = buyer.check(buyer.operator(), bought.ID)
	wantCode(t, "check by the buyer", err, tenants.ErrDomainUnavailable)
	r.leads("corp.example", r.tenant.ID)
	must(t, r.prover.CheckDue(t.Context())) // the holder is checked at once, not in a month
	if d := r.want(old.ID, tenants.DomainVerified, tenants.FindingMismatch); d.LostAt == nil {
		t.Errorf("the old holder's domain = %+v, want it lost", d)
	}
	if n := r.mails(); n != 1 {
		t.Errorf("%d letters, want a warning to the old holder", n)
	}
	r.pass(6 * 24 * time.Hour)
	_, err = buyer.check(buyer.operator(), bought.ID)
	wantCode(t, "check by the buyer within the week", err, tenants.ErrDomainUnavailable)
	r.pass(2 * 24 * time.Hour)
	buyer.want(bought.ID, tenants.DomainVerified, tenants.FindingFound)
	r.want(old.ID, tenants.DomainFailed, tenants.FindingMismatch)
	r.leads("corp.example", buyer.tenant.ID)
}

func TestACheckInFlightMeetsChanges(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	ctx := r.operator()
	d := r.list(ctx, "corp.example")
	r.set(d)
	look := func() tenants.Sighting {
		t.Helper()
		seen, err := r.prover.Look(ctx, r.tenant.ID, d.ID)
		must(t, err)
		return seen
	}
	// The quicker of two checks counts.
	r.dns.Set(d.Challenge().Name)
	older := look()
	r.set(d)
	newer := look()
	if got, err := r.settle(ctx, newer); err != nil || got.Status != tenants.DomainVerified {
		t.Fatalf("Settle = %+v, %v, want it verified", got, err)
	}
	if got, err := r.settle(ctx, older); err != nil || got.Status != tenants.DomainVerified || got.LostAt != nil {
		t.Errorf("Settle of older news = %+v, %v, want no change", got, err)
	}
	// Removed and listed again meanwhile: another entry, another token.
	found := look()
	must(t, r.remove(ctx, d.ID))
	again := r.list(ctx, "corp.example")
	_, err := r.settle(ctx, found)
	wantCode(t, "Settle of a removed domain", err, errNotFound)
	r.want(again.ID, tenants.DomainPending, "")
	r.leads("corp.example", id.Tenant{})
	// The operator's word came first.
	d = again
	lost := look()
	must(t, r.verify("corp.example"))
	if got, err := r.settle(ctx, lost); err != nil || got.VerifiedBy != tenants.VerifiedByOperator {
		t.Errorf("Settle after the operator = %+v, %v, want the operator's word", got, err)
	}
	// Another tenant's sighting is of nothing.
	other := r.at(r.world.company("globex"))
	_, err = other.settle(ctx, lost)
	wantCode(t, "Settle in another tenant", err, errNotFound)
	_, err = r.prover.Look(ctx, other.tenant.ID, d.ID)
	wantCode(t, "Look in another tenant", err, errNotFound)
}

func TestADeletedTenantProvesNothing(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	ctx := r.operator()
	d := r.list(ctx, "corp.example")
	r.set(d)
	seen, err := r.prover.Look(ctx, r.tenant.ID, d.ID)
	must(t, err)
	must(t, r.db.Admit(ctx, r.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(ctx, sys, tx) }))
	_, err = r.settle(ctx, seen)
	wantCode(t, "Settle in a deleted tenant", err, errNotFound)
	asked := r.dns.Asked()
	r.pass(2 * time.Hour)
	if n := r.dns.Asked(); n != asked {
		t.Errorf("%d questions for a deleted tenant, want none", n-asked)
	}
	r.leads("corp.example", id.Tenant{})
}

func TestInstancesShareTheChecks(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for n := range 20 {
		r.list(r.operator(), fmt.Sprintf("d%d.example", n))
	}
	r.sleep(time.Hour)
	for _, err := range race(repeat(4, func() error { return r.prover.CheckDue(t.Context()) })...) {
		must(t, err)
	}
	if n := r.dns.Asked(); n != 20 {
		t.Errorf("%d questions about 20 domains by 4 instances, want 20", n)
	}
}

func TestTheDatabaseGoesAwayDuringACheck(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.set(d)
	seen, err := r.prover.Look(r.operator(), r.tenant.ID, d.ID)
	must(t, err)
	r.sleep(time.Hour)
	r.db.Close()
	if err := r.prover.CheckDue(t.Context()); err == nil {
		t.Error("CheckDue without a database = nil, want an error")
	}
	if _, err := r.settle(r.operator(), seen); err == nil {
		t.Error("Settle without a database = nil, want an error")
	}
	status, err := query[string](r.world, `SELECT status FROM domains`)
	if err != nil || status[0] != "pending" {
		t.Errorf("the domain is %v (%v), want it pending", status, err)
	}
}
