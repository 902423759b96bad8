package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

// workforce is a tenant whose people sign in at a SAML provider that others wrote.
type workforce struct {
	server *devServer
	idp    *realidp.SAML
	slug   string
	owner  string // the one-time link of the owner
	key    string // an API key with the role admin
	id     string // of the connection
	acs    string
}

func (w *workforce) email(login string) string { return login + "@" + w.slug + ".example" }

// employ sets a tenant up by commands and the API, and lets its connection and the provider read each other's metadata.
func employ(tb testing.TB, s *devServer, idp *realidp.SAML, slug string) *workforce {
	tb.Helper()
	w := &workforce{server: s, idp: idp, slug: slug}
	made := run[struct {
		Link string `json:"sign_in_link"`
	}](tb, nil, "tenant", "create", "--data", s.dir, "--slug", slug, "--plan", "enterprise", "--owner", w.email("olga"))
	w.owner = made.Link
	w.key = run[struct {
		Secret string `json:"api_key"`
	}](tb, nil, "apikey", "create", "--data", s.dir, "--tenant", slug, "--role", "admin").Secret
	run[any](tb, nil, "domain", "add", slug+".example", "--tenant", slug, "--data", s.dir)
	connection := decode[struct {
		ID          string
		RedirectURI string `json:"redirect_uri"`
	}](w.admin(tb).call(http.MethodPost, "/v1/connections", map[string]any{
		"protocol": "saml", "name": slug, "saml": map[string]any{"metadata_url": idp.MetadataURL(slug)}, "claims": map[string]any{"email": "email"},
	}).is(http.StatusCreated))
	w.id, w.acs = connection.ID, connection.RedirectURI
	w.register(tb, realidp.Party{})
	w.admin(tb).call(http.MethodPost, w.path("activate"), nil).is(http.StatusOK).shows(`"optional"`)
	run[any](tb, nil, "domain", "verify", slug+".example", "--tenant", slug, "--connection", w.id, "--data", s.dir)
	return w
}

func (w *workforce) path(action string) string { return "/v1/connections/" + w.id + "/" + action }

func (w *workforce) admin(tb testing.TB) *visitor {
	tb.Helper()
	return w.browser(tb).with("X-API-Key", w.key)
}

func (w *workforce) browser(tb testing.TB) *visitor {
	tb.Helper()
	return newVisitor(tb, w.server.base, "")
}

// change writes SAML settings of the connection.
func (w *workforce) change(tb testing.TB, settings map[string]any) {
	tb.Helper()
	w.admin(tb).call(http.MethodPatch, "/v1/connections/"+w.id, map[string]any{"saml": settings}).is(http.StatusOK)
}

// register gives the provider our metadata as it is now, and says how it is to answer us.
func (w *workforce) register(tb testing.TB, p realidp.Party) {
	tb.Helper()
	p.Metadata = []byte(w.browser(tb).get("/sso/saml/" + w.id + "/metadata").is(http.StatusOK).body)
	if err := w.idp.Register(tb.Context(), w.slug, p); err != nil {
		tb.Fatalf("register at the provider: %v", err)
	}
}

// person is somebody's browser: what it keeps for us, and for the provider.
type person struct {
	*visitor
	w       *workforce
	outside *http.Client
}

func (w *workforce) person(tb testing.TB) *person {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &person{w.browser(tb), w, &http.Client{Jar: jar, Timeout: patience}}
}

// ask goes by e-mail to the provider, signs in there, and returns what the provider has the browser send us.
func (p *person) ask(login string) realidp.Delivery {
	p.tb.Helper()
	to := p.post("/login", "email", p.w.email(login), "return_to", "/sessions").leads("http://127.0.0.1:")
	back, err := p.w.idp.Login(p.tb.Context(), p.outside, realidp.Redirect(to), login)
	if err != nil {
		p.tb.Fatalf("sign in at the provider: %v", err)
	}
	return back
}

