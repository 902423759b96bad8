package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

// company is a tenant that a script has set up over HTTP, with its people at a provider that others wrote.
type company struct {
	server *devServer
	idp    *realidp.Provider

	slug, plan, issuer, id, link string
	key                          string // an API key with the role admin
	connection, callback         string
}

func (c *company) email(login string) string { return login + "@" + c.slug + ".example" }

// setUp does what an operator and an administrator do: the tenant, its domain and its connection, by commands and the API alone.
func setUp(tb testing.TB, s *devServer, idp *realidp.Provider, slug, plan string) *company {
	tb.Helper()
	c := &company{server: s, idp: idp, slug: slug, plan: plan, issuer: idp.Issuer(slug)}
	made := run[struct {
		ID   string `json:"tenant_id"`
		Link string `json:"sign_in_link"`
	}](tb, nil, "tenant", "create", "--data", s.dir, "--slug", slug, "--plan", plan, "--owner", c.email("olga"))
	c.id, c.link = made.ID, made.Link
	key := run[struct {
		Secret string `json:"api_key"`
	}](tb, nil, "apikey", "create", "--data", s.dir, "--tenant", slug, "--role", "admin")
	c.key = key.Secret
	run[any](tb, nil, "domain", "add", slug+".example", "--tenant", slug, "--data", s.dir)
	c.connect(tb)
	run[any](tb, nil, "domain", "verify", slug+".example", "--tenant", slug, "--connection", c.connection, "--data", s.dir)
	for _, login := range []string{"mia", "noah"} {
		c.hire(tb, login, c.email(login))
	}
	return c
}

// admin is the script of an administrator.
func (c *company) admin(tb testing.TB) *visitor {
	tb.Helper()
	return c.browser(tb).with("X-API-Key", c.key)
}

// connect makes the connection first, since only then is its redirect URI known, and registers there with it.
func (c *company) connect(tb testing.TB) {
	tb.Helper()
	first, firstSecret := c.idp.Client(c.slug)
	made := decode[struct {
		ID          string
		RedirectURI string `json:"redirect_uri"`
	}](c.admin(tb).call(http.MethodPost, "/v1/connections", map[string]any{
		"name": c.slug, "issuer": c.issuer, "client_id": first, "client_secret": firstSecret,
	}).is(http.StatusCreated))
	c.connection, c.callback = made.ID, made.RedirectURI
	client, secret, err := c.idp.Register(tb.Context(), c.slug, c.callback)
	if err != nil {
		tb.Fatalf("register at %s: %v", c.issuer, err)
	}
	path := "/v1/connections/" + c.connection
	c.admin(tb).call(http.MethodPatch, path, map[string]any{"client_id": client, "client_secret": secret}).is(http.StatusOK)
	c.admin(tb).call(http.MethodPost, path+"/test", nil).is(http.StatusOK)
	c.admin(tb).call(http.MethodPost, path+"/activate", nil).is(http.StatusOK).shows(`"optional"`)
}

// hire adds a person at the provider.
func (c *company) hire(tb testing.TB, login, email string) {
	tb.Helper()
	u := realidp.User{Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " " + c.slug, Email: email, EmailVerified: true}
	if err := c.idp.AddUser(tb.Context(), c.slug, u); err != nil {
		tb.Fatalf("add %s at %s: %v", login, c.issuer, err)
	}
}

// browser is a new one, at the start page.
func (c *company) browser(tb testing.TB) *visitor {
	tb.Helper()
	return newVisitor(tb, c.server.base, "")
}

// prove plays the person at the provider's own pages and returns where that sends the browser.
func (c *company) prove(tb testing.TB, authorization, login string) string {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatalf("cookie jar: %v", err)
	}
	back, err := c.idp.Login(tb.Context(), &http.Client{Jar: jar, Timeout: patience}, authorization, login)
	if err != nil {
		tb.Fatalf("sign in at the provider: %v", err)
	}
	return back
}

// signIn goes by e-mail to the provider and comes back with cookies.
func (c *company) signIn(tb testing.TB, v *visitor, login string) *visitor {
	tb.Helper()
	v.get("/login").is(http.StatusOK).shows("Work e-mail")
	to := v.post("/login", "email", c.email(login), "return_to", "/sessions").leads(c.idpBase())
	back := c.prove(tb, to, login)
	if !strings.HasPrefix(back, c.callback+"?") {
		tb.Fatalf("the provider sent the browser to %q, want %s", back, c.callback)
	}
	v.get(back).leads("/sessions")
	return v
}

