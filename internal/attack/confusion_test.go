package attack_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// The cookie of one attempt is good for that attempt alone, under whatever name it comes.
func TestCookiesOfAttemptsAreNotExchanged(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := newCompany(t, s, "alice"), newCompany(t, s, "mallory")
	attacker, b := newBrowser(s), newBrowser(s)
	attacker.begin(t, evil.Tenant, evil.connection)
	b.begin(t, victim.Tenant, victim.connection)
	var own, foreign string
	for _, value := range b.cookies {
		own = value
	}
	for name := range attacker.cookies {
		foreign = name
	}
	for what, cookies := range map[string]map[string]string{
		"none of its own":                {},
		"another attempt's value":        {foreign: own},
		"another attempt's value quoted": {foreign: `"` + own + `"`},
		"an empty one":                   {foreign: ""},
		"another prefix":                 {strings.Replace(foreign, "__Host-", "", 1): attacker.cookies[foreign]},
		"other case":                     {strings.ToLower(foreign): attacker.cookies[foreign]},
		"one of the session":             {sessions.AccessCookie: attacker.cookies[foreign]},
	} {
		back := prove(t, evil.IDP, attacker.begin(t, evil.Tenant, evil.connection), "mallory")
		b.cookies = map[string]string{}
		maps.Copy(b.cookies, cookies)
		if a := b.get(t, back); code(t, a) != "wrong_browser" {
			t.Errorf("a callback with %s = %d %q, want wrong_browser", what, a.StatusCode, code(t, a))
		}
	}
	// Two cookies of one name: one of them was put there.
	attacker = newBrowser(s)
	back := prove(t, evil.IDP, attacker.begin(t, evil.Tenant, evil.connection), "mallory")
	var line []string
	for name, value := range attacker.cookies {
		line = append(line, name+"="+value, name+"="+own)
	}
	if a := attacker.Client.With("Cookie", strings.Join(line, "; ")).Do(t, "GET", back, nil); a.StatusCode < 400 {
		t.Errorf("a callback with two cookies of one name = %d", a.StatusCode)
	}
}

// Whoever was proven by Google and is asked where to go has one choice, once, in one browser.
func TestTheChoiceOfATenantIsNotReplayed(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	home, second, foreign := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	person := home.Members[rbac.Member]
	second.Adopt(t, person, rbac.Viewer)
	subject := s.Identity(t, person, id.Google, s.Google.URL()).String()
	must(t, s.Google.AddUser(testidp.User{Login: "gina", Subject: subject, Email: person.Email, EmailVerified: true}))
	start := func() (*browser, string) {
		b := newBrowser(s)
		to := b.post(t, "/login/google").Want(t, 303).Header.Get("Location")
		back := prove(t, s.Google, to, "gina")
		a := b.get(t, back).Want(t, 200)
		if !strings.Contains(string(a.Text), home.ID.String()) || strings.Contains(string(a.Text), foreign.ID.String()) {
			t.Fatalf("no choice of the person's own tenants: %s", a.Text)
		}
		return b, parameter(t, back, "state")
	}
	b, state := start()
	thief := newBrowser(s)
	for what, a := range map[string]*apitest.Answer{
		"in another browser":       thief.post(t, "/choose", "state", state, "tenant", home.ID.String()),
		"of a tenant of others":    b.post(t, "/choose", "state", state, "tenant", foreign.ID.String()),
		"of the installation":      b.post(t, "/choose", "state", state, "tenant", id.Installation.String()),
		"of none":                  b.post(t, "/choose", "state", state, "tenant", ""),
		"without a state":          b.post(t, "/choose", "tenant", home.ID.String()),
		"with a state of no one":   b.post(t, "/choose", "state", state[:len(state)-1], "tenant", home.ID.String()),
		"with two tenants":         b.post(t, "/choose", "state", state, "tenant", home.ID.String(), "tenant", second.ID.String()),
		"by GET":                   b.get(t, "/choose?state="+state+"&tenant="+home.ID.String()),
		"by going back a page":     b.get(t, "/sso/google/callback?code=x&state="+state),
		"by a page of other sites": b.choose(t, "cross-site", state, home.ID.String()),
	} {
		if a.StatusCode < 400 {
			t.Errorf("a choice %s = %d", what, a.StatusCode)
		}
	}
	if thief.signedIn(t) || b.signedIn(t) {
		t.Fatal("somebody is signed in")
	}
	b, state = start()
	var wg sync.WaitGroup
	var mu sync.Mutex
	entered := 0
	for i := range 20 {
		twin := &browser{b.Client, s, map[string]string{}}
		maps.Copy(twin.cookies, b.cookies)
		wg.Go(func() {
			a := twin.post(t, "/choose", "state", state, "tenant", []string{home.ID.String(), second.ID.String()}[i%2])
			mu.Lock()
			defer mu.Unlock()
			if a.StatusCode == 303 {
				entered++
			}
		})
	}
	wg.Wait()
	if entered != 1 {
		t.Errorf("one proof was good for %d choices", entered)
	}
	// Membership is looked at when the choice is made.
	b, state = start()
	s.Bearer(s.Session(t, second, rbac.Owner)).Do(t, "DELETE", "/v1/members/"+memberOf(t, s, second, person.Email), nil).Want(t, 204)
	if a := b.post(t, "/choose", "state", state, "tenant", second.ID.String()); a.StatusCode < 400 {
		t.Errorf("the choice of a tenant that has removed the person = %d", a.StatusCode)
	}
}

