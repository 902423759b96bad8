package quota_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// billed are terms of a tenant whose billing began at a moment, in a version of it.
func billed(n int64, anchor time.Time, version int64) *quota.Terms {
	t := terms(n)
	t.Meter.Period, t.Anchor, t.Version = billing.Billing, anchor.UTC(), version
	return t
}

// ago is a moment some days ago, in the middle of an hour.
func ago(days int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -days).Add(20 * time.Minute)
}

// since is the billing period that began some days ago.
func since(days int) (starts, ends time.Time) { return billing.Billing.Bounds(ago(days), ago(days)) }

// used records what a tenant used some days ago, and folds it.
func (r *rig) used(t *testing.T, tenant id.Tenant, n int64, days int) {
	t.Helper()
	e := usage.Event{Tenant: tenant, At: ago(days).Add(time.Hour), Meter: string(meter), Quantity: n, Subject: fmt.Sprint("thing ", days)}
	got, err := r.Record(t.Context(), e)
	if err != nil || got[0].Status != usage.Accepted {
		t.Fatalf("Record() = %+v, %v", got, err)
	}
	r.fold(t)
}

// take takes as many as it may of a tenant's meter, and records them.
func (r *rig) take(t *testing.T, e *quota.Engine, tenant id.Tenant, plan *quota.Terms) (n int64, last quota.Decision) {
	t.Helper()
	for ; n < 1_000; n++ {
		if last = r.spend(t, e, quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: plan}); !last.Allowed {
			break
		}
	}
	return n, last
}

// period is a row of the ledger.
type period struct {
	Starts, Ends           time.Time
	Used, Leased, Unleased int64
}

func (r *rig) periods(t *testing.T, tenant id.Tenant) (list []period) {
	t.Helper()
	rows, err := r.admin.Query(t.Context(), "SELECT starts_at, ends_at, used, leased, unleased FROM quotas WHERE tenant_id = $1 ORDER BY starts_at", tenant.UUID())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p period
		if err := rows.Scan(&p.Starts, &p.Ends, &p.Used, &p.Leased, &p.Unleased); err != nil {
			t.Fatal(err)
		}
		p.Starts, p.Ends = p.Starts.UTC(), p.Ends.UTC()
		list = append(list, p)
	}
	return list
}

// A billing period that begins at another time has what was used in its new bounds: neither all anew, nor anything twice.
func TestABillingPeriodThatMovesKeepsWhatWasUsedInIt(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, other := r.tenant(t), r.tenant(t)
	for _, of := range []id.Tenant{tenant, other} {
		r.used(t, of, 30, 12)
		r.used(t, of, 20, 5)
	}
	e := r.engine(t, nil)
	first, second, third := billed(60, ago(13), 1), billed(60, ago(7), 2), billed(60, ago(13), 3)
	for _, of := range []id.Tenant{tenant, other} {
		if n, d := r.take(t, e, of, first); n != 10 || d.Used != 60 {
			t.Fatalf("admitted %d of 60 of which 50 are used, and then %+v, want 10 and all used", n, d)
		}
	}
	_, ends := since(7)
	if n, d := r.take(t, e, tenant, second); n != 30 || d.Used != 60 || !d.ResetsAt.Equal(ends) {
		t.Errorf("admitted %d after the period begins 7 days ago, and then %+v, want 30 beside the 20 and the 10 that were used since", n, d)
	}
	if n, d := r.take(t, e, tenant, third); n != 0 || d.Used != 90 {
		t.Errorf("admitted %d after the period begins 13 days ago again, and then %+v, want none, of 90 that are used", n, d)
	}
	if n, d := r.take(t, e, other, first); n != 0 || d.Used != 60 {
		t.Errorf("admitted %d of another tenant, and then %+v, want none: nothing of it has moved", n, d)
	}
	e.Return(t.Context())
	r.fold(t)
	starts, ends := since(13)
	if diff := cmp.Diff([]period{{starts, ends, 90, 0, 0}}, r.periods(t, tenant)); diff != "" {
		t.Errorf("the ledger has (-want +got):\n%s", diff)
	}
}

// What was used before the new period begins stays in the former one, which ends there.
func TestTheFormerPeriodEndsWhereTheNextBegins(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	r.used(t, tenant, 30, 12)
	r.used(t, tenant, 20, 5)
	e := r.engine(t, nil)
	r.take(t, e, tenant, billed(55, ago(13), 1))
	r.take(t, e, tenant, billed(55, ago(7), 2))
	r.used(t, tenant, 1, 11) // which comes late
	e.Return(t.Context())
	r.fold(t)
	former, _ := since(13)
	starts, ends := since(7)
	want := []period{{former, starts, 31, 0, 1}, {starts, ends, 55, 0, 0}}
	if diff := cmp.Diff(want, r.periods(t, tenant)); diff != "" {
		t.Errorf("the ledger has (-want +got):\n%s", diff)
	}
}