// idpBase is where all that the provider shows begins.
func (c *company) idpBase() string {
	at := strings.Index(c.issuer, "127.0.0.1:")
	return c.issuer[:at+strings.Index(c.issuer[at:], "/")] + "/"
}

// owner redeems the link that the operator was given.
func (c *company) owner(tb testing.TB) *visitor {
	tb.Helper()
	v := c.browser(tb)
	page, credential, found := strings.Cut(c.link, "#")
	if !found {
		tb.Fatalf("the sign-in link %q carries its credential where servers and logs see it", page)
	}
	v.get(page).is(http.StatusOK)
	v.post("/login/link", "link", credential).leads("/")
	return v
}

// me is what GET /v1/me answers.
type me struct {
	Tenant     struct{ ID, Slug string }
	Membership string `json:"membership_id"`
	User       string `json:"user_id"`
	Email      string
	Name       string
	Role, Plan string
	Session    struct{ ID, Method string }
}

func (v *visitor) me() me {
	v.tb.Helper()
	return decode[me](v.call(http.MethodGet, "/v1/me", nil).is(http.StatusOK))
}

// decision is what POST /v1/check answers.
type decision struct {
	Allowed   bool
	Clause    string
	NeedsRole string `json:"needs_role"`
	NeedsPlan string `json:"needs_plan"`
	ID        string `json:"decision_id"`
}

func (v *visitor) check(permission, feature string) decision {
	v.tb.Helper()
	in := map[string]string{}
	if permission != "" {
		in["permission"] = permission
	}
	if feature != "" {
		in["feature"] = feature
	}
	d := decode[decision](v.call(http.MethodPost, "/v1/check", in).is(http.StatusOK))
	if !strings.HasPrefix(d.ID, "dec_") {
		v.tb.Errorf("check(%q, %q) has the decision id %q", permission, feature, d.ID)
	}
	d.ID = ""
	return d
}

// The one sign-in that everything else is for, through oidc-provider for one tenant and Glewlwyd for the other, and then every way in
// which one of the two could reach into the other.
func TestRealProviders(t *testing.T) {
	t.Parallel()
	s := startDev(t, "--demo=false")
	acme := setUp(t, s, realidp.StartOIDCProvider(t, realidp.Options{Tenants: []string{"acme"}}), "acme", "enterprise")
	globex := setUp(t, s, realidp.StartGlewlwyd(t, realidp.Options{Tenants: []string{"globex"}}), "globex", "team")

	// One after the other: each looks at the same rows.
	for _, c := range []*company{acme, globex} { //nolint:paralleltest // see above
		t.Run(c.slug, func(t *testing.T) {
			signInAndAsk(t, c)
			refresh(t, c)
			signOut(t, c)
		})
	}
	t.Run("key rotation", func(t *testing.T) { rotateProviderKeys(t, acme) })           //nolint:paralleltest // see above
	t.Run("switch", func(t *testing.T) { switchTenants(t, acme, globex) })              //nolint:paralleltest // see above
	t.Run("address of another", func(t *testing.T) { claimAddress(t, acme, globex) })   //nolint:paralleltest // see above
	t.Run("callback of another", func(t *testing.T) { crossCallback(t, acme, globex) }) //nolint:paralleltest // see above
	t.Run("ids of another", func(t *testing.T) { crossIDs(t, acme, globex) })           //nolint:paralleltest // see above
	t.Run("provider of another", func(t *testing.T) { crossProvider(t, acme, globex) }) //nolint:paralleltest // see above
}