func (b *browser) choose(tb testing.TB, site, state, tenant string) *apitest.Answer {
	tb.Helper()
	other := &browser{b.With("Sec-Fetch-Site", site), b.server, b.cookies}
	return other.post(tb, "/choose", "state", state, "tenant", tenant)
}

func memberOf(tb testing.TB, s *apitest.Server, t *apitest.Tenant, email string) string {
	tb.Helper()
	var list struct {
		Items []struct{ ID, Email string } `json:"items"`
	}
	s.Bearer(s.Session(tb, t, rbac.Owner)).Do(tb, "GET", "/v1/members?limit=200", nil).Want(tb, 200).JSON(tb, &list)
	for _, m := range list.Items {
		if m.Email == email {
			return m.ID
		}
	}
	tb.Fatalf("no member %s", email)
	return ""
}

// The path to return to is kept from the start of a sign-in to its end, and is looked at again there.
func TestAfterASignInNobodyLeavesForAnotherSite(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	for _, to := range []string{
		"//evil.test", `/\evil.test`, "https://evil.test", "https:/evil.test", "/%09/evil.test", "/%5cevil.test", "/%2f/evil.test", "/.//evil.test",
		"/..//evil.test", "javascript:alert(1)", "/\r\nLocation: https://evil.test", "/\x00", " //evil.test", "\t//evil.test", "/a/../..//evil.test",
		"/@evil.test", "@evil.test", ":80@evil.test", "/?next=//evil.test", "/" + strings.Repeat("a", 5<<10), "///evil.test", "/;//evil.test", "．／／evil.test",
		"/%252f%252fevil.test", "/logout", "/login/link",
	} {
		b := newBrowser(s)
		at := b.post(t, "/login/"+c.Slug, "connection", c.connection.String(), "return_to", to).Want(t, 303).Header.Get("Location")
		location := b.get(t, prove(t, c.IDP, at, "alice")).Want(t, 303).Header.Get("Location")
		u, err := url.Parse(location)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.HasPrefix(location, `/\`) {
			t.Errorf("return_to %.60q leads to %q", to, location)
		}
	}
	// Also when it was put into the row from elsewhere.
	b := newBrowser(s)
	at := b.begin(t, c.Tenant, c.connection)
	_, err := s.Admin.Exec(t.Context(), "UPDATE attempts SET return_to = 'https://evil.test/' WHERE outcome = 'pending'")
	must(t, err)
	if a := b.get(t, prove(t, c.IDP, at, "alice")); a.Header.Get("Location") != "/" {
		t.Errorf("a row's own return_to leads to %q", a.Header.Get("Location"))
	}
}

// Tokens that a tenant's own provider signs are no sessions of ours, however much they look like one.
func TestAProviderSignsNoSessions(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	session := s.Session(t, c.Tenant, rbac.Owner)
	head, claims := decoded(t, session.Access, 0), decoded(t, session.Access, 1)
	for name, change := range map[string]func(h, c map[string]any){
		"the same":              func(map[string]any, map[string]any) {},
		"with a key of its own": func(h, _ map[string]any) { h["jwk"] = c.IDP.SigningKey().JWK() },
		"with a link to keys":   func(h, _ map[string]any) { h["jku"] = c.IDP.URL() + "/jwks" },
		"with its own kid":      func(h, _ map[string]any) { h["kid"] = c.IDP.SigningKey().ID },
		"without a kid":         func(h, _ map[string]any) { delete(h, "kid") },
		"with its own issuer":   func(h, m map[string]any) { h["kid"], m["iss"] = c.IDP.SigningKey().ID, c.IDP.URL() },
	} {
		h, m := maps.Clone(head), maps.Clone(claims)
		change(h, m)
		token, err := c.IDP.Sign(h, m)
		must(t, err)
		if a := s.Anonymous().With("Authorization", "Bearer "+token).Do(t, "GET", "/v1/me", nil); a.StatusCode != 401 {
			t.Errorf("a token of the provider, %s = %d, want 401", name, a.StatusCode)
		}
		cookie := s.Anonymous().With("Cookie", sessions.AccessCookie+"="+token)
		if a := cookie.Do(t, "GET", "/v1/me", nil); a.StatusCode != 401 {
			t.Errorf("a cookie of the provider, %s = %d, want 401", name, a.StatusCode)
		}
	}
	if n := s.TestIDP.CanaryHits(); n > 0 {
		t.Errorf("the canary was called %d times", n)
	}
}

func decoded(tb testing.TB, token string, part int) map[string]any {
	tb.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	must(tb, err)
	var m map[string]any
	must(tb, json.Unmarshal(raw, &m))
	return m
}

// A credential is of one kind, of one tenant and of one thing. None of these can be changed by whoever holds it, though its
// checksum can be made right again.
func TestCredentialsAreNotConverted(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c, other := newCompany(t, s), newCompany(t, s)
	session, key := s.Session(t, c.Tenant, rbac.Owner), s.APIKey(t, c.Tenant, rbac.Admin)
	link := s.Link(t, c.Tenant, c.Members[rbac.Owner])
	otherKey := s.APIKey(t, other.Tenant, rbac.Admin)
	before := s.Snapshot(t)
	for name, text := range map[string]string{"refresh token": session.Refresh, "API key": key.Secret, "link": link} {
		own := parse(t, text)
		for _, prefix := range []string{
			secret.PrefixAPIKey, secret.PrefixRefresh, secret.PrefixSignInLink, secret.PrefixInvitation, secret.PrefixRecovery, secret.PrefixSetupLink,
			secret.PrefixSetupSession,
		} {
			for what, change := range map[string]func(*secret.Credential){
				"as another kind":         func(*secret.Credential) {},
				"of another tenant":       func(c *secret.Credential) { c.Tenant = parse(t, otherKey.Secret).Tenant },
				"of the installation":     func(c *secret.Credential) { c.Tenant = id.Installation.Bytes() },
				"of no tenant":            func(c *secret.Credential) { c.Tenant = [16]byte{} },
				"of another thing":        func(c *secret.Credential) { c.ID = parse(t, otherKey.Secret).ID },
				"of nothing":              func(c *secret.Credential) { c.ID = [16]byte{} },
				"of a later generation":   func(c *secret.Credential) { c.Generation++ },
				"of the last generation":  func(c *secret.Credential) { c.Generation = 1<<32 - 1 },
				"of generation zero":      func(c *secret.Credential) { c.Generation = 0 },
				"with an empty secret":    func(c *secret.Credential) { c.Secret = [32]byte{} },
				"with its id for tenant":  func(c *secret.Credential) { c.Tenant = c.ID },
				"with its tenant for id":  func(c *secret.Credential) { c.ID = c.Tenant },
				"with the secret as hash": func(c *secret.Credential) { c.Secret = c.Hash() },
			} {
				forged := own
				forged.Prefix = prefix
				change(&forged)
				if forged == own {
					continue
				}
				for where, a := range map[string]*apitest.Answer{
					"key":                 s.Anonymous().With("X-API-Key", forged.String()).Do(t, "GET", "/v1/me", nil),
					"bearer":              s.Anonymous().With("Authorization", "Bearer "+forged.String()).Do(t, "GET", "/v1/me", nil),
					"cookie":              s.Anonymous().With("Cookie", sessions.RefreshCookie+"="+forged.String()).Do(t, "GET", "/v1/me", nil),
					"refresh":             s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": forged.String()}),
					"link":                newBrowser(s).post(t, "/login/link", "link", forged.String()),
					"set-up":              newBrowser(s).post(t, "/setup/open", "link", forged.String()),
					"session of a set-up": s.Anonymous().With("Cookie", sso.SetupCookie+"="+forged.String()).Do(t, "GET", "/setup", nil),
				} {
					if a.StatusCode < 400 || a.StatusCode > 499 {
						t.Errorf("a %s with prefix %s %s, presented as a %s = %d", name, prefix, what, where, a.StatusCode)
					}
				}
			}
		}
	}
	if diff := before.Changed(s.Snapshot(t)); diff != "" {
		t.Errorf("forged credentials changed rows:\n%s", diff)
	}
	s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": session.Refresh}).Want(t, 200)
	newBrowser(s).post(t, "/login/link", "link", link).Want(t, 303)
}

func TestALinkIsUsedOnceByTwentyAtOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.NewTenant(t, billing.Pro)
	link := s.Link(t, c, c.Members[rbac.Member])
	var wg sync.WaitGroup
	answers := make([]int, 20)
	for i := range answers {
		wg.Go(func() { answers[i] = newBrowser(s).post(t, "/login/link", "link", link).StatusCode })
	}
	wg.Wait()
	entered := 0
	for _, status := range answers {
		switch status {
		case http.StatusSeeOther:
			entered++
		case http.StatusGone:
		default:
			t.Errorf("a link = %d", status)
		}
	}
	if entered != 1 {
		t.Errorf("one link let %d in", entered)
	}
}

// The tenant of the installation, where sign-ins with Google begin, is no tenant that anybody can be in.
func TestTheInstallationIsNoTenant(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	b := newBrowser(s)
	session := s.Session(t, c.Tenant, rbac.Owner)
	before := s.Snapshot(t)
	for what, a := range map[string]*apitest.Answer{
		"its page":            b.get(t, "/login/gatehouse"),
		"its own sign-in":     b.post(t, "/login/gatehouse"),
		"another's provider":  b.post(t, "/login/gatehouse", "connection", c.connection.String()),
		"Google's connection": b.post(t, "/login/"+c.Slug, "connection", id.Google.String()),
		"Google for it":       b.post(t, "/login/google", "tenant", "gatehouse"),
		"the callback":        b.get(t, "/sso/oidc/"+id.Google.String()+"/callback?code=x&state=x"),
		"a switch":            s.Bearer(session).Do(t, "POST", "/v1/session/switch", map[string]any{"tenant_id": id.Installation.String()}),
		"Google as one's own": s.Bearer(session).Do(t, "GET", "/v1/connections/"+id.Google.String(), nil),
		"Google deleted":      s.Bearer(session).Do(t, "DELETE", "/v1/connections/"+id.Google.String(), nil),
		"a header":            s.Bearer(session).With("X-Tenant-ID", id.Installation.String()).Do(t, "GET", "/v1/tenant", nil),
	} {
		if a.StatusCode != 404 && a.StatusCode != 400 {
			t.Errorf("%s = %d, want 404", what, a.StatusCode)
		}
	}
	if diff := before.Changed(s.Snapshot(t)); diff != "" {
		t.Errorf("rows changed:\n%s", diff)
	}
}
