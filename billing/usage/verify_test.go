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
	verify := func(of id.Tenant) (found []usage.Difference) {
		t.Helper()
		err := r.db.System(t.Context(), func(sys *db.SystemTx) (err error) {
			found, err = usage.Verify(t.Context(), sys, usage.Audit{Tenant: of, From: today.AddDate(0, 0, -2), To: today.AddDate(0, 0, 1)})
			return err
		})
		if err != nil {
			t.Fatalf("Verify() = %v", err)
		}
		return found
	}
	for _, when := range []string{"before the fold", "after it"} {
		if found := verify(id.Tenant{}); len(found) != 0 {
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
		{TenantID: b, Meter: "ai.tokens", Day: today.AddDate(0, 0, -1), Cells: 1, Events: 1, HourEvents: 1, Quantity: 8, HourQuantity: 8},
		{TenantID: a, Meter: "ai.tokens", Day: today, Cells: 1, Events: 2, HourEvents: 2, DayEvents: 2, Quantity: 3, HourQuantity: 4, DayQuantity: 3},
	}
	for _, tc := range []struct {
		of   id.Tenant
		want []usage.Difference
	}{{id.Tenant{}, want}, {a, want[1:]}, {b, want[:1]}, {id.New[id.Tenant](), nil}} {
		if diff := cmp.Diff(tc.want, verify(tc.of), cmp.AllowUnexported(id.Tenant{}), cmpopts.EquateApproxTime(0), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("differences of %s (-want +got):\n%s", tc.of, diff)
		}
	}
}

func TestVerifyFindsSumsOfSomebodyElse(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, now := id.New[id.Tenant](), time.Now().UTC()
	r.record(t, []usage.Event{tokens(a, now, 1), tokens(a, now, 2)}, "accepted", "accepted")
	r.fold(t)
	for _, sql := range []string{"UPDATE usage_days SET user_id = gen_random_uuid()", "UPDATE usage_hours SET output_tokens = 1", "UPDATE usage_days SET largest = 9"} {
		c := dial(t, r.urls.AdminURL)
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "CREATE TEMP TABLE kept_days AS SELECT * FROM usage_days; CREATE TEMP TABLE kept_hours AS SELECT * FROM usage_hours; "+sql); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		var found []usage.Difference
		err = r.db.System(t.Context(), func(sys *db.SystemTx) (err error) {
			found, err = usage.Verify(t.Context(), sys, usage.Audit{From: now.Truncate(24 * time.Hour), To: now.AddDate(0, 0, 1)})
			return err
		})
		if err != nil || len(found) != 1 || found[0].Cells == 0 || found[0].Quantity != 3 || found[0].DayQuantity != 3 {
			t.Errorf("after %s: %+v, %v, want a difference in cells", sql, found, err)
		}
		if _, err := c.Exec(t.Context(), `TRUNCATE usage_days, usage_hours; INSERT INTO usage_days SELECT * FROM kept_days;
			INSERT INTO usage_hours SELECT * FROM kept_hours`); err != nil {
			t.Fatal(err)
		}
	}
}
