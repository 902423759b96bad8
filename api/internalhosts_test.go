package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Neighbors ask the API by a name of their own; no browser gets anything there.
func TestWEB12AnInternalHostIsForTheAPIAlone(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) { c.InternalHosts = []string{"gatehouse.internal:8080"} })
	tenant := s.NewTenant(t, billing.Pro)
	session, key := s.Session(t, tenant, rbac.Member), s.APIKey(t, tenant, rbac.Member).Secret
	cookie := sessions.AccessCookie + "=" + session.Access + "; " + sessions.RefreshCookie + "=" + session.Refresh
	ours := []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "X-Forwarded-Method", "POST"}
	for _, c := range []struct {
		what, host, method, path string
		header                   []string
		status                   int
	}{
		{"a key", "gatehouse.internal:8080", "GET", "/v1/me", []string{"X-API-Key", key}, 200},
		{"another spelling", "Gatehouse.Internal:8080", "GET", "/v1/me", []string{"X-API-Key", key}, 200},
		{"a token", "gatehouse.internal:8080", "GET", "/v1/me", []string{"Authorization", "Bearer " + session.Access}, 200},
		{"the keys of tokens", "gatehouse.internal:8080", "GET", "/.well-known/jwks.json", nil, 200},
		{"forward auth about a browser", "gatehouse.internal:8080", "GET", "/v1/forward-auth?permission=chat:use", ours, 200},
		{"forward auth by the path", "gatehouse.internal:8080", "POST", "/v1/forward-auth/permission=chat:use/api/chat", ours, 200},
		{"forward auth about another site", "gatehouse.internal:8080", "GET", "/v1/forward-auth", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403},
		{"forward auth about another origin", "gatehouse.internal:8080", "POST", "/v1/forward-auth/-/", []string{"Cookie", cookie, "Origin", "http://evil.test"}, 403},
		{"a browser", "gatehouse.internal:8080", "GET", "/v1/me", ours, 421},
		{"a browser that refreshes", "gatehouse.internal:8080", "POST", "/v1/session/refresh", ours, 421},
		{"a browser with a broken cookie", "gatehouse.internal:8080", "GET", "/v1/me", []string{"Cookie", sessions.AccessCookie + "=a; " + sessions.AccessCookie + "=b"}, 421},
		{"a sign-in page", "gatehouse.internal:8080", "GET", "/login", nil, 421},
		{"a sign-in", "gatehouse.internal:8080", "POST", "/login", []string{"Sec-Fetch-Site", "same-origin"}, 421},
		{"a callback", "gatehouse.internal:8080", "GET", "/sso/oidc/con_1/callback", nil, 421},
		{"the way back to a session", "gatehouse.internal:8080", "GET", "/login/resume?return_to=/", nil, 421},
		{"an unknown path", "gatehouse.internal:8080", "GET", "/v1/nothing", []string{"X-API-Key", key}, 421},
		{"another port", "gatehouse.internal:8081", "GET", "/v1/me", []string{"X-API-Key", key}, 421},
		{"no port", "gatehouse.internal", "GET", "/v1/me", []string{"X-API-Key", key}, 421},
		{"a forwarded host", "evil.test", "GET", "/v1/me", []string{"X-API-Key", key, "X-Forwarded-Host", "gatehouse.internal:8080"}, 421},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody)
		r.Host, r.RemoteAddr = c.host, "127.0.0.1:1"
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, r)
		if w.Code != c.status || len(w.Header().Values("Set-Cookie")) != 0 || strings.Contains(w.Header().Get("Location")+w.Body.String(), "gatehouse.internal") {
			t.Errorf("%s = %d %v %s, want %d without cookies and without the name", c.what, w.Code, w.Header(), w.Body, c.status)
		}
	}
}
