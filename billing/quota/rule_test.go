package quota_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// kinds are twelve rules of one meter, no two of a kind.
func kinds() (list []quota.Rule) {
	for _, m := range []quota.Measure{quota.Quantity, quota.Events, quota.Cost} {
		for _, p := range []billing.Period{billing.Day, billing.Month, billing.Billing, billing.Year} {
			rule := quota.Rule{Meter: meter, Measure: m, Kind: quota.OfUser, Period: p, Amount: 5}
			if m == quota.Cost {
				rule.Currency = "USD"
			}
			list = append(list, rule)
		}
	}
	return list
}

func (r *rig) set(tb testing.TB, tenant id.Tenant, rule quota.Rule) error {
	tb.Helper()
	return r.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error { return quota.SetRule(tb.Context(), tx, rule) })
}

// Twelve come at once; a call meets all kinds of its meter, so that there are seven.
func TestAMeterHasSevenKindsOfRules(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	var set atomic.Int64
	var all sync.WaitGroup
	for _, rule := range kinds() {
		all.Go(func() {
			switch err := r.set(t, tenant, rule); {
			case err == nil:
				set.Add(1)
			case errs.As(err).Code != "too_many_budgets":
				t.Errorf("SetRule(%+v) = %v, want too_many_budgets", rule, err)
			}
		})
	}
	all.Wait()
	if set.Load() != 7 {
		t.Errorf("%d of 12 were set, want 7", set.Load())
	}
	other := kinds()[0]
	other.Meter = "exports"
	if err := r.set(t, tenant, other); err != nil {
		t.Errorf("SetRule of another meter = %v", err)
	}
}

func TestATenantHasAThousandRules(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	first := uuid.MustParse("00000000-0000-0000-0000-000000000001")
	_, err := r.admin.Exec(t.Context(), `INSERT INTO quota_rules (tenant_id, meter, measure, kind, subject, period, amount, soft, created_at)
		SELECT $1, $2, 'quantity', 'user', lpad(to_hex(n), 32, '0')::uuid, 'day', 5, false, now() FROM generate_series(1, $3::int) n`,
		tenant.UUID(), string(meter), quota.MaxRules)
	if err != nil {
		t.Fatal(err)
	}
	rule := quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfUser, Subject: first, Period: billing.Day, Amount: 9}
	if err := r.set(t, tenant, rule); err != nil {
		t.Errorf("SetRule of one that is there = %v", err)
	}
	rule.Subject = uuid.New()
	if err := r.set(t, tenant, rule); err == nil || errs.As(err).Code != "too_many_budgets" {
		t.Errorf("SetRule of one more = %v, want too_many_budgets", err)
	}
	if err := r.set(t, r.tenant(t), rule); err != nil {
		t.Errorf("SetRule of another tenant = %v", err)
	}
}

func TestOfIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, r := range []quota.Rule{
		{Kind: quota.OfTenant},
		{Kind: quota.OfUser},
		{Kind: quota.OfKey},
		{Kind: quota.OfUser, Subject: uuid.New()},
		{Kind: quota.OfKey, Subject: uuid.New()},
	} {
		if kind, subject, err := quota.ParseOf(r.Of()); err != nil || kind != r.Kind || subject != r.Subject {
			t.Errorf("ParseOf(%q) = %v, %v, %v, want %v, %v", r.Of(), kind, subject, err, r.Kind, r.Subject)
		}
	}
	for _, text := range []string{"", "Tenant", "users", "usr_", id.New[id.Membership]().String(), uuid.NewString()} {
		if _, _, err := quota.ParseOf(text); err == nil || errs.As(err).Code != "not_found" {
			t.Errorf("ParseOf(%q) = %v, want not_found", text, err)
		}
	}
}
