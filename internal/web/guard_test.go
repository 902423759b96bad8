package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// body is a JSON body that every row of the test's table with one accepts.
const body = `{"name":"x"}`

// rows calls f with each row that needs a caller, as a request that would reach its handler.
func (b *bench) rows(f func(row web.Row, method, path, body string)) {
	for _, r := range b.table() {
		if r.Row().Open != "" {
			continue
		}
		path := strings.NewReplacer("{id}", id.New[id.Membership]().String(), "{how}", "refused", "{rest...}", "a/b").Replace(r.Path())
		send := ""
		if in := r.In(); in != nil && r.Method() != "GET" && r.Method() != "DELETE" && !strings.Contains(path, "/fail/") && !strings.Contains(path, "admitted") {
			send = body
		}
		f(r.Row(), r.Method(), path, send)
	}
}

func TestEveryRowRefusesTheAnonymous(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rows(func(_ web.Row, method, path, body string) {
		got := b.do(method, path, body, "Content-Type", "application/json")
		got.want(t, method+" "+path+" by nobody", 401, "unauthenticated")
		if got.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s by nobody has no WWW-Authenticate", method, path)
		}
	})
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached by nobody = %d, want 0", n)
	}
}

func TestEveryRowDecides(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.member.Role = "viewer"
	b.rows(func(r web.Row, method, path, body string) {
		if r.Permission != string(write) {
			return
		}
		got := b.do(method, path, body, asMember()...)
		got.want(t, method+" "+path+" by a viewer", 403, "role_lacks_permission")
		if !strings.Contains(got.body, `"needs_role":"admin"`) || !strings.Contains(got.body, `"decision_id":"dec_`) {
			t.Errorf("%s %s by a viewer says %s, want the role that would allow it", method, path, got.body)
		}
	})
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached by a viewer = %d, want 0", n)
	}
}

func TestPlanWithoutTheFeature(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("POST", "/v1/roles", body, asMember()...)
	got.want(t, "POST /v1/roles on team", 403, "feature_not_in_plan")
	if !strings.Contains(got.body, `"needs_plan":"enterprise"`) {
		t.Errorf("POST /v1/roles on team says %s, want the plan that would allow it", got.body)
	}
	b.member.Plan = "enterprise"
	b.do("POST", "/v1/roles", body, asMember()...).want(t, "POST /v1/roles on enterprise", 200, "")
}

func TestStandingComesBeforePermission(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.member.Role = "viewer"
	for _, standing := range []*errs.Error{access.ErrTenantSuspended, access.ErrMemberSuspended, access.ErrSSORequired} {
		b.access.set(standing)
		b.do("POST", "/v1/things", body, asMember()...).want(t, "POST /v1/things", 403, standing.Code)
		got := b.do("GET", "/v1/any-standing", "", asMember()...)
		if got.Code != 200 || !strings.Contains(got.body, standing.Code) {
			t.Errorf("GET /v1/any-standing = %d %s, want 200 with %s", got.Code, got.body, standing.Code)
		}
	}
	b.access.set(access.ErrSessionRevoked)
	b.do("GET", "/v1/any-standing", "", asMember()...).want(t, "GET /v1/any-standing after the end", 401, "session_revoked")
}

func TestSessionOnlyRefusesKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/v1/keys", "/v1/danger"} {
		got := b.do("POST", path, body, "X-API-Key", b.key.String(), "Content-Type", "application/json")
		got.want(t, "POST "+path+" by key", 403, "session_required")
	}
}

func TestSES23StepUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("POST", "/v1/danger", body, asMember()...).want(t, "POST /v1/danger at once", 200, "")
	b.member.AuthTime = time.Now().Add(-6 * time.Minute)
	got := b.do("POST", "/v1/danger", body, asMember()...)
	got.want(t, "POST /v1/danger after 6 minutes", 401, "reauth_required")
	if !strings.Contains(got.body, `"max_age":300`) {
		t.Errorf("POST /v1/danger after 6 minutes says %s, want max_age", got.body)
	}
}

