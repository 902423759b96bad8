package main_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

const unaddedCatalog = meteredCatalog + "  priced: {numbers: {free: 10}, meter: {currency: EUR}}\n  peak: {numbers: {free: 10}, period: month, meter: {aggregation: max}}\n" +
	"  guests: {numbers: {free: 10}, meter: {aggregation: unique}}\n"

func TestQuotaRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, unaddedCatalog))
	w.tenant(t, "acme", "free")
	w.tenant(t, "globex", "free")
	user := func(slug string) string {
		t.Helper()
		var user id.User
		text := w.query(t, "SELECT CAST(user_id AS text) FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE slug = $1", slug)
		if err := user.Scan(text); err != nil {
			t.Fatal(err)
		}
		return user.String()
	}
	ours := user("acme")
	for _, tc := range []struct{ line, want string }{
		{"set ai.tokens --tenant acme --of user --period day --amount 50000", "ai.tokens of acme: 50000 of quantity by day for user, hard\n"},
		{"set ai.tokens --tenant acme --of user --period day --amount 60000 --soft", "ai.tokens of acme: 60000 of quantity by day for user, soft\n"},
		{"set ai.tokens --tenant acme --of " + ours + " --period day --amount 7", "ai.tokens of acme: 7 of quantity by day for " + ours + ", hard\n"},
		{"set ai.tokens --tenant acme --of owner@acme.example --period year --amount 0", "ai.tokens of acme: 0 of quantity by year for " + ours + ", hard\n"},
		{"set priced --tenant acme --measure cost --amount 12.50", "priced of acme: 12.5 EUR of cost by month for tenant, hard\n"},
		{"rules --tenant acme", "METER      OF                              MEASURE   PERIOD  AMOUNT    LIMIT\n" +
			"ai.tokens  user                            quantity  day     60000     soft\n" +
			"ai.tokens  " + ours + "  quantity  day     7         hard\n" +
			"ai.tokens  " + ours + "  quantity  year    0         hard\n" +
			"priced     tenant                          cost      month   12.5 EUR  hard\n"},
		{"remove ai.tokens --tenant acme --of owner@acme.example --period year", "the budget of ai.tokens of acme by year for " + ours + " is removed\n"},
		{"rules --tenant globex", "METER  OF  MEASURE  PERIOD  AMOUNT  LIMIT\n"},
	} {
		if diff := cmp.Diff(tc.want, succeed(t, w.env, args("quota "+tc.line)...)); diff != "" {
			t.Errorf("quota %s (-want +got):\n%s", tc.line, diff)
		}
	}
	type rule struct {
		Meter, Of, Measure, Period, Currency string
		Amount                               int64
		Soft                                 bool
	}
	got := decode[[]rule](t, succeed(t, w.env, args("quota rules --tenant acme --json")...))
	want := []rule{
		{"ai.tokens", "user", "quantity", "day", "", 60000, true},
		{"ai.tokens", ours, "quantity", "day", "", 7, false},
		{"priced", "tenant", "cost", "month", "EUR", 12_500_000_000, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("quota rules --json (-want +got):\n%s", diff)
	}
	for _, tc := range []struct{ line, want string }{
		{"set nothing --tenant acme --amount 5", "There is no such meter"},
		{"set calls --tenant acme --measure cost --amount 5", "no currency"},
		{"set peak --tenant acme --amount 5", "Nothing is used up"},
		{"set peak --tenant acme --measure cost --amount 5", "Nothing is used up"},
		{"set guests --tenant acme --amount 5", "Nothing is used up"},
		{"set guests --tenant acme --of user --measure events --amount 5", "Nothing is used up"},
		{"set guests --tenant acme --measure subjects --amount 5", "Nothing is used up"},
		{"set ai.tokens --tenant acme --amount -5", "not a number in digits"},
		{"set ai.tokens --tenant acme --amount 1e6", "not a number in digits"},
		{"set ai.tokens --tenant acme --amount 9223372036854775807", "A budget is from 0"},
		{"set ai.tokens --tenant acme --measure cost --amount 0.1234567891", "not an amount of money"},
		{"set ai.tokens --tenant acme --measure tokens --amount 5", "measure: A budget is of"},
		{"set ai.tokens --tenant acme --period hour --amount 5", "period: A period is"},
		{"set ai.tokens --tenant acme", "amount"},
		{"set ai.tokens --tenant acme --of team --amount 5", `--of "team"`},
		{"set ai.tokens --tenant acme --of " + user("globex") + " --amount 5", "There is no such"},
		{"set ai.tokens --tenant acme --of owner@globex.example --amount 5", "There is no such"},
		{"set ai.tokens --tenant nobody --amount 5", "nobody"},
		{"remove ai.tokens --tenant acme --of api_key", "There is no such budget"},
		{"list", "unknown command"},
	} {
		if said := fail(t, w.env, args("quota "+tc.line)...); !strings.Contains(said, tc.want) {
			t.Errorf("quota %s said %q, want %q", tc.line, said, tc.want)
		}
	}
}
