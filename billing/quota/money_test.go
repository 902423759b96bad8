package quota_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// money is a budget of the tenant for its costs in a currency.
func money(currency string, amount int64) quota.Rule {
	return quota.Rule{Meter: meter, Measure: quota.Cost, Currency: currency, Kind: quota.OfTenant, Period: billing.Day, Amount: amount}
}

// soldIn is a meter without an end whose costs are in a currency.
func soldIn(currency string) *quota.Terms {
	t := terms(0)
	t.Number, t.Meter.Currency = billing.Number{Unlimited: true}, currency
	return t
}

// paid records a cost that no budget has lent anything for.
func (r *rig) paid(tb testing.TB, tenant id.Tenant, cost int64, currency string) {
	tb.Helper()
	got, err := r.Record(tb.Context(), usage.Event{Tenant: tenant, Meter: string(meter), Quantity: 1, Cost: cost, Currency: currency})
	if err != nil || got[0].Status != usage.Accepted {
		tb.Fatalf("Record(%d %s) = %+v, %v", cost, currency, got, err)
	}
}

// accounts are used, leased and unleased of a tenant's rows, by what they count.
func (r *rig) accounts(tb testing.TB, tenant id.Tenant) map[string][3]int64 {
	tb.Helper()
	rows, err := r.admin.Query(tb.Context(), "SELECT measure, used, leased, unleased FROM quotas WHERE tenant_id = $1", tenant.UUID())
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	all := map[string][3]int64{}
	for rows.Next() {
		var measure string
		var n [3]int64
		if err := rows.Scan(&measure, &n[0], &n[1], &n[2]); err != nil {
			tb.Fatal(err)
		}
		all[measure] = n
	}
	return all
}

func (r *rig) wantAccounts(tb testing.TB, tenant id.Tenant, when string, want map[string][3]int64) {
	tb.Helper()
	if diff := cmp.Diff(want, r.accounts(tb, tenant)); diff != "" {
		tb.Errorf("used, leased and unleased %s (-want +got):\n%s", when, diff)
	}
}

// What was paid in other currencies is there before the budget, while it is lent, and after; none of it counts.
func TestABudgetOfMoneyCountsItsCurrencyAlone(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	for currency, cost := range map[string]int64{"USD": 100, "EUR": 20_000, "JPY": 300_000} {
		r.paid(t, tenant, cost, currency)
	}
	r.fold(t)
	r.rules(t, tenant, money("USD", 1_000))
	e := r.engine(t, nil)
	meters := map[billing.Feature]*quota.Terms{meter: soldIn("USD")}
	states := func(when string, used int64) {
		t.Helper()
		list, err := e.States(t.Context(), tenant, meters)
		if err != nil || len(list) != 1 || list[0].Currency != "USD" || list[0].Used != used || list[0].Limit.Value != 1_000 {
			t.Errorf("States() %s = %+v, %v, want %d of 1,000 USD used", when, list, err, used)
		}
	}
	states("before anything is taken", 100)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Cost: 500, Terms: meters[meter]}
	if d := r.spend(t, e, c); !d.Allowed {
		t.Errorf("Take(500 USD) = %+v, want it allowed: 100 of 1,000 are used", d)
	}
	r.paid(t, tenant, 20_000, "EUR")
	r.paid(t, tenant, 30, "USD")
	e.Return(t.Context())
	r.fold(t)
	r.wantAccounts(t, tenant, "after it was folded", map[string][3]int64{"cost USD": {630, 0, 30}})
	states("after it was folded", 630)
	if d := r.spend(t, e, c); d.Allowed || d.Budget.Currency != "USD" || d.Remaining != 370 {
		t.Errorf("Take(500 USD) = %+v, want it refused with 370 USD remaining", d)
	}
	if got := r.number(t, "SELECT count(*) FROM events WHERE tenant_id = $1 AND type = $2", tenant.UUID(), string(events.QuotaReached)); got != 0 {
		t.Errorf("%d thresholds are recorded before Run, want none", got)
	}
	r.run(t, e.Run)
	until(t, "the threshold names the currency", func() bool {
		return r.number(t, "SELECT count(*) FROM events WHERE tenant_id = $1 AND type = $2 AND data ->> 'currency' = 'USD' AND data ->> 'measure' = 'cost'",
			tenant.UUID(), string(events.QuotaReached)) == 1
	})
}

