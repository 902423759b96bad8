package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// company is a tenant whose own people may join over its connection.
type company struct {
	*apitest.Tenant
	connection id.Connection
}

func newCompany(tb testing.TB, s *apitest.Server, logins ...string) company {
	tb.Helper()
	c := company{Tenant: s.NewTenant(tb, billing.Enterprise)}
	c.connection = c.Connect(tb)
	for _, login := range logins {
		must(tb, c.IDP.AddUser(testidp.User{
			Login: login, Subject: c.Slug + "/" + login, Email: login + "@" + c.Domain, EmailVerified: true, Name: login,
		}))
	}
	return c
}

// refused holds an answer to a refused sign-in: a code, no session, nothing changed but what remembers it.
func refused(tb testing.TB, s *apitest.Server, b *browser, want string, do func() *apitest.Answer) {
	tb.Helper()
	before := s.Snapshot(tb)
	a := do()
	if got := code(tb, a); got != want || a.StatusCode < 400 || a.StatusCode > 499 {
		tb.Errorf("sign-in = %d %q, want a refusal %q: %s", a.StatusCode, got, want, a.Text)
	}
	for _, c := range a.Cookies() {
		if (c.Name == sessions.AccessCookie || c.Name == sessions.RefreshCookie) && c.MaxAge >= 0 {
			tb.Errorf("a refused sign-in sets %s", c.Name)
		}
	}
	if diff := before.Changed(s.Snapshot(tb), "attempts", "attempt_documents", "events"); diff != "" {
		tb.Errorf("a refused sign-in changed rows:\n%s", diff)
	}
	if b.signedIn(tb) {
		tb.Error("a refused sign-in left a session in the browser")
	}
}

// The hostile tenant uses the victim's provider under its true issuer, with a client of its own there. What the victim's people are
// given must be of no use at the hostile tenant's callback, nor the other way round.
func TestOIDC_013_XT_01_02_03_TwoTenantsOfOneProvider(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim := newCompany(t, s, "alice")
	evil := s.NewTenant(t, billing.Enterprise)
	must(t, victim.IDP.AddClient(testidp.Client{ID: "evil", Secret: "a secret of evil"}))
	owner := s.Bearer(s.Session(t, evil, rbac.Owner))
	draft := map[string]any{"name": "Same", "issuer": victim.IDP.URL(), "client_id": "evil", "client_secret": "a secret of evil"}

	for _, field := range []string{"authorization_endpoint", "token_endpoint", "endpoints", "jwks_uri", "redirect_uri"} {
		with := map[string]any{field: "https://evil.test/"}
		maps.Copy(with, draft)
		if a := owner.Do(t, "POST", "/v1/connections", with); a.StatusCode/100 != 4 {
			t.Errorf("a connection with a %s of one's own = %d, want a refusal", field, a.StatusCode)
		}
	}
	var made struct {
		ID          id.Connection `json:"id"`
		RedirectURI string        `json:"redirect_uri"`
	}
	owner.Do(t, "POST", "/v1/connections", draft).Want(t, 201).JSON(t, &made)
	owner.Do(t, "POST", "/v1/connections/"+made.ID.String()+"/activate", nil).Want(t, 200)
	if !strings.Contains(made.RedirectURI, made.ID.String()) || made.ID == victim.connection {
		t.Errorf("redirect URI %s is not the connection's own", made.RedirectURI)
	}

	b := newBrowser(s)
	theirs := prove(t, victim.IDP, b.begin(t, victim.Tenant, victim.connection), "alice")
	exchanged := victim.IDP.Requests(testidp.Token)
	refused(t, s, b, "connection_mismatch", func() *apitest.Answer {
		return b.get(t, strings.Replace(theirs, victim.connection.String(), made.ID.String(), 1))
	})
	if n := victim.IDP.Requests(testidp.Token); n != exchanged {
		t.Errorf("the victim's code was sent to the token endpoint %d times", n-exchanged)
	}

	// A code that the provider gave to the other client.
	b = newBrowser(s)
	ours := prove(t, victim.IDP, b.begin(t, evil, made.ID), "alice")
	theirs = prove(t, victim.IDP, b.begin(t, victim.Tenant, victim.connection), "alice")
	refused(t, s, b, "token_refused", func() *apitest.Answer { return b.get(t, set(t, theirs, "code", parameter(t, ours, "code"))) })

	// A token that the provider made for the other client.
	b = newBrowser(s)
	theirs = prove(t, victim.IDP, b.begin(t, victim.Tenant, victim.connection), "alice")
	victim.IDP.Misbehave(testidp.Fault{Claims: func(c map[string]any) { c["aud"] = "evil" }})
	refused(t, s, b, "audience_mismatch", func() *apitest.Answer { return b.get(t, theirs) })
}

