package gatehouse_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const metersCatalog = `
version: 1
features:
  ai.calls:
    meter: {aggregation: count}
    period: day
    numbers: {free: 3, pro: 50, team: 50, enterprise: unlimited}
  ai.tokens:
    meter: {aggregation: sum, cost: 2000, currency: USD}
    numbers: {free: 1000, pro: 1000000, team: 1000000, enterprise: unlimited}
  exports:
    meter: {aggregation: count, limit: soft}
    numbers: {free: 1, pro: 1, team: 1, enterprise: unlimited}
permissions:
  chat:use: {}
roles:
  member: {permissions: [chat:use]}
`

func withMeters(c *gatehouse.Config) { c.Catalog = []byte(metersCatalog) }

// product is an application with routes of its own.
type product struct {
	*apitest.Server

	echo *echo.Echo
}

func newProduct(t *testing.T) *product {
	t.Helper()
	return &product{apitest.Start(t, withMeters), echo.New()}
}

// ask asks a route of the product.
func (p *product) ask(t *testing.T, path, bearer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+bearer)
	w := httptest.NewRecorder()
	p.echo.ServeHTTP(w, r)
	return w
}

// used is what a report says of a meter.
func (p *product) used(t *testing.T, tenant *apitest.Tenant, meter string) (n int64) {
	t.Helper()
	var report struct{ Rows []struct{ Value int64 } }
	p.Bearer(p.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter="+meter, nil).Want(t, http.StatusOK).JSON(t, &report)
	for _, r := range report.Rows {
		n += r.Value
	}
	return n
}

func done(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

func TestARouteWithMetersEndsWhereThePlanDoes(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.echo.POST("/chat", p.Gatehouse.Require("chat:use").Meters("ai.calls").Then(done))
	p.echo.POST("/failing", p.Gatehouse.Require("chat:use").Meters("ai.calls").Then(func(echo.Context) error { return echo.ErrTeapot }))
	tenant, other := p.NewTenant(t, billing.Free), p.NewTenant(t, billing.Free)
	session := p.Session(t, tenant, rbac.Member).Access
	for range 5 {
		if w := p.ask(t, "/failing", session); w.Code != http.StatusTeapot {
			t.Fatalf("POST /failing = %d %s, want 418: what fails is given back", w.Code, w.Body)
		}
	}
	for n := range 3 {
		if w := p.ask(t, "/chat", session); w.Code != http.StatusNoContent {
			t.Fatalf("POST /chat, %d = %d %s, want 204", n, w.Code, w.Body)
		}
	}
	w := p.ask(t, "/chat", session)
	var problem struct {
		Code, NeedsPlan        string `json:",omitempty"`
		Limit, Used, Remaining int64
		ResetsAt               time.Time `json:"resets_at"`
		DecisionID             string    `json:"decision_id"`
		Plan                   string    `json:"needs_plan"`
		Budget                 struct{ Kind, Measure, Period string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusTooManyRequests || problem.Code != "quota_exceeded" || problem.Limit != 3 || problem.Used != 3 || problem.Remaining != 0 ||
		problem.Plan != "pro" || problem.Budget.Kind != "tenant" || problem.Budget.Measure != "events" || problem.Budget.Period != "day" {
		t.Errorf("POST /chat beyond the limit = %d %s, want quota_exceeded with 3 of 3 used and needs_plan pro", w.Code, w.Body)
	}
	if until := time.Until(problem.ResetsAt); until <= 0 || until > 24*time.Hour || w.Header().Get("Retry-After") == "" {
		t.Errorf("resets_at = %v, Retry-After = %q, want the next midnight", problem.ResetsAt, w.Header().Get("Retry-After"))
	}
	if n := p.used(t, tenant, "ai.calls"); n != 3 {
		t.Errorf("counted = %d, want 3", n)
	}
	if w := p.ask(t, "/chat", p.Session(t, other, rbac.Member).Access); w.Code != http.StatusNoContent {
		t.Errorf("POST /chat by another tenant = %d %s, want 204", w.Code, w.Body)
	}
	p.findDecision(t, tenant, problem.DecisionID, "quota_exceeded")
	tenant.SetPlan(t, billing.Pro)
	if w := p.ask(t, "/chat", session); w.Code != http.StatusNoContent {
		t.Errorf("POST /chat on a higher plan = %d %s, want 204 at once", w.Code, w.Body)
	}
}

// findDecision looks for a refusal in the log of decisions, which is written a moment later.
func (p *product) findDecision(t *testing.T, tenant *apitest.Tenant, id, clause string) {
	t.Helper()
	owner := p.Bearer(p.Session(t, tenant, rbac.Owner))
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := owner.Do(t, http.MethodGet, "/v1/decisions/"+id, nil)
		if got.StatusCode == http.StatusOK {
			var d struct{ Clause, Feature string }
			if got.JSON(t, &d); d.Clause != clause || d.Feature != "ai.calls" {
				t.Errorf("the decision %s = %+v, want %s of ai.calls", id, d, clause)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the log of decisions has no %s", id)
		}
	}
}

func TestAHundredAtOnceAreHeldToFifty(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.echo.POST("/chat", p.Gatehouse.Require("chat:use").Meters("ai.calls").Then(done))
	tenant := p.NewTenant(t, billing.Pro)
	session := p.Session(t, tenant, rbac.Member).Access
	var admitted atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			switch w := p.ask(t, "/chat", session); w.Code {
			case http.StatusNoContent:
				admitted.Add(1)
			case http.StatusTooManyRequests:
			default:
				t.Errorf("POST /chat = %d %s, want 204 or 429", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	if n := admitted.Load(); n != 50 {
		t.Errorf("admitted = %d, want 50", n)
	}
	if n := p.used(t, tenant, "ai.calls"); n != 50 {
		t.Errorf("counted = %d, want 50", n)
	}
}

func TestAHandlerTakesTheMostAndSettlesWhatItUsed(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	g := p.Gatehouse
	p.echo.POST("/chat", g.Require("chat:use").Then(func(c echo.Context) error {
		ctx := c.Request().Context()
		hold, err := g.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: 600})
		if err != nil {
			if why, ok := errors.AsType[*gatehouse.QuotaError](err); ok && (why.Limit != 1000 || why.NeedsPlan != "pro" || why.Budget != "tenant") {
				t.Errorf("Take(600) = %+v, want 1000 of the plan", why)
			}
			return g.Refuse(c, err)
		}
		defer hold.Release()
		if c.QueryParam("free") != "" {
			return c.NoContent(http.StatusAccepted)
		}
		if err := hold.Settle(ctx, gatehouse.Use{Quantity: 100, Model: "large"}); err != nil {
			return err
		}
		if err := hold.Settle(ctx, gatehouse.Use{Quantity: 100}); err == nil {
			t.Error("Settle() of what is settled = nil, want an error")
		}
		return c.NoContent(http.StatusNoContent)
	}))
	tenant := p.NewTenant(t, billing.Free)
	session := p.Session(t, tenant, rbac.Member).Access
	for range 3 {
		if w := p.ask(t, "/chat?free=1", session); w.Code != http.StatusAccepted {
			t.Fatalf("POST /chat of nothing = %d %s, want 202", w.Code, w.Body)
		}
	}
	for n := range 5 { // 0, 100, 200, 300 and 400 are used before
		if w := p.ask(t, "/chat", session); w.Code != http.StatusNoContent {
			t.Fatalf("POST /chat, %d = %d %s, want 204", n, w.Code, w.Body)
		}
	}
	if w := p.ask(t, "/chat", session); w.Code != http.StatusTooManyRequests {
		t.Errorf("POST /chat with 500 of 1000 used and 600 to take = %d %s, want 429", w.Code, w.Body)
	}
	if n := p.used(t, tenant, "ai.tokens"); n != 500 {
		t.Errorf("counted = %d, want 500", n)
	}
}

func TestASoftLimitLetsPassAndSaysSo(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.echo.POST("/export", p.Gatehouse.Require("chat:use").Meters("exports").Then(done))
	session := p.Session(t, p.NewTenant(t, billing.Free), rbac.Member).Access
	for n, want := range []string{"", "exports;over"} {
		if w := p.ask(t, "/export", session); w.Code != http.StatusNoContent || w.Header().Get(gatehouse.HeaderQuota) != want {
			t.Errorf("POST /export, %d = %d with %q, want 204 with %q", n, w.Code, w.Header().Get(gatehouse.HeaderQuota), want)
		}
	}
}

func TestARefusalByABudgetOfMoneySaysInWhichCurrency(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	tenant := p.NewTenant(t, billing.Free)
	owner := p.Bearer(p.Session(t, tenant, rbac.Owner))
	owner.Do(t, http.MethodPut, "/v1/quota-rules/ai.tokens/user/cost/day", map[string]any{"amount": 4}).Want(t, http.StatusOK)
	p.echo.POST("/chat", p.Gatehouse.Require("chat:use").Then(func(c echo.Context) error {
		_, err := p.Gatehouse.Take(c.Request().Context(), gatehouse.Use{Meter: "ai.tokens", Quantity: 1, Cost: 5})
		why, refused := errors.AsType[*gatehouse.QuotaError](err)
		if !refused || why.Budget != "user" || why.Measure != "cost" || why.Currency != "USD" || why.Limit != 4 {
			t.Errorf("Take that costs 5 = %+v, want the user's 4 billionths of USD to refuse it", err)
		} else if !strings.Contains(why.Error(), "USD") {
			t.Errorf("the error is %q, want it to name the currency", why)
		}
		return c.NoContent(http.StatusNoContent)
	}))
	p.ask(t, "/chat", p.Session(t, tenant, rbac.Member).Access)
}

// A cost in another currency than the meter's takes nothing and counts nothing, and the hold can be settled in the right one.
func TestACostInAnotherCurrencyIsRefusedInAHandler(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	wrong := func(what string, err error) {
		t.Helper()
		if why, ok := errors.AsType[*usage.Refusal](err); !ok || why.Code != usage.CurrencyMismatch {
			t.Errorf("%s = %v, want currency_mismatch", what, err)
		}
	}
	p.echo.POST("/chat", p.Gatehouse.Require("chat:use").Then(func(c echo.Context) error {
		ctx := c.Request().Context()
		_, err := p.Gatehouse.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: 1, Cost: 5, Currency: "EUR"})
		wrong("Take(5 EUR)", err)
		wrong("Record(5 EUR)", p.Gatehouse.Record(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: 1, Cost: 5, Currency: "EUR"}))
		hold, err := p.Gatehouse.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: 1000, Cost: 5, Currency: "USD"})
		if err != nil {
			return err
		}
		defer hold.Release()
		wrong("Settle(5 EUR)", hold.Settle(ctx, gatehouse.Use{Quantity: 1000, Cost: 5, Currency: "EUR"}))
		if _, err := p.Gatehouse.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: 1}); !errors.As(err, new(*gatehouse.QuotaError)) {
			t.Errorf("Take(1) while all is held = %v, want it refused", err)
		}
		return hold.Settle(ctx, gatehouse.Use{Quantity: 1000, Cost: 5, Currency: "USD"})
	}))
	p.echo.HTTPErrorHandler = func(err error, _ echo.Context) { t.Errorf("POST /chat = %v", err) }
	tenant := p.NewTenant(t, billing.Free)
	p.ask(t, "/chat", p.Session(t, tenant, rbac.Member).Access)
	var rows, cost int64
	err := p.Admin.QueryRow(t.Context(), "SELECT count(*), sum(cost)::bigint FROM usage_events WHERE tenant_id = $1 AND currency = 'USD'", tenant.ID.UUID()).Scan(&rows, &cost)
	if err != nil || rows != 1 || cost != 5 {
		t.Errorf("%d events in USD that cost %d, %v, want one that costs 5", rows, cost, err)
	}
}
