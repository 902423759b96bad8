package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

const billedCatalog = `version: 1
features:
  ai.tokens: {numbers: {free: 1000}, period: billing, meter: {unit: tokens}}
  calls: {numbers: {free: 1000}, period: month, meter: true}
`

type billedPeriod struct {
	Anchor   *time.Time `json:"billing_anchor"`
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   time.Time  `json:"ends_at"`
}

type billedMeter struct {
	Meter  string `json:"meter"`
	Limit  int64  `json:"limit"`
	Used   int64  `json:"used"`
	Former *int64 `json:"used_in_former_period"`
}

type billedTenant struct {
	Tenant string        `json:"tenant"`
	Done   bool          `json:"done"`
	Period billedPeriod  `json:"period"`
	Former *billedPeriod `json:"former_period"`
	Meters []billedMeter `json:"meters"`
}

func TestTenantBillingSaysWhatWasUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, billedCatalog))
	acme := w.tenant(t, "acme", "free").id(t)
	globex := w.tenant(t, "globex", "free").id(t)
	r := w.recorder(t)
	now := time.Now().UTC().Truncate(time.Hour)
	first, second := now.AddDate(0, 0, -13), now.AddDate(0, 0, -5)
	r.record(t,
		usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 300, At: second.Add(-time.Minute)},
		usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 50, At: second.Add(time.Minute)},
		usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 7, At: first.Add(-time.Minute)},
		usage.Event{Tenant: globex, Meter: "ai.tokens", Quantity: 77, At: second.Add(time.Minute)},
	)
	r.fold(t, w)
	begin := func(at time.Time) string { return "--begins " + at.Add(20*time.Minute).Format(time.RFC3339) }
	succeed(t, w.env, args("tenant billing acme "+begin(first))...)
	before := w.everything(t)
	for _, tc := range []struct{ line, want string }{
		{"--begins tomorrow", `--begins "tomorrow" is neither a date`},
		{"--begins 2026-02-30", `--begins "2026-02-30" is neither a date`},
		{"--begins 1999-12-31", "begins: Billing begins in 2000 or later."},
		{"--begins 2200-01-01", "begins: Billing begins within a year from now."},
		{"--begins 2200-01-01 --dry-run", "begins: Billing begins within a year from now."},
		{"--begins=", "say --calendar"},
		{"--begins 0001-01-01", "say --calendar"},
		{"--begins 0001-01-01T00:30:00Z", "begins: Billing begins in 2000 or later."},
		{"--begins 2026-01-01 --calendar", "none of the others can be"},
		{"--dry-run", "--dry-run goes with --begins or --calendar"},
	} {
		if got := fail(t, w.env, args("tenant billing acme "+tc.line)...); !strings.Contains(got, tc.want) {
			t.Errorf("tenant billing %s said %q, want %q", tc.line, got, tc.want)
		}
	}
	if got := fail(t, w.env, args("tenant billing nobody "+begin(first))...); !strings.Contains(got, "no such") {
		t.Errorf("tenant billing of nobody said %q", got)
	}
	after := func(at time.Time) time.Time {
		_, ends := billing.Billing.Bounds(at, at)
		return ends
	}
	former := int64(350)
	want := billedTenant{
		"acme", false,
		billedPeriod{&second, second, after(second)},
		&billedPeriod{&first, first, after(first)},
		[]billedMeter{{"ai.tokens", 1000, 50, &former}},
	}
	if diff := cmp.Diff(want, decode[billedTenant](t, succeed(t, w.env, args("tenant billing acme --dry-run --json "+begin(second))...))); diff != "" {
		t.Errorf("tenant billing --dry-run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.everything(t)); diff != "" {
		t.Errorf("a dry run or a refusal changed the database (-before +after):\n%s", diff)
	}
	span := func(at time.Time) string {
		return at.Format(time.RFC3339) + " to " + after(at).Format(time.RFC3339)
	}
	for _, tc := range []struct{ line, want string }{
		{"acme " + begin(second), "the billing period of acme is " + span(second) + "\nit was " + span(first) + "\nmeter     ai.tokens 50 of 1000 used, 350 in the period as it was\n"},
		{"acme", "the billing period of acme is " + span(second) + "\nmeter     ai.tokens 50 of 1000 used\n"},
		{"acme --calendar --dry-run", "the billing period of acme would be " + span(now.AddDate(0, 0, 1-now.Day()).Truncate(24*time.Hour)) + "\nit was " + span(second)},
	} {
		if got := succeed(t, w.env, args("tenant billing "+tc.line)...); !strings.HasPrefix(got, tc.want) {
			t.Errorf("tenant billing %s printed\n%swant\n%s", tc.line, got, tc.want)
		}
	}
	if got := w.query(t, "SELECT count(*)::text FROM tenants WHERE slug = 'globex' AND billing_anchor IS NULL AND updated_at = created_at"); got != "1" {
		t.Error("another tenant was changed")
	}
	for _, tc := range []struct{ flag, want string }{
		{"--billing", "ai.tokens,50,1,0,0,0,0,"},
		{"--billing=" + first.Format(time.RFC3339), "ai.tokens,307,2,0,0,0,0,"},
		{"--billing=" + second.Format(time.RFC3339), "ai.tokens,50,1,0,0,0,0,"},
	} {
		if got := succeed(t, w.env, args("usage report --tenant acme --format csv --meter ai.tokens "+tc.flag)...); !strings.HasSuffix(got, "\r\n"+tc.want+"\r\n") {
			t.Errorf("usage report %s printed\n%swant\n%s", tc.flag, got, tc.want)
		}
	}
	wanted := "the billing period of acme is " + span(second) + "\nMETER      VALUE  EVENTS\nai.tokens  50     1\n"
	if diff := cmp.Diff(wanted, succeed(t, w.env, args("usage report --tenant acme --billing")...)); diff != "" {
		t.Errorf("usage report --billing (-want +got):\n%s", diff)
	}
	if got, want := fail(t, w.env, args("usage report --tenant acme --billing 2026-10-20")...), "want --billing=2026-10-20 "; !strings.HasPrefix(got, want) {
		t.Errorf("usage report --billing 2026-10-20 said %q, want %q", got, want)
	}
	if got, want := succeed(t, w.env, args("tenant grant give ai.tokens --tenant acme --amount 5 --reason outage")...), "until "+after(second).Format(time.RFC3339); !strings.Contains(got, want) {
		t.Errorf("a grant of the period that runs says %q, want %q", got, want)
	}
	for _, line := range []string{"--billing=tomorrow", "--billing --month 2026-10", "--billing --from 2026-10-01"} {
		fail(t, w.env, args("usage report --tenant acme "+line)...)
	}
}