func TestXT_15_SubjectsThatAreNone(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	for name, subject := range map[string]any{
		"missing": nil, "empty": "", "blank": "   ", "huge": strings.Repeat("x", 5<<10), "control": "a\x01b", "bidi": "a\u202eb",
		"newline": "a\nb", "list": []string{"a"}, "object": map[string]any{"a": 1},
	} {
		b := newBrowser(s)
		back := prove(t, c.IDP, b.begin(t, c.Tenant, c.connection), "alice")
		c.IDP.Misbehave(testidp.Fault{Claims: func(claims map[string]any) {
			if claims["sub"] = subject; subject == nil {
				delete(claims, "sub")
			}
		}})
		before := s.SnapshotOf(t, c.ID)
		a := b.get(t, back)
		if got := code(t, a); got != "subject_invalid" && got != "claims_invalid" || b.signedIn(t) {
			t.Errorf("sign-in with a subject that is %s = %d %q, want a refusal", name, a.StatusCode, got)
		}
		if diff := before.Changed(s.SnapshotOf(t, c.ID), "attempts", "attempt_documents", "events"); diff != "" {
			t.Errorf("subject that is %s changed rows:\n%s", name, diff)
		}
	}
}

// No address that a third party links to starts a sign-in; it leads to our own page, which takes nothing over.
func TestOIDC_020_AThirdPartyStartsNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	before := s.Snapshot(t)
	q := url.Values{
		"iss": {"https://evil.test"}, "issuer": {"https://evil.test"}, "target_link_uri": {"https://evil.test/"},
		"return_to": {"//evil.test/"}, "redirect_uri": {"https://evil.test"}, "login_hint": {"evil.test"}, "connection": {c.connection.String()},
	}.Encode()
	for _, path := range []string{"/login", "/login/" + c.Slug, "/login/google", "/login/link"} {
		a := newBrowser(s).get(t, path+"?"+q).Want(t, http.StatusOK)
		if strings.Contains(string(a.Text), "evil.test") {
			t.Errorf("GET %s shows what the link brought along", path)
		}
		if len(a.Cookies()) > 0 {
			t.Errorf("GET %s sets cookies: %v", path, a.Cookies())
		}
	}
	if diff := before.Changed(s.Snapshot(t)); diff != "" {
		t.Errorf("links changed rows:\n%s", diff)
	}
	b := newBrowser(s)
	to := b.post(t, "/login/"+c.Slug, "connection", c.connection.String(), "return_to", "https://evil.test/", "iss", "https://evil.test").
		Want(t, http.StatusSeeOther).Header.Get("Location")
	if a := b.get(t, prove(t, c.IDP, to, "alice")).Want(t, http.StatusSeeOther); a.Header.Get("Location") != "/" {
		t.Errorf("after the sign-in: %s, want /", a.Header.Get("Location"))
	}
	// Nor does a page of the third party post our form for the person.
	a := newBrowser(s).With("Sec-Fetch-Site", "cross-site").With("Content-Type", "application/x-www-form-urlencoded").
		Do(t, "POST", "/login/"+c.Slug, "connection="+c.connection.String())
	if a.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign page starts a sign-in: %d", a.StatusCode)
	}
}

func TestOIDC_022_SES_21_PlantedCookiesGainNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	attacker := s.Session(t, c.Tenant, rbac.Member)
	b := newBrowser(s)
	b.cookies[sessions.AccessCookie], b.cookies[sessions.RefreshCookie] = attacker.Access, attacker.Refresh
	b.cookies["__Host-gatehouse_attempt_0123456789"] = "planted"
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, http.StatusSeeOther)
	if b.cookies[sessions.AccessCookie] == attacker.Access || b.cookies[sessions.RefreshCookie] == attacker.Refresh {
		t.Fatal("a sign-in kept the cookies that were there before")
	}
	var me struct {
		Email string `json:"email"`
	}
	b.get(t, "/v1/me").Want(t, 200).JSON(t, &me)
	if me.Email != "alice@"+c.Domain {
		t.Errorf("signed in as %q", me.Email)
	}
	if got := sessionOf(t, b); got == attacker.Session.String() {
		t.Error("the sign-in went on with the planted session")
	}
	// What the attacker kept is no way to the victim: at most the attacker's own session.
	s.Bearer(attacker).Do(t, "GET", "/v1/me", nil)
	a := s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": attacker.Refresh})
	if a.StatusCode == 200 && strings.Contains(string(a.Text), sessionOf(t, b)) {
		t.Error("the planted refresh token renews the victim's session")
	}
}

