package gatehouse_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// What a tenant sets by the API holds its people within a second, and ends as soon.
func TestABudgetOfATenantsOwnHoldsItsPeople(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	e := echo.New()
	e.GET("/chat", s.Gatehouse.Require("chat:use").Meters("ai.messages").Then(func(c echo.Context) error { return c.NoContent(http.StatusOK) }))
	tenant := s.NewTenant(t, billing.Pro)
	owner := s.Bearer(s.Session(t, tenant, rbac.Owner))
	member, other := s.Session(t, tenant, rbac.Member), s.Session(t, tenant, rbac.Admin)
	ask := func(who *apitest.Session) int {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/chat", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+who.Access)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code
	}
	soon := func(what string, want int) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); ask(member) != want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it is not answered with %d", what, want)
			}
		}
	}
	for range 3 {
		if got := ask(member); got != http.StatusOK {
			t.Fatalf("without a budget = %d, want 200", got)
		}
	}
	const each = "/v1/quota-rules/ai.messages/user/quantity/day"
	owner.Do(t, http.MethodPut, each, map[string]any{"amount": 3}).Want(t, http.StatusOK)
	soon("with a budget of the three that were used", http.StatusTooManyRequests)
	if got := ask(other); got != http.StatusOK {
		t.Errorf("somebody else = %d, want 200", got)
	}
	owner.Do(t, http.MethodPut, "/v1/quota-rules/ai.messages/"+member.Member.UserID.String()+"/quantity/day", map[string]any{"amount": 100}).Want(t, http.StatusOK)
	soon("with a budget of their own", http.StatusOK)
	owner.Do(t, http.MethodDelete, "/v1/quota-rules/ai.messages/"+member.Member.UserID.String()+"/quantity/day", nil).Want(t, http.StatusNoContent)
	soon("with that for each again", http.StatusTooManyRequests)
	owner.Do(t, http.MethodDelete, each, nil).Want(t, http.StatusNoContent)
	soon("without a budget again", http.StatusOK)
}
