package quota_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
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

// An instance that has not heard that the period moves takes of the new one, and cannot bring the former one back.
func TestAnInstanceThatHasNotHeardAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	r.used(t, tenant, 30, 12)
	fresh, stale := r.engine(t, nil), r.engine(t, nil)
	before, after := billed(40, ago(13), 1), billed(40, ago(7), 2)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: before}
	r.spend(t, stale, c)
	stale.Return(t.Context())
	c.Terms = after
	for range 5 {
		r.spend(t, fresh, c)
	}
	fresh.Return(t.Context())
	_, ends := since(7)
	if n, d := r.take(t, stale, tenant, before); n != 34 || d.Used != 40 || !d.ResetsAt.Equal(ends) {
		t.Errorf("admitted %d on an instance that has not heard, and then %+v, want 34 beside 6 of the period that moved", n, d)
	}
	if n, _ := r.take(t, fresh, tenant, after); n != 0 {
		t.Errorf("admitted %d more on the one that has, want none", n)
	}
	if s, err := fresh.States(t.Context(), tenant, map[billing.Feature]*quota.Terms{meter: after}); err != nil || len(s) != 1 || s[0].Used != 40 {
		t.Errorf("States() = %+v, %v, want one with 40 used", s, err)
	}
}

// One that has missed two changes finds each of its budgets in the period of whoever moved it last.
func TestAnInstanceThatHasMissedTwoChangesAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, user, other := r.tenant(t), id.New[id.User](), id.New[id.User]()
	r.rules(t, tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfUser, Period: billing.Billing, Amount: 10})
	fresh, stale := r.engine(t, nil), r.engine(t, nil)
	for _, c := range []quota.Call{
		{User: user, Terms: billed(40, ago(13), 1)}, {User: user, Terms: billed(40, ago(7), 2)}, {User: other, Terms: billed(40, ago(5), 3)},
	} {
		c.Tenant, c.Meter, c.Quantity = tenant, meter, 1
		if d := r.spend(t, fresh, c); !d.Allowed {
			t.Fatalf("Take() at version %d = %+v, want it allowed", c.Terms.Version, d)
		}
		fresh.Return(t.Context())
	}
	c := quota.Call{Tenant: tenant, Meter: meter, User: user, Quantity: 1, Terms: billed(40, ago(13), 1)}
	for n := range 9 {
		if d := r.spend(t, stale, c); d.Allowed != (n < 8) {
			t.Errorf("Take(%d) of 10 of which 2 are used = %+v", n+3, d)
		}
	}
	stale.Return(t.Context())
	r.fold(t)
	starts, ends := since(5)
	if got := r.periods(t, tenant); len(got) == 0 || got[len(got)-1].Starts != starts || got[len(got)-1].Ends != ends {
		t.Errorf("the ledger has %+v, want the last to begin 5 days ago", got)
	}
}

// One that has not heard until the period is over that others have made finds the next.
func TestAnInstanceThatHasNotHeardForLongAgrees(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	before, after := billed(40, ago(13), 1), billed(40, ago(25), 2)
	_, ends := billing.Billing.Bounds(ago(0), after.Anchor)
	later := func(c *quota.Config) {
		c.Clock = func(at time.Time) time.Time { return at.Add(time.Until(ends) + time.Hour) }
	}
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: after}
	r.spend(t, r.engine(t, nil), c)
	c.Terms = before
	stale := r.engine(t, later)
	_, next := billing.Billing.Bounds(ends, ends)
	if _, d, err := stale.Take(t.Context(), c); err != nil || !d.Allowed {
		t.Errorf("Take() on an instance that has not heard = %+v, %v, want it allowed", d, err)
	}
	if d, known := stale.Known(c); !known || d.Used != 1 || !d.ResetsAt.Equal(next) {
		t.Errorf("Known() = %+v, %v, want 1 used in the period that ends %v", d, known, next)
	}
}

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

// While the billing moves to and fro, instances that hear of it at different times admit all that there is, and nothing twice.
func TestInstancesAgreeWhileThePeriodMoves(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	const limit = 4_000
	r.used(t, tenant, 1_000, 1)
	r.rules(t, tenant, quota.Rule{Meter: meter, Measure: quota.Events, Kind: quota.OfUser, Period: billing.Billing, Amount: 1_000_000})
	var newest atomic.Pointer[quota.Terms]
	newest.Store(billed(limit, ago(3), 1))
	var admitted atomic.Int64
	var all sync.WaitGroup
	ended := make(chan struct{})
	for i := range 3 {
		e := r.engine(t, func(c *quota.Config) { c.Lease = instanceLease })
		r.run(t, e.Run)
		var heard atomic.Pointer[quota.Terms]
		heard.Store(newest.Load())
		go func() { // hears of it some time later
			for {
				select {
				case <-ended:
					return
				case <-time.After(time.Duration(10+30*i) * time.Millisecond):
					heard.Store(newest.Load())
				}
			}
		}()
		for range 2 {
			user := id.New[id.User]()
			all.Go(func() {
				for refused := (time.Time{}); refused.IsZero() || time.Since(refused) < time.Second; {
					c := quota.Call{Tenant: tenant, Meter: meter, User: user, Quantity: 1, Terms: heard.Load()}
					h, d, err := e.Take(t.Context(), c)
					switch {
					case err != nil:
						t.Errorf("Take() = %v", err)
						return
					case d.Allowed:
						refused = time.Time{}
						admitted.Add(1)
						r.record(t, h, c)
					default:
						if refused.IsZero() {
							refused = time.Now()
						}
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
	}
	go func() {
		for n := int64(2); ; n++ {
			select {
			case <-ended:
				return
			case <-time.After(150 * time.Millisecond):
				newest.Store(billed(limit, ago(2+int(n*7%20)), n))
			}
		}
	}()
	var folding sync.WaitGroup
	folding.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if _, err := r.folder.Fold(t.Context()); err != nil {
				t.Errorf("Fold() = %v", err)
			}
		}
	})
	all.Wait()
	close(ended)
	folding.Wait()
	if n := admitted.Load(); n != limit-1_000 {
		t.Errorf("admitted %d, want the 3,000 that are left of %d", n, limit)
	}
}