// sessionOf is the session that a browser is in.
func sessionOf(tb testing.TB, b *browser) string {
	tb.Helper()
	var list struct {
		Items []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"items"`
	}
	b.get(tb, "/v1/sessions").Want(tb, 200).JSON(tb, &list)
	for _, item := range list.Items {
		if item.Current {
			return item.ID
		}
	}
	tb.Fatal("no session is the current one")
	return ""
}

func TestOIDC_023_AnotherPersonInTheSameBrowser(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice", "bob")
	b := newBrowser(s)
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, http.StatusSeeOther)
	alice := map[string]string{sessions.AccessCookie: b.cookies[sessions.AccessCookie], sessions.RefreshCookie: b.cookies[sessions.RefreshCookie]}
	b.signIn(t, c.Tenant, c.connection, "bob").Want(t, http.StatusSeeOther)
	var me struct {
		Email string `json:"email"`
	}
	b.get(t, "/v1/me").Want(t, 200).JSON(t, &me)
	if me.Email != "bob@"+c.Domain {
		t.Errorf("signed in as %q, want bob", me.Email)
	}
	old := newBrowser(s)
	old.cookies = alice
	if a := old.get(t, "/v1/me"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the session that the browser had before = %d, want 401: it was replaced", a.StatusCode)
	}
	a := s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": alice[sessions.RefreshCookie]})
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("its refresh token = %d, want 401", a.StatusCode)
	}
	// The identities stay apart.
	var n int
	must(t, s.Admin.QueryRow(t.Context(), `SELECT count(DISTINCT user_id) FROM identities WHERE email IN ($1, $2)`,
		"alice@"+c.Domain, "bob@"+c.Domain).Scan(&n))
	if n != 2 {
		t.Errorf("alice and bob are %d people, want 2", n)
	}
}

func TestOIDC_025_NothingOfAnAnswerStaysAnywhere(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	b := newBrowser(s)
	back := prove(t, c.IDP, b.begin(t, c.Tenant, c.connection), "alice")
	a := b.get(t, back).Want(t, http.StatusSeeOther)
	again := b.get(t, back)
	for what, answer := range map[string]*apitest.Answer{"success": a, "refusal": again} {
		if got := answer.Header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy %q", what, got)
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("%s: Content-Security-Policy %q", what, csp)
		}
	}
	secrets := []string{
		parameter(t, back, "code"), parameter(t, back, "state"), b.cookies[sessions.AccessCookie], b.cookies[sessions.RefreshCookie],
	}
	if last, ok := c.IDP.LastTokenRequest(); ok {
		secrets = append(secrets, last.Form.Get("code_verifier"), last.Form.Get("client_secret"))
	}
	nowhere(t, secrets, "the log", s.Log.String())
	nowhere(t, secrets, "the page of a refusal", string(again.Text))
	nowhere(t, secrets[:2], "the address after it", a.Header.Get("Location"))
}

// nowhere fails if a text holds one of the secrets.
func nowhere(tb testing.TB, secrets []string, place, text string) {
	tb.Helper()
	for i, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			tb.Errorf("secret %d of %d is in %s", i+1, len(secrets), place)
		}
	}
}

func TestOIDC_108_ScopesAreFixed(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	for _, field := range []string{"scope", "scopes", "prompt", "response_mode", "acr_values", "resource", "extra"} {
		body := c.Connection()
		body[field] = "openid offline_access\nadmin"
		if a := owner.Do(t, "POST", "/v1/connections", body); a.StatusCode/100 != 4 {
			t.Errorf("a connection with %s = %d, want a refusal", field, a.StatusCode)
		}
		if a := owner.Do(t, "PATCH", "/v1/connections/"+c.connection.String(), map[string]any{field: "x"}); a.StatusCode/100 != 4 {
			t.Errorf("a change of %s = %d, want a refusal", field, a.StatusCode)
		}
	}
	body := c.Connection()
	body["client_id"] = "x&scope=openid%20admin"
	var made struct {
		ID id.Connection `json:"id"`
	}
	owner.Do(t, "POST", "/v1/connections", body).Want(t, 201).JSON(t, &made)
	owner.Do(t, "POST", "/v1/connections/"+made.ID.String()+"/activate", nil).Want(t, 200)
	u, err := url.Parse(newBrowser(s).begin(t, c.Tenant, made.ID))
	must(t, err)
	scopes := strings.Fields(u.Query().Get("scope"))
	slices.Sort(scopes)
	if got := fmt.Sprint(scopes); got != "[email openid profile]" || len(u.Query()["scope"]) != 1 || len(u.Query()["client_id"]) != 1 {
		t.Errorf("scopes = %s of %s", got, u.RawQuery)
	}
}

// The provider has no way to tell us yet that somebody is gone: a session ends at its absolute limit at the latest, however
// often it is refreshed.
func TestXT_42_NoRefreshOutlivesTheLimit(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	session := s.Session(t, c.Tenant, rbac.Member)
	end := time.Now().Add(90 * time.Second).UTC().Truncate(time.Second)
	_, err := s.Admin.Exec(t.Context(), "UPDATE sessions SET expires_at = $1 WHERE id = $2", end, session.Session.UUID().String())
	must(t, err)
	refresh := func(token string) *apitest.Answer {
		return s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": token})
	}
	var next struct {
		Refresh        string    `json:"refresh_token"`
		AccessExpires  time.Time `json:"access_expires_at"`
		RefreshExpires time.Time `json:"refresh_expires_at"`
	}
	refresh(session.Refresh).Want(t, 200).JSON(t, &next)
	if next.RefreshExpires.After(end) || next.AccessExpires.After(end) {
		t.Errorf("refreshed until %v and %v, want at most %v", next.AccessExpires, next.RefreshExpires, end)
	}
	_, err = s.Admin.Exec(t.Context(), "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", session.Session.UUID().String())
	must(t, err)
	if a := refresh(next.Refresh); a.StatusCode != 401 {
		t.Errorf("refresh after the limit = %d, want 401", a.StatusCode)
	}
}
