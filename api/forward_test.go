package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

const forwardAuth = "/v1/forward-auth"

func TestForwardAuthSaysWhoMayPass(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Member)
	key := s.APIKey(t, tenant, rbac.Viewer)
	named := func(a *apitest.Answer) map[string]string {
		all := map[string]string{}
		for name := range a.Header {
			if rest, ok := strings.CutPrefix(name, "X-Gatehouse-"); ok {
				all[rest] = strings.Join(a.Header[name], "|")
			}
		}
		return all
	}
	// What a client made up is not passed on, and what is empty is there: the proxy overwrites with it.
	made := s.Bearer(session).With("X-Gatehouse-Role", "owner").With("X-Gatehouse-Key", "key_1")
	got := named(made.Do(t, http.MethodGet, forwardAuth+"?permission=chat:use&feature=ai.agents", nil).Want(t, 200))
	want := map[string]string{
		"Tenant": tenant.ID.String(), "User": session.Member.UserID.String(), "Member": session.Member.ID.String(), "Key": "",
		"Role": "member", "Plan": "pro", "Email": session.Member.Email,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers for a session (-want +got):\n%s", diff)
	}
	got = named(s.Machine(key).Do(t, http.MethodGet, forwardAuth, nil).Want(t, 200))
	want = map[string]string{
		"Tenant": tenant.ID.String(), "User": "", "Member": "", "Key": key.ID.String(), "Role": "viewer", "Plan": "pro", "Email": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers for a key (-want +got):\n%s", diff)
	}
}

func TestForwardAuthRefuses(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Free)
	member := s.Bearer(s.Session(t, tenant, rbac.Member))
	for _, c := range []struct {
		what   string
		client *apitest.Client
		query  string
		status int
		code   string
		needs  string
	}{
		{"nobody", s.Anonymous(), "", 401, "unauthenticated", ""},
		{"a forged key", s.Anonymous().With("X-API-Key", "ghk_1"), "", 401, "api_key_invalid", ""},
		{"two credentials", member.With("X-API-Key", s.APIKey(t, tenant, rbac.Member).Secret), "", 400, "several_credentials", ""},
		{"a role that is too low", member, "?permission=reports:export", 403, "role_lacks_permission", "adminteam"},
		{"a plan that is too small", member, "?permission=agents:run&feature=ai.agents", 403, "feature_not_in_plan", "pro"},
		{"a permission that nobody knows", member, "?permission=chat:usee", 403, "unknown_permission", ""},
		{"a demand that is empty", member, "?permission=", 422, "invalid_input", ""},
		{"a demand with a wrong name", member, "?permision=chat:use", 422, "invalid_input", ""},
		{"a demand made twice", member, "?permission=chat:use&permission=self", 422, "invalid_input", ""},
		{"a demand that cannot be read", member, "?permission=%zz", 422, "invalid_input", ""},
	} {
		a := c.client.Do(t, http.MethodGet, forwardAuth+c.query, nil)
		a.Refused(t, c.status, c.code)
		if got := a.Header.Get("X-Gatehouse-Code"); got != c.code {
			t.Errorf("%s: X-Gatehouse-Code = %q, want %q", c.what, got, c.code)
		}
		if got := a.Header.Get("X-Gatehouse-Needs-Role") + a.Header.Get("X-Gatehouse-Needs-Plan"); got != c.needs {
			t.Errorf("%s: needs %q, want %q", c.what, got, c.needs)
		}
		if a.Header.Get("X-Gatehouse-Tenant") != "" || a.Header.Get("Location") != "" {
			t.Errorf("%s: a refusal has the headers %v", c.what, a.Header)
		}
	}
	suspend(t, tenant)
	soon := func() bool { return member.Do(t, http.MethodGet, forwardAuth, nil).StatusCode == 403 }
	within(t, 1e9, soon)
	member.Do(t, http.MethodGet, forwardAuth, nil).Refused(t, 403, "tenant_suspended")
}

