package gatehouse_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAHandlerOfAProductCountsWhatItsCallerUses(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	e := echo.New()
	e.POST("/api/chat", s.Gatehouse.Require("chat:use").Then(func(c echo.Context) error {
		ctx := c.Request().Context()
		if err := s.Gatehouse.Meter(ctx, "ai.messages", 2); err != nil {
			return err
		}
		once := gatehouse.Use{Meter: "ai.messages", Quantity: 5, Key: "the same each time", Model: "large"}
		if err := s.Gatehouse.Record(ctx, once, once); err != nil {
			return err
		}
		if why, ok := errors.AsType[*usage.Refusal](s.Gatehouse.Meter(ctx, "nothing", 1)); !ok || why.Code != usage.UnknownMeter {
			t.Errorf("Meter(nothing) = %v, want unknown_meter", why)
		}
		return c.NoContent(http.StatusNoContent)
	}))
	tenant := s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Member)
	for range 2 {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/chat", http.NoBody)
		req.Header.Set("Authorization", "Bearer "+session.Access)
		w := httptest.NewRecorder()
		if e.ServeHTTP(w, req); w.Code != http.StatusNoContent {
			t.Fatalf("POST /api/chat = %d %s, want 204", w.Code, w.Body)
		}
	}
	var report struct {
		Rows []struct {
			User, Role, Route string
			Value, Events     int64
		}
	}
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter=ai.messages&group_by=user,role,route", nil).
		Want(t, http.StatusOK).JSON(t, &report)
	if len(report.Rows) != 1 {
		t.Fatalf("report = %+v, want one row", report)
	}
	if r := report.Rows[0]; r.User != session.Member.UserID.String() || r.Role != "member" || r.Route != "/api/chat" || r.Value != 9 || r.Events != 3 {
		t.Errorf("report = %+v, want 9 in 3 events of the member at /api/chat", r)
	}
}
