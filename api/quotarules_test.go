package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type quotaRuleAnswer struct {
	Meter, Of, Measure, Period string
	Amount                     int64
	Soft                       bool
}

func quotaRulesOf(t *testing.T, c *apitest.Client) []quotaRuleAnswer {
	t.Helper()
	var out struct{ Items []quotaRuleAnswer }
	c.Do(t, http.MethodGet, "/v1/quota-rules", nil).Want(t, http.StatusOK).JSON(t, &out)
	return out.Items
}

func TestATenantSetsItsBudgets(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	c := s.Bearer(s.Session(t, tenant, rbac.Admin))
	user, key := tenant.Members[rbac.Member].UserID.String(), s.APIKey(t, tenant, rbac.Member).ID.String()
	const rules = "/v1/quota-rules/ai.messages/"
	set := func(path string, body map[string]any) quotaRuleAnswer {
		t.Helper()
		var out quotaRuleAnswer
		a := c.Do(t, http.MethodPut, rules+path, body).Want(t, http.StatusOK)
		if a.JSON(t, &out); a.Header.Get("Gatehouse-Version") == "" {
			t.Errorf("PUT %s names no version", path)
		}
		return out
	}
	want := []quotaRuleAnswer{
		{"ai.messages", key, "quantity", "day", 7, false},
		{"ai.messages", "tenant", "events", "month", 5_000_000_000, false},
		{"ai.messages", "tenant", "quantity", "month", 0, true},
		{"ai.messages", "user", "quantity", "day", 20, false},
		{"ai.messages", user, "quantity", "day", 100, false},
	}
	set(user+"/quantity/day", map[string]any{"amount": 1, "soft": true})
	for _, r := range want {
		if got := set(r.Of+"/"+r.Measure+"/"+r.Period, map[string]any{"amount": r.Amount, "soft": r.Soft}); got != r {
			t.Errorf("PUT = %+v, want %+v", got, r)
		}
	}
	byName := cmp.Transformer("byName", func(in []quotaRuleAnswer) map[string]quotaRuleAnswer {
		out := map[string]quotaRuleAnswer{}
		for _, r := range in {
			out[r.Measure+" "+r.Of] = r
		}
		return out
	})
	if diff := cmp.Diff(want, quotaRulesOf(t, c), byName); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	var log struct {
		Items []struct {
			Type string
			Data map[string]any
		}
	}
	c.Do(t, http.MethodGet, "/v1/events?type=quota.budget_set&limit=1", nil).Want(t, http.StatusOK).JSON(t, &log)
	if len(log.Items) != 1 || log.Items[0].Data["of"] != user || log.Items[0].Data["amount"] != 100.0 {
		t.Errorf("the log says %+v, want the budget of %s", log.Items, user)
	}
	c.Do(t, http.MethodDelete, rules+"user/quantity/day", nil).Want(t, http.StatusNoContent)
	c.Do(t, http.MethodDelete, rules+"user/quantity/day", nil).Refused(t, http.StatusNotFound, "not_found")
	if got := quotaRulesOf(t, c); len(got) != len(want)-1 {
		t.Errorf("rules after one was removed = %+v, want the others", got)
	}
	for _, refused := range []rbac.Role{rbac.Member, rbac.Viewer} {
		weak := s.Bearer(s.Session(t, tenant, refused))
		weak.Do(t, http.MethodPut, rules+"user/quantity/day", map[string]any{"amount": 1}).Refused(t, http.StatusForbidden, "role_lacks_permission")
		weak.Do(t, http.MethodDelete, rules+user+"/quantity/day", nil).Refused(t, http.StatusForbidden, "role_lacks_permission")
		weak.Do(t, http.MethodGet, "/v1/quota-rules", nil).Refused(t, http.StatusForbidden, "role_lacks_permission")
	}
}

func TestABudgetThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	c := s.Bearer(s.Session(t, tenant, rbac.Owner))
	left := tenant.Join(t, rbac.Member)
	c.Do(t, http.MethodDelete, "/v1/members/"+left.ID.String(), nil).Want(t, http.StatusNoContent)
	revoked := s.APIKey(t, tenant, rbac.Viewer).ID
	c.Do(t, http.MethodDelete, "/v1/api-keys/"+revoked.String(), nil).Want(t, http.StatusNoContent)
	amount := map[string]any{"amount": 5}
	before := s.SnapshotOf(t, other.ID)
	for path, field := range map[string]string{ // "" for what is not there
		"ai.messages/" + other.Members[rbac.Member].UserID.String() + "/quantity/day":  "",
		"ai.messages/" + s.APIKey(t, other, rbac.Member).ID.String() + "/quantity/day": "",
		"ai.messages/" + id.New[id.User]().String() + "/quantity/day":                  "",
		"ai.messages/" + tenant.Members[rbac.Member].ID.String() + "/quantity/day":     "",
		"ai.messages/" + left.UserID.String() + "/quantity/day":                        "",
		"ai.messages/" + revoked.String() + "/quantity/day":                            "",
		"ai.messages/" + tenant.ID.String() + "/quantity/day":                          "",
		"ai.messages/team/quantity/day":                                                "",
		"ai.messages/USER/quantity/day":                                                "",
		"nothing/tenant/quantity/day":                                                  "",
		"sso/tenant/quantity/day":                                                      "",
		"ai.messages/tenant/subjects/day":                                              "measure",
		"ai.messages/tenant/tokens/day":                                                "measure",
		"ai.messages/tenant/quantity/hour":                                             "period",
		"ai.messages/tenant/quantity/":                                                 "",
	} {
		got := c.Do(t, http.MethodPut, "/v1/quota-rules/"+path, amount)
		if field == "" {
			got.Refused(t, http.StatusNotFound, "not_found")
			continue
		}
		if p := got.Refused(t, http.StatusUnprocessableEntity, "invalid_input"); len(p.Fields) != 1 || p.Fields[0].Name != field {
			t.Errorf("PUT %s: fields = %v, want %s", path, p.Fields, field)
		}
	}
	for _, body := range []any{
		map[string]any{"amount": -1},
		map[string]any{"soft": true},
		map[string]any{"amount": "5"},
		map[string]any{"amount": 1.5},
		map[string]any{"amount": nil},
		map[string]any{"amount": 1_000_000_000_000_000_001},
		`{"amount":99999999999999999999}`,
	} {
		p := c.Do(t, http.MethodPut, "/v1/quota-rules/ai.messages/tenant/quantity/day", body).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
		if len(p.Fields) != 1 || p.Fields[0].Name != "amount" {
			t.Errorf("PUT %v: fields = %v, want amount", body, p.Fields)
		}
	}
	if got := quotaRulesOf(t, c); len(got) != 0 {
		t.Errorf("rules = %+v, want none", got)
	}
	if changed := before.Changed(s.SnapshotOf(t, other.ID)); strings.Contains(changed, "quota") {
		t.Errorf("the other tenant's rows changed:\n%s", changed)
	}
}

// What is the largest, and what is counted once, is held to the plan's number alone: a rule would be there and count nothing.
func TestMetersOfWhichNothingIsUsedUpHaveNoBudgets(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Owner))
	for _, meter := range []string{"seats.peak", "visitors"} {
		for _, rule := range []string{"tenant/quantity/month", "tenant/events/day", "tenant/cost/year", "tenant/subjects/month", "user/quantity/day", "api_key/events/billing"} {
			for _, in := range []body{{"amount": 1}, {"amount": 1, "soft": true}} {
				c.Do(t, http.MethodPut, "/v1/quota-rules/"+meter+"/"+rule, in).Refused(t, http.StatusUnprocessableEntity, "meter_without_budgets")
			}
		}
	}
	if got := quotaRulesOf(t, c); len(got) != 0 {
		t.Errorf("rules = %+v, want none", got)
	}
	if got := checkMeter(t, c, body{"meter": "seats.peak", "quantity": 5}); !got.Allowed {
		t.Errorf("check of a peak of 5 = %+v, want it allowed by the plan's number", got)
	}
}

func TestATenantSeesItsGrants(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	until := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	var given quota.Grant
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		given, err = quota.Give(ctx, tx, quota.Grant{Meter: "ai.messages", Amount: 500, ExpiresAt: until, Reason: "outage of 4 May"})
		return err
	})
	type grant struct {
		ID, Meter string
		Amount    int64
		Expires   time.Time `json:"expires_at"`
		Reason    string
		GivenBy   string     `json:"given_by"`
		Revoked   *time.Time `json:"revoked_at"`
	}
	var out struct{ Items []grant }
	s.Bearer(s.Session(t, tenant, rbac.Admin)).Do(t, http.MethodGet, "/v1/quota-grants", nil).Want(t, http.StatusOK).JSON(t, &out)
	want := []grant{{given.ID.String(), "ai.messages", 500, until, "outage of 4 May", "operator", nil}}
	if diff := cmp.Diff(want, out.Items); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	other := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	if other.Do(t, http.MethodGet, "/v1/quota-grants", nil).Want(t, http.StatusOK).JSON(t, &out); len(out.Items) != 0 {
		t.Errorf("another tenant reads %+v, want nothing", out.Items)
	}
}
