package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/client"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func newClient(tb testing.TB, url string) *client.Client {
	tb.Helper()
	c, err := client.New(client.Config{BaseURL: url})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "login.example.com", "http://login.example.com", "ftp://localhost", "https://u:p@login.example.com", "https://x/?a=b"} {
		if _, err := client.New(client.Config{BaseURL: url, Timeout: -1}); err == nil || !strings.Contains(err.Error(), "negative") || !strings.Contains(err.Error(), "base URL") {
			t.Errorf("New(%q) = %v, want both mistakes", url, err)
		}
	}
	for _, url := range []string{"https://login.example.com/gatehouse/", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"} {
		if _, err := client.New(client.Config{BaseURL: url}); err != nil {
			t.Errorf("New(%q) = %v", url, err)
		}
	}
	if _, err := client.New(client.Config{BaseURL: "http://gatehouse:8080", InsecurePlainHTTP: true}); err != nil {
		t.Errorf("New with InsecurePlainHTTP = %v", err)
	}
}

func TestCheckSaysWhatTheServerSays(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Free)
	session := s.Session(t, tenant, rbac.Member)
	c := newClient(t, s.URL)
	for _, who := range []client.Credential{client.Bearer(session.Access), client.APIKey(s.APIKey(t, tenant, rbac.Member).Secret)} {
		if d, err := c.Check(t.Context(), who, client.Question{Permission: "chat:use"}); err != nil || !d.Allowed || d.ID == "" {
			t.Errorf("Check(chat:use) by %v = %+v, %v, want allowed", who, d, err)
		}
		got, err := c.CheckBatch(t.Context(), who, []client.Question{{Permission: "members:write"}, {Permission: "chat:use", Feature: "ai.agents"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].ID, got[i].Message = "", ""
		}
		want := []client.Decision{{Clause: "role_lacks_permission", NeedsRole: "admin"}, {Clause: "feature_not_in_plan", NeedsPlan: "pro"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("CheckBatch by %v (-want +got):\n%s", who, diff)
		}
	}
	d, err := c.Check(t.Context(), client.Bearer("made up"), client.Question{Permission: "chat:use"})
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != 401 || p.Code != "token_invalid" || d.Allowed {
		t.Errorf("Check by a made up token = %+v, %v, want a problem", d, err)
	}
	if _, err := c.Check(t.Context(), client.Bearer(session.Access), client.Question{}); err == nil {
		t.Error("Check of no question = nil, want an error")
	}
	if _, err := c.Check(t.Context(), client.Bearer("two\r\nlines"), client.Question{Permission: "chat:use"}); err == nil {
		t.Error("Check by a credential of two lines = nil, want an error")
	}
	if text := client.Bearer(session.Access).String(); strings.Contains(text, session.Access) {
		t.Errorf("a credential prints itself as %q", text)
	}
}

// Forty goroutines of one request that ask at once are a few requests; each gets the answer to its own question.
func TestQuestionsAtOnceAreAskedTogether(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		var in struct{ Checks []client.Question }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Checks) > client.MaxBatch {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		time.Sleep(30 * time.Millisecond)
		var out struct {
			Decisions []map[string]any `json:"decisions"`
		}
		for _, q := range in.Checks {
			out.Decisions = append(out.Decisions, map[string]any{"allowed": strings.HasPrefix(q.Permission, "even"), "decision_id": q.Permission})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(server.Close)
	c := newClient(t, server.URL)
	var all sync.WaitGroup
	const asked = 250
	for i := range asked {
		all.Go(func() {
			q := client.Question{Permission: [2]string{"even", "odd"}[i%2] + string(rune('a'+i%26))}
			d, err := c.Check(t.Context(), client.Bearer("one"), q)
			if err != nil || d.ID != q.Permission || d.Allowed != (i%2 == 0) {
				t.Errorf("Check(%v) = %+v, %v", q, d, err)
			}
		})
	}
	all.Wait()
	if n := calls.Load(); n > 10 {
		t.Errorf("%d questions were %d requests, want a few", asked, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := c.Check(ctx, client.Bearer("other"), client.Question{Permission: "even"}); !errors.Is(err, context.Canceled) || d.Allowed {
		t.Errorf("Check by who does not wait = %+v, %v", d, err)
	}
}

func TestRequireGuardsAHandler(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newClient(t, s.URL)
	handler := c.Require("agents:run").Feature("ai.agents").Then(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(client.PrincipalFrom(r.Context()))
	}))
	large, small := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Free)
	session := s.Session(t, large, rbac.Member)
	key := s.APIKey(t, large, rbac.Member)
	cookie := sessions.AccessCookie + "=" + session.Access
	for _, tt := range []struct {
		what   string
		header map[string]string
		status int
		body   string
	}{
		{"nobody", nil, 401, `"unauthenticated"`},
		{"a token", map[string]string{"Authorization": "Bearer " + session.Access}, 200, `"Member":"` + session.Member.ID.String()},
		{"a key", map[string]string{"X-API-Key": key.Secret}, 200, `"Key":"` + key.ID.String()},
		{"a page", map[string]string{"Cookie": "theirs=1; " + cookie, "Sec-Fetch-Site": "same-origin"}, 200, `"Email":"` + session.Member.Email},
		{"another site's page", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, 403, `"cross_site"`},
		{"two cookies of one name", map[string]string{"Cookie": cookie + "; " + cookie, "Sec-Fetch-Site": "same-origin"}, 401, `"cookies_ambiguous"`},
		{"a token and a key", map[string]string{"Authorization": "Bearer " + session.Access, "X-API-Key": key.Secret}, 400, `"several_credentials"`},
		{"a small plan", map[string]string{"X-API-Key": s.APIKey(t, small, rbac.Member).Secret}, 403, `"needs_plan":"pro"`},
		{"a viewer", map[string]string{"X-API-Key": s.APIKey(t, large, rbac.Viewer).Secret}, 403, `"needs_role":"member"`},
		{"a made up identity", map[string]string{"X-Gatehouse-Tenant": large.ID.String(), "X-Gatehouse-Role": "owner"}, 401, `"unauthenticated"`},
	} {
		w := serve(t, handler, tt.header)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s = %d %s, want %d with %s", tt.what, w.Code, w.Body, tt.status, tt.body)
		}
		if kind := w.Header().Get("Content-Type"); tt.status != 200 && kind != "application/problem+json" {
			t.Errorf("%s is answered with %s", tt.what, kind)
		}
	}
	w := serve(t, handler, map[string]string{"Cookie": sessions.RefreshCookie + "=" + session.Refresh, "Sec-Fetch-Site": "same-origin"})
	if got := w.Header().Values("Set-Cookie"); w.Code != 200 || len(got) != 2 || !strings.HasPrefix(got[0], sessions.AccessCookie+"=") {
		t.Errorf("a page whose token has expired = %d %s with the cookies %v, want 200 and new ones", w.Code, w.Body, got)
	}
	if w := serve(t, c.Require("").Then(handler), map[string]string{"X-API-Key": key.Secret}); w.Code != 503 {
		t.Errorf("a route that demands nothing = %d, want 503", w.Code)
	}
}

func TestTwoFeaturesOfOneRequirementAreAMistake(t *testing.T) {
	t.Parallel()
	defer func() {
		const want = `gatehouse client: Require("chat:use") demands two features, "sso" and "ai.agents"`
		if got := recover(); got != want {
			t.Errorf("Feature() twice panics with %v, want %s", got, want)
		}
	}()
	newClient(t, "http://127.0.0.1:1").Require("chat:use").Feature("sso").Feature("ai.agents")
}

func serve(tb testing.TB, h http.Handler, header map[string]string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/api/agents", http.NoBody)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
