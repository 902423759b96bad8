package api_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const moneyCatalog = `
version: 1
features:
  ai.tokens:
    meter: {unit: tokens, cost: 2000, currency: USD}
    numbers: {free: 1000}
  ai.images:
    meter: {aggregation: count, currency: EUR}
    numbers: {free: unlimited}
  exports: {meter: true, numbers: {free: unlimited}}
`

func startWithMoney(t *testing.T) *apitest.Server {
	t.Helper()
	return apitest.Start(t, func(c *gatehouse.Config) { c.Catalog = []byte(moneyCatalog) })
}

type moneyBudget struct {
	Meter, Measure, Currency string
	Limit, Amount, Used      int64
}

func moneyBudgets(t *testing.T, c *apitest.Client, path string) []moneyBudget {
	t.Helper()
	var out struct{ Items []moneyBudget }
	c.Do(t, http.MethodGet, path, nil).Want(t, http.StatusOK).JSON(t, &out)
	var list []moneyBudget
	for _, b := range out.Items {
		if b.Measure == "cost" {
			list = append(list, b)
		}
	}
	return list
}

// On no path does a cost in another currency than the meter's change anything: neither rows of usage, nor of budgets and leases.
func TestACostInAnotherCurrencyIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	s := startWithMoney(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Machine(s.APIKey(t, tenant, rbac.Admin))
	c.Do(t, http.MethodPut, "/v1/quota-rules/ai.tokens/tenant/cost/day", body{"amount": 1000}).Want(t, http.StatusOK)
	made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 10, "cost": 600, "currency": "USD"})
	if made.Reservation == nil {
		t.Fatalf("check = %+v, want a reservation", made)
	}
	ledger := func() (out [4]int64) {
		t.Helper()
		err := s.Admin.QueryRow(t.Context(), `SELECT sum(used)::bigint, sum(leased)::bigint, (SELECT sum(granted)::bigint FROM quota_leases WHERE tenant_id = $1),
			(SELECT count(*) FROM quota_leases WHERE tenant_id = $1 AND settled_at IS NULL) FROM quotas WHERE tenant_id = $1`, tenant.ID.UUID()).
			Scan(&out[0], &out[1], &out[2], &out[3])
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := ledger()
	for _, forged := range []body{{"cost": 5, "currency": "EUR"}, {"currency": "JPY"}} {
		for path, in := range map[string]body{
			"/v1/check":      {"meter": "ai.tokens"},
			settlePath(made): {"quantity": 1},
		} {
			maps.Copy(in, forged)
			c.Do(t, http.MethodPost, path, in).Refused(t, http.StatusUnprocessableEntity, "currency_mismatch")
			if path == "/v1/check" {
				in["record"] = "answer-1"
				c.Do(t, http.MethodPost, path, in).Refused(t, http.StatusUnprocessableEntity, "currency_mismatch")
			}
		}
	}
	wantRows(t, s, tenant, "checks and settles in other currencies")
	for format, events := range map[string]any{
		"application/json": []body{
			{"id": "a", "meter": "ai.tokens", "cost": 5, "currency": "EUR"},
			{"id": "b", "meter": "ai.tokens", "currency": "JPY"},
			{"id": "c", "meter": "ai.images", "cost": 5, "currency": "USD"},
			{"id": "d", "meter": "ai.images", "cost": 7, "currency": "EUR"},
		},
		"application/cloudevents-batch+json": []body{
			{"specversion": "1.0", "source": "p", "id": "e", "type": "ai.tokens", "data": body{"cost": 5, "currency": "EUR"}},
			{"specversion": "1.0", "source": "p", "id": "f", "type": "ai.tokens", "data": body{"currency": "JPY"}},
			{"specversion": "1.0", "source": "p", "id": "g", "type": "ai.images", "data": body{"cost": 5, "currency": "USD"}},
			{"specversion": "1.0", "source": "p", "id": "h", "type": "ai.images", "data": body{"cost": 7}},
		},
	} {
		var out struct {
			Accepted, Refused int
			Events            []struct{ Code string }
		}
		c.With("Content-Type", format).Do(t, http.MethodPost, "/v1/usage", events).Want(t, http.StatusOK).JSON(t, &out)
		if out.Accepted != 1 || out.Refused != 3 || len(out.Events) != 4 || out.Events[3].Code != "" {
			t.Fatalf("POST /v1/usage as %s = %+v, want the last accepted alone", format, out)
		}
		for i, e := range out.Events[:3] {
			if e.Code != "currency_mismatch" {
				t.Errorf("POST /v1/usage as %s: event %d has the code %q, want currency_mismatch", format, i, e.Code)
			}
		}
	}
	wantRows(t, s, tenant, "events in other currencies", usageRow{"ai.images", "EUR", 1, 7}, usageRow{"ai.images", "EUR", 1, 7})
	if after := ledger(); after != before {
		t.Errorf("used, leased, granted and held = %v, want %v as before", after, before)
	}
	if got := settleMeter(t, c, made, body{"quantity": 10, "cost": 400, "currency": "USD"}); got.Status != "accepted" || got.Late || got.Above {
		t.Errorf("settle in the meter's currency = %+v, want accepted: the reservation stands", got)
	}
}

func TestABudgetOfMoneySaysItsCurrency(t *testing.T) {
	t.Parallel()
	s := startWithMoney(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Owner))
	for meter, currency := range map[string]string{"ai.tokens": "USD", "ai.images": "EUR"} {
		var rule moneyBudget
		c.Do(t, http.MethodPut, "/v1/quota-rules/"+meter+"/tenant/cost/day", body{"amount": 1000}).Want(t, http.StatusOK).JSON(t, &rule)
		if rule.Currency != currency {
			t.Errorf("PUT of a budget of %s = %+v, want it in %s", meter, rule, currency)
		}
	}
	c.Do(t, http.MethodPut, "/v1/quota-rules/exports/tenant/cost/day", body{"amount": 1000}).Refused(t, http.StatusUnprocessableEntity, "meter_without_currency")
	c.Do(t, http.MethodPut, "/v1/quota-rules/ai.tokens/tenant/quantity/day", body{"amount": 1000}).Want(t, http.StatusOK)
	want := []moneyBudget{{Meter: "ai.images", Measure: "cost", Currency: "EUR", Amount: 1000}, {Meter: "ai.tokens", Measure: "cost", Currency: "USD", Amount: 1000}}
	if diff := cmp.Diff(want, moneyBudgets(t, c, "/v1/quota-rules")); diff != "" {
		t.Errorf("rules of cost (-want +got):\n%s", diff)
	}
	got := moneyBudgets(t, c, "/v1/quotas")
	if len(got) != 2 || got[0].Currency == got[1].Currency || got[0].Limit != 1000 || got[1].Limit != 1000 {
		t.Errorf("quotas of cost = %+v, want one of 1,000 USD and one of 1,000 EUR", got)
	}
	refused := checkMeter(t, c, body{"meter": "ai.images", "cost": 1001})
	if refused.Allowed || refused.Quota.Budget.Measure != "cost" || refused.Quota.Budget.Currency != "EUR" {
		t.Errorf("check of 1,001 = %+v, want it refused by the budget in EUR", refused)
	}
}
