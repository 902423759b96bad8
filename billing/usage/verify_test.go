package usage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestVerifyFindsSumsThatEventsDoNotGive(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, b, now := id.New[id.Tenant](), id.New[id.Tenant](), time.Now().UTC()
	today := now.Truncate(24 * time.Hour)
	events := []usage.Event{tokens(a, now, 1), tokens(a, now, 2), tokens(b, now, 4), tokens(b, now.AddDate(0, 0, -1), 8)}
	r.record(t, events, "accepted", "accepted", "accepted", "accepted")
	verify := func() (found []usage.Difference) {
		t.Helper()
		err := r.db.System(t.Context(), func(sys *db.SystemTx) (err error) {
			found, err = usage.Verify(t.Context(), sys, today.AddDate(0, 0, -2), today.AddDate(0, 0, 1))
			return err
		})
		if err != nil {
			t.Fatalf("Verify() = %v", err)
		}
		return found
	}
	for _, when := range []string{"before the fold", "after it"} {
		if found := verify(); len(found) != 0 {
			t.Errorf("%s: %+v, want no difference", when, found)
		}
		r.fold(t)
	}
	c := dial(t, r.urls.AdminURL)
	for _, sql := range []string{"UPDATE usage_hours SET quantity = quantity + 1 WHERE tenant_id = $1", "DELETE FROM usage_days WHERE tenant_id = $1 AND quantity = 8"} {
		tenant := a
		if sql[0] == 'D' {
			tenant = b
		}
		if _, err := c.Exec(t.Context(), sql, tenant.UUID()); err != nil {
			t.Fatal(err)
		}
	}
	want := []usage.Difference{
		{TenantID: b, Meter: "ai.tokens", Day: today.AddDate(0, 0, -1), Events: 1, HourEvents: 1, Quantity: 8, HourQuantity: 8},
		{TenantID: a, Meter: "ai.tokens", Day: today, Events: 2, HourEvents: 2, DayEvents: 2, Quantity: 3, HourQuantity: 4, DayQuantity: 3},
	}
	if diff := cmp.Diff(want, verify(), cmp.AllowUnexported(id.Tenant{}), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