func signInAndAsk(t *testing.T, c *company) {
	t.Helper()
	v := c.signIn(t, c.browser(t), "mia")
	got := v.me()
	if got.Tenant.Slug != c.slug || got.Tenant.ID != c.id || got.Email != c.email("mia") || got.Role != "member" || got.Plan != c.plan ||
		got.Session.Method != "oidc" {
		t.Errorf("after the sign-in, me = %+v, want a member of %s on %s", got, c.slug, c.plan)
	}
	v.get("/").is(http.StatusOK).shows(c.email("mia"), c.slug, "member", c.plan)
	if again := c.signIn(t, c.browser(t), "mia").me(); again.Membership != got.Membership || again.Session.ID == got.Session.ID {
		t.Errorf("at the second sign-in, me = %+v, want the same member in another session", again)
	}
	for _, tt := range []struct {
		permission, feature string
		want                decision
	}{
		{"chat:use", "", decision{Allowed: true}},
		{"", "reports.export", decision{Allowed: true}},
		{"members:write", "", decision{Clause: "role_lacks_permission", NeedsRole: "admin"}},
		{"chat:use", "audit_export", map[string]decision{
			"enterprise": {Allowed: true}, "team": {Clause: "feature_not_in_plan", NeedsPlan: "enterprise"},
		}[c.plan]},
	} {
		if d := v.check(tt.permission, tt.feature); d != tt.want {
			t.Errorf("check(%q, %q) in %s = %+v, want %+v", tt.permission, tt.feature, c.slug, d, tt.want)
		}
	}
	v.call(http.MethodPost, "/v1/api-keys", map[string]string{"name": "k", "role": "member"}).refused(http.StatusForbidden, "role_lacks_permission")
}

// refresh is done by the server for a browser, and by the client for any other.
func refresh(t *testing.T, c *company) {
	t.Helper()
	v := c.signIn(t, c.browser(t), "mia")
	before := v.me()
	delete(v.cookies, accessCookie) // as a browser does after five minutes
	used := v.cookies[refreshCookie]
	if after := v.me(); after != before {
		t.Errorf("after the refresh, me = %+v, want %+v", after, before)
	}
	if v.cookies[accessCookie] == "" || v.cookies[refreshCookie] == used {
		t.Error("the refresh gave no new cookies")
	}

	program := c.signIn(t, c.browser(t), "noah")
	access, token := program.cookies[accessCookie], program.cookies[refreshCookie]
	type tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	in := func(token string) map[string]string { return map[string]string{"refresh_token": token} }
	nobody := c.browser(t)
	next := decode[tokens](nobody.call(http.MethodPost, "/v1/session/refresh", in(token)).is(http.StatusOK))
	for name, bearer := range map[string]string{"old": access, "new": next.Access} {
		if got := nobody.bearer(bearer).me(); got.Email != c.email("noah") {
			t.Errorf("me with the %s access token = %+v, want noah", name, got)
		}
	}
	last := decode[tokens](nobody.call(http.MethodPost, "/v1/session/refresh", in(next.Refresh)).is(http.StatusOK))
	nobody.call(http.MethodPost, "/v1/session/refresh", in(token)).refused(http.StatusUnauthorized, "refresh_reused")
	nobody.call(http.MethodPost, "/v1/session/refresh", in(last.Refresh)).refused(http.StatusUnauthorized, "session_revoked")
	nobody.bearer(last.Access).eventually(http.MethodGet, "/v1/me", http.StatusUnauthorized)
}

func signOut(t *testing.T, c *company) {
	t.Helper()
	v := c.signIn(t, c.browser(t), "mia")
	access, token := v.cookies[accessCookie], v.cookies[refreshCookie]
	v.post("/logout").is(http.StatusSeeOther) // to the provider, or to the goodbye where that cannot be asked
	if v.cookies[accessCookie] != "" || v.cookies[refreshCookie] != "" {
		t.Errorf("after the sign-out the browser still has %v", v.cookies)
	}
	v.get("/").leads("/login")
	v.bearer(access).eventually(http.MethodGet, "/v1/me", http.StatusUnauthorized)
	v.call(http.MethodPost, "/v1/session/refresh", map[string]string{"refresh_token": token}).refused(http.StatusUnauthorized, "session_revoked")
	thief := c.browser(t)
	thief.cookies[refreshCookie] = token
	thief.call(http.MethodGet, "/v1/me", nil).is(http.StatusUnauthorized)
}

// rotateProviderKeys has the provider replace its keys and withdraw the old ones. The next person must not notice.
func rotateProviderKeys(t *testing.T, c *company) {
	t.Helper()
	was := c.signIn(t, c.browser(t), "mia").me()
	resp, err := http.Post(c.idpBase()+"admin/"+c.slug+"/rotate?drop=1", "", nil)
	if err != nil {
		t.Fatalf("rotate the keys of %s: %v", c.issuer, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("rotate the keys of %s = %s", c.issuer, resp.Status)
	}
	if got := c.signIn(t, c.browser(t), "mia").me(); got.Membership != was.Membership {
		t.Errorf("after the rotation, me = %+v, want the member %s", got, was.Membership)
	}
}
