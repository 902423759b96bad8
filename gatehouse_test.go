package gatehouse_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestNewNamesEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := gatehouse.New(t.Context(), gatehouse.Config{BaseURL: "http://example.com", GoogleClientID: "half"})
	if err == nil {
		t.Fatal("New with nothing in it = nil, want an error")
	}
	for _, want := range []string{"DatabaseURL", "MasterKeys", "RootSecret", "https", "GoogleClientSecret"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New(…) = %v, want it to name %s", err, want)
		}
	}
}

func TestAProductGuardsItsOwnRoutes(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	e := echo.New()
	done := func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	e.POST("/api/chat", s.Gatehouse.Require("chat:use").Then(func(c echo.Context) error {
		return c.JSON(http.StatusOK, gatehouse.CallerOf(c.Request().Context()))
	}))
	agents := s.Gatehouse.Require("agents:run")
	e.POST("/api/agents", agents.Feature("ai.agents").Then(done))
	e.POST("/api/few", agents.Then(done)) // what was shared is as it was
	e.Group("/api/typos", s.Gatehouse.Require("chat:usee").Then).POST("/one", done)

	free, large := s.NewTenant(t, billing.Free), s.NewTenant(t, billing.Enterprise)
	ask := func(path, header, value string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, http.NoBody)
		if header != "" {
			req.Header.Set(header, value)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		return w
	}
	key := func(of *apitest.Tenant, role rbac.Role) string { return s.APIKey(t, of, role).Secret }
	session := s.Session(t, large, rbac.Member)
	for _, c := range []struct {
		what, path, header, value string
		status                    int
		body                      string
	}{
		{"nobody", "/api/chat", "", "", 401, "unauthenticated"},
		{"a member's session", "/api/chat", "Authorization", "Bearer " + session.Access, 200, session.Member.ID.String()},
		{"a member's key", "/api/chat", "X-API-Key", key(free, rbac.Member), 200, free.ID.String()},
		{"a viewer", "/api/chat", "X-API-Key", key(large, rbac.Viewer), 403, `"needs_role":"member"`},
		{"a small plan", "/api/agents", "X-API-Key", key(free, rbac.Member), 403, `"needs_plan":"pro"`},
		{"a large plan", "/api/agents", "X-API-Key", key(large, rbac.Member), 204, ""},
		{"what shares a requirement", "/api/few", "X-API-Key", key(large, rbac.Member), 204, ""},
		{"a permission that nobody knows", "/api/typos/one", "X-API-Key", key(large, rbac.Admin), 403, "unknown_permission"},
	} {
		if w := ask(c.path, c.header, c.value); w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s at %s = %d %s, want %d with %s", c.what, c.path, w.Code, w.Body, c.status, c.body)
		}
	}
}

func TestCodeThatIsNoHandlerAsks(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Free)
	member := tenant.Members[rbac.Member].ID.String()
	check := func(tenant, member, permission, feature string) gatehouse.Decision {
		d, err := s.Gatehouse.Check(t.Context(), tenant, member, permission, feature)
		if err != nil {
			t.Fatalf("Check(%s) = %v", permission, err)
		}
		return d
	}
	if d := check(tenant.ID.String(), member, "chat:use", ""); !d.Allowed || d.ID == "" {
		t.Errorf("Check(chat:use) = %+v, want allowed", d)
	}
	if d := check(tenant.ID.String(), member, "agents:run", "ai.agents"); d.Allowed || d.Clause != "feature_not_in_plan" || d.NeedsPlan != "pro" {
		t.Errorf("Check(agents:run, ai.agents) = %+v, want what the plan lacks", d)
	}
	if d := check(s.NewTenant(t, billing.Free).ID.String(), member, "chat:use", ""); d.Allowed || d.Clause != "no_membership" {
		t.Errorf("Check in another tenant = %+v, want no_membership", d)
	}
	for _, ids := range [][2]string{{"", member}, {tenant.ID.String(), ""}, {member, tenant.ID.String()}} {
		if d, err := s.Gatehouse.Check(t.Context(), ids[0], ids[1], "chat:use", ""); err == nil || d.Allowed {
			t.Errorf("Check(%q, %q) = %+v, %v, want an error", ids[0], ids[1], d, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cold := tenant.Join(t, rbac.Member).ID.String()
	if d, err := s.Gatehouse.Check(ended, tenant.ID.String(), cold, "chat:use", ""); !errors.Is(err, gatehouse.ErrUnavailable) || d.Allowed {
		t.Errorf("Check that could not read = %+v, %v, want ErrUnavailable", d, err)
	}
}

func TestSES_15_TheMemberIsToldOfAStolenSession(t *testing.T) {
	t.Parallel()
	var outbox mail.Outbox
	s := apitest.Start(t, func(c *gatehouse.Config) { c.Outbox = &outbox })
	tenant := s.NewTenant(t, billing.Free)
	session := s.Session(t, tenant, rbac.Member)
	token := session.Refresh
	for range 2 {
		var next struct {
			Refresh string `json:"refresh_token"`
		}
		a := s.Anonymous().Do(t, http.MethodPost, "/v1/session/refresh", map[string]string{"refresh_token": token}).Want(t, http.StatusOK)
		a.JSON(t, &next)
		token = next.Refresh
	}
	s.Anonymous().Do(t, http.MethodPost, "/v1/session/refresh", map[string]string{"refresh_token": session.Refresh}).
		Refused(t, http.StatusUnauthorized, "refresh_reused")
	deadline := time.Now().Add(20 * time.Second)
	for len(outbox.Messages()) == 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	sent := outbox.Messages()
	if len(sent) != 1 || sent[0].To != session.Member.Email || !strings.Contains(sent[0].Text, "two places") {
		t.Fatalf("%d mails, want one to %s", len(sent), session.Member.Email)
	}
}

func TestTwoFeaturesOfOneRequirementAreAMistake(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	defer func() {
		const want = `gatehouse: Require("chat:use") demands two features, "sso" and "ai.agents"`
		if got := recover(); got != want {
			t.Errorf("Feature() twice panics with %v, want %s", got, want)
		}
	}()
	s.Gatehouse.Require("chat:use").Feature("sso").Feature("ai.agents")
}

func TestAProductsRouteCountsInItsGroup(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) {
		c.Catalog = []byte("version: 1\npermissions: {chat:use: }\nroles: {member: {permissions: [chat:use]}}\nlimits: {free: {groups: {assistant: 2/h}}}\n")
	})
	e := echo.New()
	done := func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	chat := s.Gatehouse.Require("chat:use")
	e.POST("/chat", chat.Group("assistant").Then(done))
	e.POST("/free", chat.Then(done))
	key := s.APIKey(t, s.NewTenant(t, billing.Free), rbac.Member).Secret
	for i, c := range []struct {
		path   string
		status int
	}{{"/chat", 204}, {"/chat", 204}, {"/chat", 429}, {"/free", 204}} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+c.path, http.NoBody)
		req.Header.Set("X-API-Key", key)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("request %d, to %s = %d %s, want %d", i+1, c.path, w.Code, w.Body, c.status)
		}
	}
}
