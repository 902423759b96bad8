package gatehouse_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestARouteWithMetersCountsWhatItAnswers(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	e := echo.New()
	chat := s.Gatehouse.Require("chat:use")
	metered := chat.Meters("ai.messages")
	answer := func(c echo.Context) error {
		switch how := c.QueryParam("how"); how {
		case "error":
			return echo.NewHTTPError(http.StatusTeapot)
		case "failure":
			return errors.New("it fails")
		case "nothing":
			return nil
		case "broken":
			return errors.Join(c.String(http.StatusOK, "the beginn"), errors.New("the caller is gone"))
		default:
			var status int
			if _, err := fmt.Sscan(how, &status); err != nil {
				return err
			}
			return c.NoContent(status)
		}
	}
	e.GET("/metered/:id", metered.Then(answer))
	e.GET("/plain", chat.Then(answer))
	e.GET("/unknown", chat.Meters("nothing").Then(answer))
	e.Group("/group", metered.Then).GET("/member", answer)
	e.GET("/refused", s.Gatehouse.Require("members:remove").Meters("ai.messages").Then(answer))
	tenant := s.NewTenant(t, billing.Pro)
	member := s.Session(t, tenant, rbac.Member)
	for _, tc := range []struct {
		path string
		want int
	}{
		{"/metered/1?how=200", 200},
		{"/metered/2?how=204", 204},
		{"/metered/3?how=302", 302},
		{"/metered/4?how=nothing", 200},
		{"/metered/5?how=broken", 200},
		{"/metered/6?how=404", 404},
		{"/metered/7?how=500", 500},
		{"/metered/8?how=error", 418},
		{"/metered/9?how=failure", 500},
		{"/group/member?how=200", 200},
		{"/plain?how=200", 200},
		{"/unknown?how=200", 403},
		{"/refused?how=200", 403},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+tc.path, http.NoBody)
		req.Header.Set("Authorization", "Bearer "+member.Access)
		w := httptest.NewRecorder()
		if e.ServeHTTP(w, req); w.Code != tc.want {
			t.Errorf("GET %s = %d %s, want %d", tc.path, w.Code, w.Body, tc.want)
		}
	}
	nobody := httptest.NewRecorder()
	if e.ServeHTTP(nobody, httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/metered/1?how=200", http.NoBody)); nobody.Code != 401 {
		t.Errorf("GET /metered by nobody = %d, want 401", nobody.Code)
	}
	type row struct {
		User, Role, Route string
		Value, Events     int64
	}
	var report struct{ Rows []row }
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter=ai.messages&group_by=user,role,route", nil).
		Want(t, http.StatusOK).JSON(t, &report)
	user := member.Member.UserID.String()
	want := []row{{user, "member", "/metered/:id", 5, 5}, {user, "member", "/group/member", 1, 1}}
	if diff := cmp.Diff(want, report.Rows); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}
