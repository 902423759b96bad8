package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// signOut signs out here and at acme's provider, and comes back.
func (b *browser) signOut() answer {
	b.Helper()
	return b.get(b.outside(b.post("/logout")))
}

// outside follows the sign-out to acme's provider, and returns the path on which that sends the browser back.
func (b *browser) outside(gone answer) string {
	b.Helper()
	gone.leads(b, "the sign-out", b.w.idp.Provider("acme").URL()+"/end_session?")
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, gone.location(), nil)
	must(b, err)
	alone := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := alone.Do(r)
	must(b, err)
	must(b, resp.Body.Close())
	return strings.TrimPrefix(resp.Header.Get("Location"), base)
}

func TestBCL_16_TheWayBackFromASignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterAcme()
	back := b.outside(b.post("/logout"))
	b.get("/").to(t, "home while the provider is asked", "/login")
	at, query, _ := strings.Cut(back, "?")
	state, err := url.ParseQuery(query)
	must(t, err)
	other := w.browser(t)
	other.enterAcme()
	for what, path := range map[string]string{
		"no state": at, "an empty state": at + "?state=", "another state": at + "?state=" + strings.Repeat("x", 70),
		"one changed letter": at + "?state=" + url.QueryEscape(strings.ToUpper(state.Get("state"))),
	} {
		b.get(path).shows(t, "the way back with "+what, http.StatusBadRequest, "logout_refused")
	}
	other.get(back).shows(t, "the way back in another browser", http.StatusBadRequest, "logout_refused")
	other.get("/").shows(t, "home of who was only sent there", http.StatusOK, "alice@acme.test")
	b.get(back).to(t, "the way back", "/logged-out")
	b.get(back).shows(t, "the way back, twice", http.StatusBadRequest, "logout_refused")
}

func TestBCL_16_LookingSignsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterAcme()
	at := "/sso/oidc/" + w.connection.ID.String()
	for _, path := range []string{
		"/logout", "/logged-out", at + "/logged-out", at + "/backchannel-logout", "/sso/saml/" + w.connection.ID.String() + "/slo",
	} {
		b.get(path)
	}
	b.postFrom("cross-site", "/logout").shows(t, "a sign-out that another site has posted", http.StatusForbidden, "cross_site")
	b.get("/").shows(t, "home after all of that", http.StatusOK, "alice@acme.test")
}

// server is a call without a browser.
func (w *world) call(tb testing.TB, path string, form url.Values) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Host = "localhost:8080"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.echo.ServeHTTP(rec, r)
	return rec
}

func TestBCL_15_ALogoutTokenEndsWhatTheBrowserHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterAcme()
	acme, now := w.idp.Provider("acme"), time.Now()
	token, err := acme.Sign(map[string]any{"typ": "logout+jwt"}, map[string]any{
		"iss": acme.URL(), "aud": "gatehouse", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": "one", "sub": "alice",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
	must(t, err)
	at := "/sso/oidc/" + w.connection.ID.String() + "/backchannel-logout"
	for what, form := range map[string]url.Values{
		"no token": {}, "garbage": {"logout_token": {"a.b.c"}}, "two tokens": {"logout_token": {token, token}}, "a changed token": {"logout_token": {token[:len(token)-6] + "AAAAAA"}},
	} {
		if rec := w.call(t, at, form); rec.Code != http.StatusBadRequest || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("a logout with %s = %d %q, want 400, not to be stored", what, rec.Code, rec.Header().Get("Cache-Control"))
		}
	}
	if rec := w.call(t, strings.Replace(at, w.connection.ID.String(), "con_06h02p4nv1rb1f2cr282d4kxmc", 1), url.Values{"logout_token": {token}}); rec.Code != http.StatusBadRequest {
		t.Errorf("a logout at a connection of nobody = %d, want 400", rec.Code)
	}
	b.get("/").shows(t, "home before the logout", http.StatusOK, "alice@acme.test")
	if rec := w.call(t, at, url.Values{"logout_token": {token}}); rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "no-store" || rec.Body.Len() > 0 {
		t.Errorf("a logout = %d %q %s, want 200, not to be stored, and nothing else", rec.Code, rec.Header().Get("Cache-Control"), rec.Body)
	}
	b.get("/").to(t, "home after the logout", "/login")
	if rec := w.call(t, at, url.Values{"logout_token": {token}}); rec.Code != http.StatusBadRequest {
		t.Errorf("the same logout once more = %d, want 400", rec.Code)
	}
}