// An amount that was set in one currency says nothing about another: until it is set anew, nothing of that may be spent.
func TestABudgetAllowsNothingOfAnotherCurrency(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	r.rules(t, tenant, money("USD", 1_000))
	e := r.engine(t, nil)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Cost: 400, Terms: soldIn("USD")}
	if d := r.spend(t, e, c); !d.Allowed {
		t.Fatalf("Take(400 USD) = %+v, want it allowed", d)
	}
	for _, currency := range []string{"EUR", ""} {
		c.Terms = soldIn(currency)
		if d := r.spend(t, e, c); d.Allowed || d.Limit.Value != 0 || d.Budget.Currency != currency {
			t.Errorf("Take(400 %s) = %+v, want it refused by a limit of 0", currency, d)
		}
		if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || d.Allowed {
			t.Errorf("Reserve(400 %s) = %+v, %v, want it refused", currency, d, err)
		}
		free := c
		free.Cost = 0
		if _, d, err := e.Take(t.Context(), free); err != nil || !d.Allowed {
			t.Errorf("Take(nothing) in %q = %+v, %v, want it allowed", currency, d, err)
		}
	}
	r.rules(t, tenant, money("EUR", 500))
	e.Drop(tenant)
	c.Terms = soldIn("EUR")
	held, d, err := e.Reserve(t.Context(), c, time.Minute)
	if err != nil || !d.Allowed || d.Remaining != 100 {
		t.Fatalf("Reserve(400 EUR) of a budget that was set anew = %+v, %v, want it allowed with 100 remaining", d, err)
	}
	got, err := r.Record(t.Context(), usage.Event{Tenant: tenant, At: held.At, Meter: string(meter), Quantity: 1, Cost: 150, Currency: "EUR", Lease: held.ID.UUID()})
	if err != nil || got[0].Status != usage.Accepted {
		t.Fatalf("Record() = %+v, %v", got, err)
	}
	if s, err := e.Settle(t.Context(), tenant, held.ID, 1, 150); err != nil || s != (quota.Settlement{}) {
		t.Errorf("Settle(150 EUR) = %+v, %v, want nothing to be said", s, err)
	}
	e.Return(t.Context())
	r.fold(t)
	r.wantAccounts(t, tenant, "in the end", map[string][3]int64{"cost USD": {400, 0, 0}, "cost EUR": {150, 0, 0}, "cost": {0, 0, 0}})
}

// Rows, leases and rules of before a currency was known stay where they are, count nothing more, and break nothing.
func TestBudgetsOfBeforeCurrenciesBreakNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant, lease := r.tenant(t), id.New[id.Reservation]()
	now := time.Now().UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	for sql, args := range map[string][]any{
		`INSERT INTO quotas (tenant_id, meter, measure, kind, subject, period, starts_at, ends_at, base, amount, version, used, leased)
			VALUES ($1, $2, 'cost', 'tenant', '00000000-0000-0000-0000-000000000000', 'day', $3, $3::timestamptz + interval '1 day', 900, 900, 1, 700, 50)`: {tenant.UUID(), string(meter), day},
		`INSERT INTO quota_leases (tenant_id, id, meter, measure, kind, subject, period, starts_at, granted, expires_at, reserved)
			VALUES ($1, $4, $2, 'cost', 'tenant', '00000000-0000-0000-0000-000000000000', 'day', $3, 50, now() - interval '1 second', 50)`: {tenant.UUID(), string(meter), day, lease.UUID()},
		`INSERT INTO quota_rules (tenant_id, meter, measure, kind, subject, period, amount, soft, created_at)
			VALUES ($1, $2, 'cost', 'tenant', '00000000-0000-0000-0000-000000000000', 'day', 900, false, $3)`: {tenant.UUID(), string(meter), day},
	} {
		if _, err := r.admin.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	r.paid(t, tenant, 600, "EUR")
	r.paid(t, tenant, 100, "USD")
	r.fold(t)
	r.fold(t)
	r.wantAccounts(t, tenant, "of before", map[string][3]int64{"cost": {700, 0, 0}})
	e := r.engine(t, nil)
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Cost: 800, Terms: soldIn("USD")}
	if d := r.spend(t, e, c); !d.Allowed {
		t.Errorf("Take(800 USD) = %+v, want it allowed: a rule without a currency is in the meter's, of which 100 of 900 are used", d)
	}
	if s, err := e.Settle(t.Context(), tenant, lease, 1, 50); err != nil || !s.Late {
		t.Errorf("Settle() of a reservation of before = %+v, %v, want it to be late", s, err)
	}
	e.Return(t.Context())
	r.fold(t)
	r.wantAccounts(t, tenant, "in the end", map[string][3]int64{"cost": {700, 0, 0}, "cost USD": {900, 0, 0}})
}

func TestARuleOfMoneyNeedsACurrency(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	for _, currency := range []string{"", "usd", "DOLLARS"} {
		if err := r.set(t, tenant, money(currency, 5)); errs.CodeOf(err) != "meter_without_currency" {
			t.Errorf("SetRule of cost in %q = %v, want meter_without_currency", currency, err)
		}
	}
	other := money("USD", 5)
	other.Measure = quota.Events
	if err := r.set(t, tenant, other); errs.CodeOf(err) != "invalid_input" {
		t.Errorf("SetRule of events in USD = %v, want invalid_input", err)
	}
	if n := r.number(t, "SELECT count(*) FROM quota_rules WHERE tenant_id = $1", tenant.UUID()); n != 0 {
		t.Errorf("%d rules are set, want none", n)
	}
}