func TestKEY04KeysElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := b.key.String()
	for name, send := range map[string]func() answer{
		"query":           func() answer { return b.do("GET", "/v1/things?api_key="+key, "") },
		"query, any name": func() answer { return b.do("GET", "/v1/things?x="+key, "", asMember()...) },
		"access_token":    func() answer { return b.do("GET", "/v1/things?access_token="+goodToken, "") },
		"ACCESS_TOKEN":    func() answer { return b.do("GET", "/v1/things?ACCESS_TOKEN=a", "") },
		"page":            func() answer { return b.do("GET", "/home?key="+key, "") },
	} {
		send().want(t, name, 400, "credential_in_query")
	}
	for name, headers := range map[string][]string{
		"cookie":         {"Cookie", "api_key=" + key},
		"basic password": {"Authorization", "Basic dXNlcjpwYXNz"},
		"basic key":      {"Authorization", "Basic " + key},
		"no scheme":      {"Authorization", key},
		"empty bearer":   {"Authorization", "Bearer "},
		"other header":   {"X-Auth-Token", key},
	} {
		b.do("GET", "/v1/things", "", headers...).want(t, name, 401, "unauthenticated")
	}
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached = %d, want 0", n)
	}
}

func TestKeysByBothHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, headers := range [][]string{
		{"X-API-Key", b.key.String()},
		{"Authorization", "Bearer " + b.key.String()},
		{"Authorization", "bearer " + b.key.String()},
	} {
		b.do("GET", "/v1/things", "", headers...).want(t, headers[0], 200, "")
	}
	wrong := b.key
	wrong.Secret[0]++
	for name, key := range map[string]string{
		"another secret": wrong.String(), "a character less": b.key.String()[:len(b.key.String())-1], "a refresh token": b.refresh.String(),
	} {
		b.do("GET", "/v1/things", "", "X-API-Key", key).want(t, name, 401, "api_key_invalid")
	}
}

func TestKEY05TwoCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key, bearer := b.key.String(), "Bearer "+goodToken
	cookie := sessions.AccessCookie + "=" + goodToken
	for name, headers := range map[string][]string{
		"two Authorization headers": {"Authorization", bearer, "Authorization", bearer},
		"two keys":                  {"X-API-Key", key, "X-API-Key", key},
		"bearer and key":            {"Authorization", bearer, "X-API-Key", key},
		"cookie and key":            {"Cookie", cookie, "X-API-Key", key},
		"cookie and bearer":         {"Cookie", cookie, "Authorization", bearer},
		"refresh cookie and bearer": {"Cookie", sessions.RefreshCookie + "=x", "Authorization", bearer},
	} {
		b.do("GET", "/v1/things", "", headers...).want(t, name, 400, "several_credentials")
		b.do("POST", "/v1/things", body, append(headers, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")...).
			want(t, "POST with "+name, 400, "several_credentials")
	}
}

func TestSES11CookieTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, headers := range map[string][]string{
		"in one header": {"Cookie", sessions.AccessCookie + "=" + goodToken + "; " + sessions.AccessCookie + "=planted"},
		"in two":        {"Cookie", sessions.AccessCookie + "=" + goodToken, "Cookie", sessions.AccessCookie + "=planted"},
		"the same":      {"Cookie", sessions.AccessCookie + "=" + goodToken + "; " + sessions.AccessCookie + "=" + goodToken},
	} {
		b.do("GET", "/v1/things", "", headers...).want(t, name, 401, "cookies_ambiguous")
	}
}

func TestTEN03TenantInTheRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := id.New[id.Tenant]().String()
	b.do("GET", "/v1/things", "", asMember("X-Tenant-ID", other)...).want(t, "header of another tenant", 400, "tenant_mismatch")
	b.do("GET", "/v1/things", "", asMember("X-Tenant-ID", b.tenant.ID.String())...).want(t, "header of our tenant", 200, "")
	b.do("GET", "/v1/things?tenant_id="+other, "", asMember()...).want(t, "query", 400, "unknown_parameter")
	b.do("POST", "/v1/things", `{"name":"x","tenant_id":"`+other+`"}`, asMember()...).want(t, "body", 422, "invalid_input")
	b.do("GET", "/v1/things;tenant_id="+other, "", asMember()...).want(t, "matrix parameter", 404, "not_found")
	got := b.do("GET", "/v1/things", "", asMember("Cookie", "tenant_id="+other)...)
	if !strings.Contains(got.body, b.tenant.ID.String()) {
		t.Errorf("a cookie with another tenant = %s, want ours", got.body)
	}
}

func TestBrowserRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	refresh := sessions.RefreshCookie + "=" + b.refresh.String()
	for name, headers := range map[string][]string{
		"access cookie is gone":  {"Cookie", refresh},
		"access cookie is stale": {"Cookie", sessions.AccessCookie + "=" + staleToken + "; " + refresh},
	} {
		got := b.do("GET", "/v1/things", "", headers...)
		got.want(t, name, 200, "")
		if n := len(got.Result().Cookies()); n != 2 {
			t.Errorf("%s: cookies set = %d, want 2", name, n)
		}
		got = b.do("POST", "/v1/things", body, append(headers, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")...)
		got.want(t, "POST when the "+name, 201, "")
	}
	for _, c := range b.do("GET", "/v1/things", "", "Cookie", refresh).Result().Cookies() {
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s = %v, want __Host-, Secure, HttpOnly, Path=/ and no Domain", c.Name, c)
		}
	}
	before := b.sessions.refreshes.Load()
	b.do("GET", "/v1/things", "", "Cookie", sessions.AccessCookie+"="+goodToken+"; "+refresh).want(t, "a fresh access cookie", 200, "")
	b.do("GET", "/v1/things", "", "Authorization", "Bearer "+staleToken).want(t, "a stale bearer token", 401, "token_expired")
	b.do("GET", "/v1/things", "", "Cookie", sessions.AccessCookie+"=forged; "+refresh).want(t, "a forged access cookie", 401, "token_invalid")
	b.do("POST", "/v1/things", body, "Cookie", refresh, "Sec-Fetch-Site", "cross-site").want(t, "another site's page", 403, "cross_site")
	if n := b.sessions.refreshes.Load() - before; n != 0 {
		t.Errorf("refreshes = %d, want 0", n)
	}
}

func TestRefusedRefreshClearsCookies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := secret.Issue(secret.PrefixRefresh, id.New[id.Tenant]().Bytes(), b.member.Session.Bytes(), 1)
	zero := secret.Issue(secret.PrefixRefresh, [16]byte{}, b.member.Session.Bytes(), 1)
	for name, token := range map[string]string{
		"another tenant": other.String(), "no tenant": zero.String(), "nonsense": "x", "an API key": b.key.String(),
	} {
		got := b.do("GET", "/v1/things", "", "Cookie", sessions.RefreshCookie+"="+token)
		got.want(t, name, 401, "session_invalid")
		for _, c := range got.Result().Cookies() {
			if c.MaxAge >= 0 || c.Value != "" {
				t.Errorf("%s: cookie %s = %v, want it removed", name, c.Name, c)
			}
		}
		if n := len(got.Result().Cookies()); n != 2 {
			t.Errorf("%s: cookies removed = %d, want 2", name, n)
		}
	}
	b.sessions.fails = errs.New(errs.Unavailable, "database_unavailable", "Later.")
	got := b.do("GET", "/v1/things", "", "Cookie", sessions.RefreshCookie+"="+b.refresh.String())
	got.want(t, "an outage", 503, "database_unavailable")
	if n := len(got.Result().Cookies()); n != 0 {
		t.Errorf("cookies touched in an outage = %d, want 0", n)
	}
}

func TestLimitIsOnePrincipals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 2 {
		b.do("POST", "/v1/limited", body, asMember()...).want(t, "within the limit", 200, "")
	}
	got := b.do("POST", "/v1/limited", body, asMember("X-Forwarded-For", "192.0.2.9")...)
	got.want(t, "beyond the limit", 429, "rate_limited")
	if got.Header().Get("Retry-After") == "" {
		t.Error("429 has no Retry-After")
	}
	b.do("POST", "/v1/limited", body, "X-API-Key", b.key.String(), "Content-Type", "application/json").want(t, "somebody else", 200, "")
}

func TestKEY12WrongCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.FailureLimit = ratelimit.PerHour(3) })
	guess := func(n int) answer {
		key := secret.Issue(secret.PrefixAPIKey, b.tenant.ID.Bytes(), b.key.ID, 0)
		return b.do("GET", "/v1/things", "", "X-API-Key", key.String(), "X-Forwarded-For", fmt.Sprint("192.0.2.", n))
	}
	for n := range 3 {
		guess(n).want(t, "a guess", 401, "api_key_invalid")
	}
	guess(4).want(t, "a guess too many", 429, "rate_limited")
	b.do("GET", "/v1/things", "", "X-API-Key", b.key.String()).want(t, "the right key", 200, "")
}

func TestProblemDocument(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("POST", "/v1/things", `{"name":1}`, asMember()...)
	if ct := got.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type = %q, want application/problem+json", ct)
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatal(err)
	}
	if p["request_id"] != got.Header().Get("X-Request-Id") {
		t.Errorf("request_id = %v, want %q", p["request_id"], got.Header().Get("X-Request-Id"))
	}
	delete(p, "request_id")
	want := map[string]any{
		"type": "/docs/problems#invalid_input", "title": "Unprocessable Entity", "status": 422.0, "code": "invalid_input",
		"detail": "The request has a value that cannot be used.",
		"fields": []any{map[string]any{"name": "name", "detail": "has the wrong type: number"}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
}