// deliver sends what the provider made of a request or on its own, as the provider's page would: from another site.
func (p *person) deliver(d realidp.Delivery) answer {
	p.tb.Helper()
	if d.Method == http.MethodPost {
		return p.send(http.MethodPost, d.URL, strings.NewReader(d.Values.Encode()), "Content-Type", "application/x-www-form-urlencoded",
			"Accept", "text/html", "Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "cross-site")
	}
	return p.get(d.URL)
}

// signIn comes in and returns who that is.
func (w *workforce) signIn(tb testing.TB, login string) *person {
	tb.Helper()
	p := w.person(tb)
	p.deliver(p.ask(login)).leads("/sessions")
	if got := p.me(); got.Email != w.email(login) || got.Session.Method != "saml" || got.Tenant.Slug != w.slug {
		tb.Fatalf("after the sign-in, me = %+v, want %s by saml", got, w.email(login))
	}
	return p
}

// lastReason is why the latest sign-in was refused.
func (w *workforce) lastReason(tb testing.TB) string {
	tb.Helper()
	list := decode[struct {
		Items []struct{ Reason string }
	}](w.admin(tb).call(http.MethodGet, "/v1/sign-ins?limit=1", nil).is(http.StatusOK))
	if len(list.Items) == 0 {
		return ""
	}
	return list.Items[0].Reason
}

func TestRealSAMLProviders(t *testing.T) {
	t.Parallel()
	s := startDev(t, "--demo=false")
	for _, w := range []*workforce{ //nolint:paralleltest // each mode changes what the one before has registered
		employ(t, s, realidp.StartSimpleSAMLphp(t, "initech"), "initech"),
		employ(t, s, realidp.StartSamlp(t, "hooli"), "hooli"),
	} {
		t.Run(w.slug, func(t *testing.T) { everyMode(t, w) })
	}
}

// everyMode goes through the modes one after the other: each changes what the one before has registered.
func everyMode(t *testing.T, w *workforce) {
	t.Helper()
	member := w.signIn(t, "alice").me().Membership
	same := func(t *testing.T) {
		t.Helper()
		if got := w.signIn(t, "alice").me().Membership; got != member {
			t.Errorf("membership = %s, want %s as before", got, member)
		}
	}
	t.Run("assertion signed", func(t *testing.T) { w.register(t, realidp.Party{Sign: realidp.SignAssertion}); same(t) })
	t.Run("response signed", func(t *testing.T) { responseSigned(t, w, same) })
	t.Run("nothing signed", func(t *testing.T) { nothingSigned(t, w) })
	t.Run("both signed", func(t *testing.T) { w.register(t, realidp.Party{Sign: realidp.SignBoth}); same(t) })
	t.Run("encrypted", func(t *testing.T) { encrypted(t, w, same) })
	t.Run("persistent NameID", func(t *testing.T) { persistentNameID(t, w) })
	t.Run("provider starts", func(t *testing.T) { providerStarts(t, w) })
	t.Run("logout", func(t *testing.T) { singleLogout(t, w) })
	if w.slug == "initech" {
		t.Run("SHA-512", func(t *testing.T) { w.register(t, realidp.Party{Hash: realidp.SHA512}); same(t) })
		t.Run("signed requests", func(t *testing.T) { w.register(t, realidp.Party{SignedRequests: true}); same(t) })
	}
	t.Run("key rollover", func(t *testing.T) { rollOver(t, w, same) })
}

func responseSigned(t *testing.T, w *workforce, same func(*testing.T)) {
	t.Helper()
	w.register(t, realidp.Party{Sign: realidp.SignResponse})
	p := w.person(t)
	p.deliver(p.ask("alice")).turnedAway("signature_missing")
	w.change(t, map[string]any{"legacy_response_only": true})
	same(t)
	w.change(t, map[string]any{"legacy_response_only": false})
	p = w.person(t)
	p.deliver(p.ask("alice")).turnedAway("signature_missing")
}

func nothingSigned(t *testing.T, w *workforce) {
	t.Helper()
	w.register(t, realidp.Party{Sign: realidp.SignNothing})
	p := w.person(t)
	p.deliver(p.ask("alice")).turnedAway("signature_missing")
	if got := w.lastReason(t); got != "signature_missing" {
		t.Errorf("the administrator reads %q, want signature_missing", got)
	}
}

// encrypted first comes unexpected. SimpleSAMLphp knows AES-CBC alone, which is read inside a signed response.
func encrypted(t *testing.T, w *workforce, same func(*testing.T)) {
	t.Helper()
	cipher := realidp.AES256GCM
	if w.slug == "initech" {
		cipher = realidp.AES128CBC
	}
	w.change(t, map[string]any{"encryption": true}) // our metadata then has the key
	w.register(t, realidp.Party{Encrypt: cipher})
	same(t)
	w.change(t, map[string]any{"encryption": false})
	p := w.person(t)
	p.deliver(p.ask("alice")).turnedAway("encryption_unexpected")
	w.register(t, realidp.Party{})
}

// persistentNameID makes alice somebody whom the connection does not know: nobody is linked by address.
func persistentNameID(t *testing.T, w *workforce) {
	t.Helper()
	w.register(t, realidp.Party{NameID: realidp.PersistentNameID})
	p := w.person(t)
	p.deliver(p.ask("alice")).turnedAway("identity_changed")
	member := w.signIn(t, "bob").me().Membership
	if got := w.signIn(t, "bob").me().Membership; got != member {
		t.Errorf("at the second sign-in by a persistent NameID, membership = %s, want %s", got, member)
	}
	w.register(t, realidp.Party{})
}

// providerStarts is refused until it is switched on, and then waits for the person's word.
func providerStarts(t *testing.T, w *workforce) {
	t.Helper()
	start := func() (*person, realidp.Delivery) {
		p := w.person(t)
		d, err := w.idp.InitiateLogin(t.Context(), p.outside, realidp.InitiatedLogin{
			Tenant: w.slug, EntityID: w.server.base + "/sso/saml/" + w.id + "/metadata", RelayState: "https://evil.example/", Login: "alice",
		})
		if err != nil {
			t.Fatalf("start at the provider: %v", err)
		}
		return p, d
	}
	p, d := start()
	p.deliver(d).turnedAway("unsolicited_response")
	w.change(t, map[string]any{"idp_initiated": true})
	p, d = start()
	page := p.get(p.deliver(d).leads("/sso/confirm?state=")).is(http.StatusOK).shows(w.email("alice"))
	if p.cookies[accessCookie] != "" {
		t.Fatal("a session before the person's word")
	}
	_, rest, found := strings.Cut(page.body, `name="state" value="`)
	state, _, _ := strings.Cut(rest, `"`)
	if !found || strings.Contains(page.body, "evil.example") {
		t.Fatalf("the page asks for nothing, or names the provider's relay state:\n%s", page.body)
	}
	p.post("/sso/confirm", "state", state).leads("/")
	if got := p.me(); got.Email != w.email("alice") {
		t.Errorf("after the person's word, me = %+v", got)
	}
	p.deliver(d).turnedAway("assertion_replayed")
	w.change(t, map[string]any{"idp_initiated": false})
}

// singleLogout goes both ways: from here to the provider, and from the provider here.
func singleLogout(t *testing.T, w *workforce) {
	t.Helper()
	p := w.signIn(t, "alice")
	access := p.cookies[accessCookie]
	to := p.post("/logout").leads("http://127.0.0.1:")
	p.bearer(access).eventually(http.MethodGet, "/v1/me", http.StatusUnauthorized)
	d, err := w.idp.Logout(t.Context(), p.outside, realidp.Redirect(to))
	if err != nil {
		t.Fatalf("log out at the provider: %v", err)
	}
	p.deliver(d).leads("/logged-out")
	if w.slug != "initech" { // samlp tells no other party
		return
	}
	p = w.signIn(t, "alice")
	access = p.cookies[accessCookie]
	d, err = w.idp.InitiateLogout(t.Context(), p.outside, w.slug)
	if err != nil {
		t.Fatalf("start a logout at the provider: %v", err)
	}
	back := p.deliver(d)
	p.bearer(access).eventually(http.MethodGet, "/v1/me", http.StatusUnauthorized)
	answer, err := url.Parse(back.leads("http://127.0.0.1:"))
	if err != nil || answer.Query().Get("SAMLResponse") == "" {
		t.Errorf("the provider got no answer to its logout: %v", answer)
	}
	if _, err := w.idp.Logout(t.Context(), p.outside, realidp.Redirect(answer.String())); err != nil {
		t.Errorf("the provider does not take our answer: %v", err)
	}
}

// rollOver changes the provider's key while people sign in: the new one waits for an owner, and from then on both are good.
func rollOver(t *testing.T, w *workforce, same func(*testing.T)) {
	t.Helper()
	w.register(t, realidp.Party{})
	if _, err := w.idp.PublishNextKey(t.Context(), w.slug); err != nil {
		t.Fatalf("publish the next key: %v", err)
	}
	w.admin(t).call(http.MethodPost, w.path("refresh-metadata"), nil).is(http.StatusOK)
	same(t)
	type certificates struct {
		SAML struct {
			Certificates []struct {
				Fingerprint string
				Pending     bool
			}
		}
	}
	pending := ""
	for _, c := range decode[certificates](w.admin(t).call(http.MethodGet, "/v1/connections/"+w.id, nil).is(http.StatusOK)).SAML.Certificates {
		if c.Pending {
			pending = c.Fingerprint
		}
	}
	if pending == "" {
		t.Fatal("the next key does not wait for an owner")
	}
	if err := w.idp.SwitchKey(t.Context(), w.slug); err != nil {
		t.Fatalf("switch the key: %v", err)
	}
	p := w.person(t)
	p.deliver(p.ask("alice")).turnedAway("signature_key_unknown")
	owner := w.browser(t)
	_, credential, _ := strings.Cut(w.owner, "#")
	owner.post("/login/link", "link", credential).leads("/")
	owner.call(http.MethodPost, w.path("certificates/"+pending+"/approve"), nil).is(http.StatusOK)
	same(t)
}
