package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const billedCatalog = `version: 1
features:
  by.month: {title: By month, meter: {unit: calls}, period: month, numbers: {free: 22}}
  by.billing: {title: By billing, meter: {unit: calls}, period: billing, numbers: {free: 33}}
  by.price: {title: By price, meter: {unit: calls}, period: billing, numbers: {free: unlimited}}
`

func lineIs(t *testing.T, c *apitest.Client, query, want string) {
	t.Helper()
	page := look(t, c, "/usage?"+query, 200)
	if got := limitLine.FindStringSubmatch(page); want == "" && got != nil || want != "" && (got == nil || got[1] != want) {
		t.Errorf("the limit of %s = %q, want %q", query, got, want)
	}
}

// A billing period is shown from its hour to its hour, with the limit that it has.
func TestABillingPeriodIsShownAsItRuns(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) { c.Catalog = []byte(billedCatalog) })
	tenant := s.NewTenant(t, billing.Free)
	begins := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -5)
	if begins.Day() == 1 && begins.Hour() == 0 {
		begins = begins.Add(time.Hour) // and not with the month
	}
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetBilling(ctx, tx, begins)
		return err
	})
	admin := s.Session(t, tenant, rbac.Admin)
	browser := s.Browser(admin)
	for _, meter := range []string{"by.billing", "by.price"} {
		used(t, s.Bearer(admin),
			map[string]any{"meter": meter, "quantity": 4, "at": begins.Add(-time.Minute)}, map[string]any{"meter": meter, "quantity": 6, "at": begins.Add(time.Minute)})
	}
	_, ends := billing.Billing.Bounds(begins, begins)
	for _, query := range []string{"meter=by.billing", "meter=by.billing&span=billing"} {
		page := look(t, browser, "/usage?"+query, 200)
		holdsAll(t, page, begins.Format("2 Jan 2006, 15:04")+" to "+ends.Format("2 Jan 2006, 15:04"), "By billing, this billing period", "6 calls in all.")
	}
	holdsAll(t, look(t, browser, "/usage?meter=by.billing&span=last-billing", 200), begins.AddDate(0, 0, -1).Format("15:04")+" to "+begins.Format("2 Jan 2006, 15:04"), "4 calls in all.")
	lineIs(t, browser, "meter=by.billing", "Limit 33 calls")
	lineIs(t, browser, "meter=by.billing&span=month", "")
	lineIs(t, browser, "meter=by.billing&span=last-billing", "")
	file := string(browser.Do(t, http.MethodGet, "/usage/csv?meter=by.billing&span=billing", nil).Want(t, http.StatusOK).Text)
	if !strings.Contains(file, ",6,") || strings.Contains(file, ",4,") || strings.Contains(file, ",10,") {
		t.Errorf("the file of the billing period is\n%s\nwant the 6 of it alone", file)
	}
	holdsAll(t, look(t, browser, "/usage?meter=by.price", 200), "6 calls in all.", "<dd>6") // of which no budget says what was used
	other := s.Browser(s.Session(t, s.NewTenant(t, billing.Free), rbac.Admin))
	if page := look(t, other, "/usage?meter=by.billing", 200); strings.Contains(page, "This billing period") {
		t.Error("a tenant whose billing has not begun is offered billing periods")
	}
}

// The limit of a period that is over is the one that it had, where that is known.
func TestTheLimitOfAPastPeriodIsTheOneItHad(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) { c.Catalog = []byte(billedCatalog) })
	tenant, other := s.NewTenant(t, billing.Free), s.NewTenant(t, billing.Free)
	begins := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -5)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetBilling(ctx, tx, begins)
		return err
	})
	month, _ := billing.Month.Bounds(time.Now(), time.Time{})
	admin := s.Session(t, tenant, rbac.Admin)
	for _, p := range []struct {
		meter  string
		period billing.Period
		ends   time.Time
		amount int64
	}{{"by.month", billing.Month, month, 17}, {"by.billing", billing.Billing, begins, 27}} {
		starts, _ := p.period.Bounds(p.ends.Add(-time.Hour), begins)
		_, err := s.Admin.Exec(t.Context(), `INSERT INTO quotas (tenant_id, meter, measure, kind, subject, period, starts_at, ends_at, base, amount, version, used)
			VALUES ($1, $2, 'quantity', 'tenant', $3, $4, $5, $6, $7, $7, 1, 0), ($1, $2, 'quantity', 'user', $8, $4, $5, $6, 5, 5, 1, 0)`,
			tenant.ID.UUID(), p.meter, uuid.Nil, string(p.period), starts, p.ends, p.amount, uuid.New())
		if err != nil {
			t.Fatal(err)
		}
		used(t, s.Bearer(admin), map[string]any{"meter": p.meter, "quantity": 4, "at": p.ends.Add(-time.Hour)})
	}
	browser := s.Browser(admin)
	lineIs(t, browser, "meter=by.month&span=last-month", "Limit 17 calls")
	lineIs(t, browser, "meter=by.billing&span=last-billing", "Limit 27 calls")
	lineIs(t, browser, "meter=by.month&span=30-days", "")
	stranger := s.Session(t, other, rbac.Admin)
	used(t, s.Bearer(stranger), map[string]any{"meter": "by.month", "quantity": 4, "at": month.Add(-time.Hour)})
	lineIs(t, s.Browser(stranger), "meter=by.month&span=last-month", "")
}