// A page of another site can make a browser send its cookies to the product; the proxy's question is a GET whatever that request was.
func TestForwardAuthJudgesTheRequestOfTheBrowser(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Free), rbac.Member)
	for _, c := range []struct {
		what   string
		header [3]string // X-Forwarded-Method, Sec-Fetch-Site, Sec-Fetch-Mode
		status int
	}{
		{"a page reads", [3]string{"GET", "same-origin", "cors"}, 200},
		{"a link of another site", [3]string{"GET", "cross-site", "navigate"}, 200},
		{"a page writes", [3]string{"POST", "same-origin", "cors"}, 200},
		{"another site writes", [3]string{"POST", "cross-site", "no-cors"}, 403},
		{"a sibling site writes", [3]string{"DELETE", "same-site", "cors"}, 403},
		{"another site opens a web socket", [3]string{"GET", "cross-site", "websocket"}, 403},
		{"a page opens a web socket", [3]string{"GET", "same-origin", "websocket"}, 200},
		{"another site, and the proxy does not say how", [3]string{"", "cross-site", "navigate"}, 403},
		{"an old browser writes", [3]string{"POST", "", ""}, 403},
	} {
		client := s.Browser(session)
		for i, name := range []string{"X-Forwarded-Method", "Sec-Fetch-Site", "Sec-Fetch-Mode"} {
			client = client.With(name, c.header[i])
		}
		if a := client.Do(t, http.MethodGet, forwardAuth, nil); a.StatusCode != c.status {
			t.Errorf("%s = %d %s, want %d", c.what, a.StatusCode, a.Text, c.status)
		}
	}
	token := s.Bearer(session).With("X-Forwarded-Method", "POST").With("Sec-Fetch-Site", "cross-site")
	token.Do(t, http.MethodGet, forwardAuth, nil).Want(t, 200) // no browser adds a token by itself
	s.Bearer(session).With("Content-Encoding", "gzip").Do(t, http.MethodGet, forwardAuth, nil).Want(t, 200)
}

// Proxies keep cookies of their question from the browser: a session that was refreshed here would be taken for stolen.
func TestForwardAuthRefreshesNoSession(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Free), rbac.Member)
	cookie := sessions.RefreshCookie + "=" + session.Refresh
	tab := s.Anonymous().With("Cookie", cookie).With("Sec-Fetch-Site", "same-origin")
	for name, of := range map[string]string{"without a token": cookie, "with a wrong token": sessions.AccessCookie + "=" + forged(session.Access) + "; " + cookie} {
		a := tab.With("Cookie", of).Do(t, http.MethodGet, forwardAuth, nil).Want(t, 401)
		if got := a.Header.Values("Set-Cookie"); len(got) != 0 {
			t.Errorf("%s: the answer sets %v", name, got)
		}
	}
	tab.Do(t, http.MethodGet, forwardAuth, nil).Refused(t, 401, "token_expired")
	a := tab.Do(t, http.MethodGet, "/login/resume?return_to=/app/board", nil).Want(t, 303)
	if got := a.Header.Get("Location"); got != "/app/board" || len(a.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("resume leads to %q with %d cookies, want /app/board with 2", got, len(a.Header.Values("Set-Cookie")))
	}
	access, _, _ := strings.Cut(a.Header.Values("Set-Cookie")[0], ";")
	tab.With("Cookie", access).Do(t, http.MethodGet, forwardAuth, nil).Want(t, 200)
	for path, want := range map[string]string{"//evil.test/": "/", "https://evil.test": "/", "/app": "/app"} {
		a := s.Anonymous().Do(t, http.MethodGet, "/login/resume?return_to="+path, nil).Want(t, 303)
		if got := a.Header.Get("Location"); got != "/login?return_to="+strings.ReplaceAll(want, "/", "%2F") {
			t.Errorf("resume of nobody to %s leads to %s", path, got)
		}
	}
}