// What instances hold and what is reserved when the period moves counts in the new one, and comes back to it.
func TestWhatIsHeldCountsInThePeriodThatMoved(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	one, two := r.engine(t, nil), r.engine(t, nil)
	before, after := billed(100, ago(13), 1), billed(100, ago(7), 2)
	call := quota.Call{Tenant: tenant, Meter: meter, Quantity: 30, Terms: before}
	held, d, err := one.Take(t.Context(), call)
	if err != nil || !d.Allowed {
		t.Fatalf("Take() = %+v, %v", d, err)
	}
	reserved, d, err := one.Reserve(t.Context(), call, time.Minute)
	if err != nil || !d.Allowed {
		t.Fatalf("Reserve() = %+v, %v", d, err)
	}
	one.Return(t.Context())
	if n, d := r.take(t, two, tenant, after); n != 40 || d.Used != 100 {
		t.Errorf("admitted %d of 100 while 30 are held and 30 reserved, and then %+v, want 40", n, d)
	}
	if s, err := one.Settle(t.Context(), tenant, reserved.ID, 10, 0); err != nil || s != (quota.Settlement{}) {
		t.Errorf("Settle() of what was reserved before the period moved = %+v, %v, want the zero Settlement", s, err)
	}
	held.Release()
	one.Return(t.Context())
	two.Drop(tenant) // a refusal is believed for a moment
	if n, _ := r.take(t, two, tenant, after); n != 50 {
		t.Errorf("admitted %d after 20 and 30 were given back, want 50", n)
	}
}

// A grant that was used before the period moved is not given again.
func TestAGrantIsNotGivenAgainWhenThePeriodMoves(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	r.within(t, tenant, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := quota.Give(ctx, tx, quota.Grant{Meter: meter, Amount: 10, ExpiresAt: tx.Now.AddDate(0, 2, 0), Reason: "welcome"})
		return err
	})
	if _, err := r.admin.Exec(t.Context(), "UPDATE quota_grants SET starts_at = starts_at - interval '30 days'"); err != nil {
		t.Fatal(err)
	}
	r.used(t, tenant, 18, 12)
	e := r.engine(t, nil)
	if n, _ := r.take(t, e, tenant, billed(10, ago(13), 1)); n != 2 {
		t.Fatalf("admitted %d of 10 and a grant of 10 of which 18 are used, want 2", n)
	}
	if n, d := r.take(t, e, tenant, billed(10, ago(7), 2)); n != 10 || d.Used != 12 {
		t.Errorf("admitted %d after the period moved, and then %+v, want 8 of the plan and 2 of the grant", n, d)
	}
}

// A budget of money, and one for each person, move with the billing period as the plan's number does.
func TestRulesMoveWithTheBillingPeriod(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, user := r.tenant(t), id.New[id.User]()
	r.rules(t, tenant,
		quota.Rule{Meter: meter, Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Billing, Amount: 1_000},
		quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfUser, Period: billing.Billing, Amount: 4})
	for _, e := range []usage.Event{
		{At: ago(12), Quantity: 1, Cost: 500, Currency: "USD", User: user},
		{At: ago(5), Quantity: 1, Cost: 300, Currency: "USD", User: user},
		{At: ago(5), Quantity: 1, Cost: 9_000, Currency: "EUR"},
	} {
		e.Tenant, e.Meter = tenant, string(meter)
		if got, err := r.Record(t.Context(), e); err != nil || got[0].Status != usage.Accepted {
			t.Fatalf("Record() = %+v, %v", got, err)
		}
	}
	r.fold(t)
	e := r.engine(t, nil)
	first, second := billed(0, ago(13), 1), billed(0, ago(7), 2)
	for _, plan := range []*quota.Terms{first, second} {
		plan.Number = billing.Number{Unlimited: true}
		plan.Meter.Currency = "USD"
	}
	c := quota.Call{Tenant: tenant, Meter: meter, User: user, Quantity: 1, Cost: 150, Terms: first}
	if d := r.spend(t, e, c); !d.Allowed {
		t.Errorf("Take(150 USD) of 1,000 of which 800 are used = %+v, want it allowed", d)
	}
	if d := r.spend(t, e, c); d.Allowed || d.Budget.Measure != quota.Cost || d.Used != 950 {
		t.Errorf("Take(150 USD) of 1,000 of which 950 are used = %+v, want it refused", d)
	}
	c.Terms = second
	for range 2 {
		if d := r.spend(t, e, c); !d.Allowed {
			t.Errorf("Take(150 USD) of 1,000 after the period moved = %+v, want it allowed", d)
		}
	}
	if d := r.spend(t, e, c); d.Allowed || d.Budget.Measure != quota.Events || d.Used != 4 {
		t.Errorf("a fifth call of the person = %+v, want it refused by the budget of 4 calls", d)
	}
}
