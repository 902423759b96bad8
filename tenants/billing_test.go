package tenants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// billingRow is what the database has of when a tenant's billing begins.
func (c *company) billingRow() string {
	c.Helper()
	rows, err := query[string](c.world, `SELECT COALESCE(to_char(billing_anchor AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'none') || ' ' || updated_at || ' ' || version
		FROM tenants JOIN tenant_state ON tenant_id = id WHERE id = $1`, c.tenant.ID.UUID())
	if err != nil || len(rows) != 1 {
		c.Fatalf("read the billing: %v, %v", rows, err)
	}
	return rows[0]
}

func (c *company) setBilling(begins time.Time) {
	c.Helper()
	c.must(c.operator(), "set the billing", func(tx *db.TenantTx) error {
		_, err := tenants.SetBilling(c.operator(), tx, begins)
		return err
	})
}

func (c *company) anchor() (anchor time.Time) {
	c.Helper()
	c.must(c.operator(), "read what it is entitled to", func(tx *db.TenantTx) error {
		sold, err := tenants.Entitled(c.operator(), tx)
		anchor = sold.Anchor
		return err
	})
	return anchor
}

func TestBillingBeginsAtTheHourInUTC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company("acme"), w.company("globex")
	if got := c.anchor(); !got.IsZero() {
		t.Errorf("the billing of a new tenant begins %v, want no time", got)
	}
	before := other.billingRow()
	for _, tc := range []struct{ begins, want string }{
		{"2025-01-31T00:00:00Z", "2025-01-31T00:00:00Z"},
		{"2024-02-29T07:59:59Z", "2024-02-29T07:00:00Z"},
		{"2025-01-31T22:30:00-05:00", "2025-02-01T03:00:00Z"},
		{"2025-03-01T01:15:00+05:45", "2025-02-28T19:00:00Z"},
	} {
		begins, err := time.Parse(time.RFC3339, tc.begins)
		if err != nil {
			t.Fatal(err)
		}
		c.setBilling(begins)
		if got := c.anchor(); got.Format(time.RFC3339) != tc.want || got.Location() != time.UTC {
			t.Errorf("SetBilling(%s) has it begin %v, want %s", tc.begins, got, tc.want)
		}
	}
	c.setBilling(time.Time{})
	if got := c.anchor(); !got.IsZero() {
		t.Errorf("the billing begins %v after it is by the calendar again, want no time", got)
	}
	if got := other.billingRow(); got != before {
		t.Errorf("another tenant has %s, want %s as before", got, before)
	}
}

func TestAChangeOfTheBillingIsAnnouncedAndRecordedOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	at := time.Date(2025, 6, 15, 9, 0, 0, 0, time.UTC)
	version := func() int64 {
		rows, err := query[int64](c.world, "SELECT version FROM tenant_state WHERE tenant_id = $1", c.tenant.ID.UUID())
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]
	}
	before := version()
	c.setBilling(at)
	c.setBilling(at.Add(20 * time.Minute)) // the same hour
	if got := version(); got != before+1 {
		t.Errorf("the version of the tenant went from %d to %d, want one more for one change", before, got)
	}
	c.setBilling(time.Time{})
	c.setBilling(time.Time{})
	rows, err := query[string](c.world, "SELECT COALESCE(data->>'from', 'none') || ' ' || COALESCE(data->>'to', 'none') FROM events WHERE tenant_id = $1 AND type = $2 ORDER BY id",
		c.tenant.ID.UUID(), string(events.BillingMoved))
	if diff := cmp.Diff([]string{"none 2025-06-15T09:00:00Z", "2025-06-15T09:00:00Z none"}, rows); err != nil || diff != "" {
		t.Errorf("events of the billing (-want +got), %v:\n%s", err, diff)
	}
}

func TestBillingThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.setBilling(time.Date(2025, 6, 15, 9, 0, 0, 0, time.UTC))
	before := c.billingRow()
	for _, begins := range []time.Time{
		time.Now().AddDate(1, 0, 2), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 1, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 30, 0, 0, time.UTC),
		time.Date(-4000, 1, 1, 1, 0, 0, 0, time.UTC), time.Date(2000, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600)),
	} {
		c.refuse(c.operator(), fmt.Sprint("SetBilling of ", begins), errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.SetBilling(c.operator(), tx, begins)
			return err
		})
	}
	if got := c.billingRow(); got != before {
		t.Errorf("after refusals the row is %s, want %s", got, before)
	}
	ahead := time.Now().AddDate(0, 11, 0)
	c.setBilling(ahead)
	if start, end := billing.Billing.Bounds(time.Now(), c.anchor()); start.After(time.Now()) || !end.After(time.Now()) || start.Hour() != ahead.UTC().Hour() {
		t.Errorf("billing that begins in eleven months has the period %v to %v, want one that runs and begins at its hour", start, end)
	}
}
