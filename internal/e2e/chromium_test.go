package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestChromium is a person at `gatehouse dev`, with the demo tenants and their test providers.
func TestChromium(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	browser := startChromium(t)
	for name, test := range map[string]func(*testing.T, *devServer, *tab){
		"owner": owner, "newcomer": newcomer, "Google": google, "the page of a tenant, and a provider that lies": lyingProvider,
		"one-time link": oneTimeLink, "another site": anotherSite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s, openTab(browser, t, s.base))
		})
	}
}

// signIn goes by e-mail to the provider and chooses the person there.
func (t *tab) signIn(email string) {
	t.Helper()
	login, _, _ := strings.Cut(email, "@")
	t.open("/login")
	t.fill("#email", email)
	t.click("main button")
	t.click("#user-" + login)
	t.returns()
	t.at("/")
}

func owner(t *testing.T, _ *devServer, b *tab) {
	t.Helper()
	b.open("/sessions") // nobody is signed in: to the sign-in, and back
	b.at("/login?return_to=%2Fsessions")
	b.fill("#email", "olivia@acme.example")
	b.click("main button")
	b.click("#user-olivia")
	b.at("/sessions")
	b.open("/")
	b.shows("Olivia Acme", "olivia@acme.example", "Acme Corporation", "owner", "enterprise", "Single sign-on")

	held := b.cookies()
	for _, name := range []string{accessCookie, refreshCookie, lastCookie} {
		if c := held[name]; !c.HTTPOnly || !c.Secure || c.Path != "/" || strings.HasPrefix(c.Domain, ".") || c.SameSite != network.CookieSameSiteLax {
			t.Errorf("the cookie %s is %+v, want HttpOnly, Secure, SameSite=Lax, for this host alone", name, c)
		}
	}
	for name := range held {
		if name != accessCookie && name != refreshCookie && name != lastCookie {
			t.Errorf("after the sign-in there is the cookie %s as well", name)
		}
	}
	if scripts := in(b, "read the cookies by script", chromedp.Evaluate[string]("document.cookie")); scripts != "" {
		t.Errorf("scripts see the cookies %q", scripts)
	}

	b.forget(accessCookie)
	b.open("/")
	b.shows("Olivia Acme")
	if now := b.cookies(); now[accessCookie].Value == "" || now[refreshCookie].Value == held[refreshCookie].Value {
		t.Error("the reload without an access token has refreshed nothing")
	}

	b.click(`form[action="/logout"] button`)
	b.at("/logged-out")
	b.shows("You are signed out")
	if held := b.cookies(); len(held) != 1 || held[lastCookie].Value == "" {
		t.Errorf("after the sign-out there are the cookies %v, want what remembers the way in alone", held)
	}
	b.open("/")
	b.at("/login")
	b.shows("Acme Corporation") // the way that was last taken comes first
}

// newcomer is no member yet, and becomes one by signing in.
func newcomer(t *testing.T, _ *devServer, b *tab) {
	t.Helper()
	b.signIn("newcomer@acme.example")
	b.shows("New Comer", "Acme Corporation", "member", "enterprise")
}

func google(t *testing.T, _ *devServer, b *tab) {
	t.Helper()
	b.open("/login")
	b.click(`form[action="/login/google"] button`)
	b.click("#user-mona")
	b.at("/")
	b.shows("Mona Initech", "Initech", "member", "free", "Google")
}

func lyingProvider(t *testing.T, _ *devServer, b *tab) {
	t.Helper()
	begin := func() {
		t.Helper()
		b.open("/login/globex")
		b.shows("Sign in to Globex")
		b.click("main button")
	}
	begin()
	provider, _, found := strings.Cut(b.location(), "/saml/sso")
	if !found {
		t.Fatalf("the provider is at %s, want its single sign-on page", b.location())
	}
	b.open(provider + "/scenario")
	b.click(`[id="scenario-SAML-110"]`)
	b.shows("Misbehaving: ")
	begin()
	b.click("#user-oscar")
	b.arrives()
	b.shows("You could not be signed in", "audience_mismatch", "req_")
	trace := b.trace()
	if held := b.cookies(); held[accessCookie].Value != "" {
		t.Error("a provider that lies has signed somebody in")
	}
	b.open(provider + "/scenario")
	b.click("#scenario-honest")
	b.shows("Honest.")
	begin()
	b.click("#user-oscar")
	b.arrives()
	b.shows("Oscar Globex", "Globex", "owner", "team")
	findsTheCause(b, trace, "audience_mismatch")
	triesADryRun(b, "oscar")
}

// oneTimeLink carries its credential behind the #, and the page takes it from there.
func oneTimeLink(t *testing.T, s *devServer, b *tab) {
	t.Helper()
	made := run[struct {
		Link string `json:"sign_in_link"`
	}](t, nil, "tenant", "link", "--data", s.dir, "--tenant", "initech", "--member", "oona@initech.example")
	b.open(made.Link)
	b.at("/login/link") // the credential is out of the address bar
	b.shows("Your link is ready")
	b.click("main button")
	b.shows("Oona Initech", "Initech", "owner", "free", "Sign-in link")
	b.open("/login/link?again" + made.Link[strings.Index(made.Link, "#"):])
	b.click("main button")
	b.shows("This link does not work")
}

// anotherSite sends a form to us and asks our API. A port of the same host would be the same site, so it has another name.
func anotherSite(t *testing.T, s *devServer, b *tab) {
	t.Helper()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, fmt.Sprintf(`<form method="post" action="%s/logout"><button>Win</button></form><a href="%s/">Go</a>`, s.base, s.base))
	}))
	t.Cleanup(evil.Close)
	u, err := url.Parse(evil.URL)
	if err != nil {
		t.Fatalf("parse %s: %v", evil.URL, err)
	}
	site := "http://localhost:" + u.Port() + "/"
	b.signIn("victor@acme.example")
	b.open(site)
	if status := b.click("button"); status != http.StatusForbidden {
		t.Errorf("a form of another site = %d, want 403", status)
	}
	b.at("/logout")
	b.shows("cross_site")
	b.open(site)
	ask := fmt.Sprintf(`fetch(%q, {credentials: "include"}).then(r => r.text(), e => "nothing")`, s.base+"/v1/me")
	if read := in(b, "ask from another site", chromedp.Evaluate[string](ask, chromedp.EvalAwaitPromise)); read != "nothing" {
		t.Errorf("a page of another site has read %s", read)
	}
	b.open(site)
	b.click("a") // a link from elsewhere arrives signed in
	b.shows("Victor Acme", "viewer")
}
