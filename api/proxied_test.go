package api_test

import (
	"net/http"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// prefix is path_prefix of Envoy's HTTP service: Envoy sends the method, the path and the query of the request, the path behind the prefix.
func prefix(demand string) string { return forwardAuth + "/" + demand + "/" }

func TestEnvoyAsksByTheMethodAndPathOfTheRequest(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Free)
	member := s.Bearer(s.Session(t, tenant, rbac.Member)).With("X-Gatehouse-Role", "owner")
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		a := member.Do(t, method, prefix("permission=chat:use")+"/api/chat", nil).Want(t, 200)
		if got := a.Header.Get("X-Gatehouse-Role"); got != "member" {
			t.Errorf("%s: X-Gatehouse-Role = %q, want member", method, got)
		}
	}
	for _, c := range []struct {
		what, path string
		status     int
		code       string
	}{
		{"a role that is too low", prefix("permission=reports:export") + "/", 403, "role_lacks_permission"},
		{"a plan that is too small", prefix("permission=agents:run&feature=ai.agents") + "/x", 403, "feature_not_in_plan"},
		{"good standing", prefix("-") + "/api", 200, ""},
		{"no demand", forwardAuth + "//api", 422, "invalid_input"},
		{"a demand that is empty", prefix("permission=") + "/api", 422, "invalid_input"},
		{"a demand with escapes", prefix("permission=chat%3Ause") + "/api", 422, "invalid_input"},
		{"a prefix without a demand", forwardAuth + "/api/chat", 422, "invalid_input"},
		// What the client chooses asks for nothing: neither less nor something else.
		{"a query of the client's", prefix("permission=reports:export") + "/api?permission=chat:use", 403, "role_lacks_permission"},
		{"a path of the client's", prefix("permission=reports:export") + "/-/permission=chat:use/../..", 403, "role_lacks_permission"},
		{"an escaped path of the client's", prefix("permission=reports:export") + "/%2e%2e/%2F-%2F%25zz", 403, "role_lacks_permission"},
		{"dots of the client's", prefix("permission=reports:export") + "/../permission=chat:use/", 403, "role_lacks_permission"},
		{"no slash of the configuration's", forwardAuth + "/permission=reports:export" + "/api", 403, "role_lacks_permission"},
		{"nothing of the client's", prefix("permission=chat:use"), 200, ""},
	} {
		a := member.Do(t, http.MethodPost, c.path, nil)
		if c.status == 200 {
			a.Want(t, 200)
			continue
		}
		a.Refused(t, c.status, c.code)
		if got := a.Header.Get("X-Gatehouse-Code"); got != c.code || a.Header.Get("X-Gatehouse-Tenant") != "" {
			t.Errorf("%s: headers = %v, want the code %s and nobody", c.what, a.Header, c.code)
		}
	}
	member.Do(t, http.MethodGet, forwardAuth+"?permission=chat:use/api", nil).Refused(t, 403, "unknown_permission") // a prefix with a query
	s.Anonymous().Do(t, http.MethodPost, prefix("-")+"/api", nil).Refused(t, 401, "unauthenticated")
	if got := member.Do(t, http.MethodOptions, prefix("-")+"/api", nil).StatusCode; got != 405 {
		t.Errorf("OPTIONS = %d, want 405", got)
	}
}

// The method is that of the browser's request, and no header says another: Envoy passes on what a client made up.
func TestEnvoyKeepsOtherSitesOut(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Free), rbac.Member)
	for _, c := range []struct {
		what, method, site, mode string
		status                   int
	}{
		{"a page reads", "GET", "same-origin", "cors", 200},
		{"a link of another site", "GET", "cross-site", "navigate", 200},
		{"a page writes", "POST", "same-origin", "cors", 200},
		{"another site writes", "POST", "cross-site", "no-cors", 403},
		{"a sibling site writes", "DELETE", "same-site", "cors", 403},
		{"another site opens a web socket", "GET", "cross-site", "websocket", 403},
		{"a page opens a web socket", "GET", "same-origin", "websocket", 200},
		{"the proxy keeps the mode", "GET", "cross-site", "", 403},
		{"the proxy keeps both", "GET", "", "", 403},
	} {
		client := s.Browser(session).With("X-Forwarded-Method", "GET").With("Sec-Fetch-Site", c.site).With("Sec-Fetch-Mode", c.mode)
		if a := client.Do(t, c.method, prefix("-")+"/api", nil); a.StatusCode != c.status {
			t.Errorf("%s = %d %s, want %d", c.what, a.StatusCode, a.Text, c.status)
		}
	}
	old := s.Anonymous().With("Cookie", sessions.RefreshCookie+"="+session.Refresh).With("Sec-Fetch-Site", "same-origin")
	if a := old.Do(t, http.MethodPost, prefix("-")+"/api", nil); a.StatusCode != 401 || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("a session without a token = %d with the cookies %v, want 401 and none", a.StatusCode, a.Header.Values("Set-Cookie"))
	}
}

func TestForwardAuthDemandsAQuantity(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	member := s.Bearer(s.Session(t, s.NewTenant(t, billing.Free), rbac.Member))
	for query, want := range map[string]string{
		"permission=chat:use&feature=api_keys&quantity=1": "feature_not_numeric",
		"permission=chat:use&feature=seats&quantity=1":    "",
		"feature=seats&quantity=9223372036854775808":      "invalid_input",
		"feature=seats&quantity=100000":                   "quantity_exceeds_plan",
		"permission=chat:use&quantity=1":                  "invalid_input",
		"feature=seats&quantity=1e3":                      "invalid_input",
		"feature=seats&quantity=-1":                       "invalid_input",
		"feature=seats&quantity=1":                        "",
		"feature=seats&quantity=0":                        "invalid_input",
		"quantity=1":                                      "invalid_input",
	} {
		for _, path := range []string{forwardAuth + "?" + query, prefix(query) + "/api"} {
			a := member.Do(t, http.MethodGet, path, nil)
			if got := a.Header.Get("X-Gatehouse-Code"); got != want || (want == "") != (a.StatusCode == 200) {
				t.Errorf("%s = %d %q, want %q", path, a.StatusCode, got, want)
			}
		}
	}
}
