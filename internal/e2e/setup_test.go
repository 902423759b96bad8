package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// newCustomer is a tenant whose single sign-on nobody has set up yet, and its provider.
type newCustomer struct {
	server *devServer
	slug   string
	setup  string // the link that its owner gave to an outside administrator
	owner  string // the owner's one-time link
	idp    *testidp.Provider
}

func (c *newCustomer) email(login string) string { return login + "@" + c.slug + ".example" }

func arrive(tb testing.TB, s *devServer, slug string) *newCustomer {
	tb.Helper()
	c := &newCustomer{server: s, slug: slug}
	c.owner = run[struct {
		Link string `json:"sign_in_link"`
	}](tb, nil, "tenant", "create", "--data", s.dir, "--slug", slug, "--plan", "enterprise", "--owner", c.email("olga")).Link
	run[any](tb, nil, "domain", "add", slug+".example", "--tenant", slug, "--data", s.dir)
	run[any](tb, nil, "domain", "verify", slug+".example", "--tenant", slug, "--data", s.dir)
	c.setup = run[struct {
		URL string `json:"url"`
	}](tb, nil, "tenant", "setup-link", slug, "--data", s.dir).URL
	idps, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: slug, Users: []testidp.User{c.user("ida"), c.user("olga"), c.user("noah")}, Clients: []testidp.Client{{ID: "gatehouse", Secret: "a secret of " + slug}},
		ServiceProviders: []testidp.ServiceProvider{{EntityID: s.base + "/*", ACS: []string{s.base + "/*"}}},
	})
	if err != nil {
		tb.Fatalf("start the provider: %v", err)
	}
	tb.Cleanup(stop)
	c.idp = idps.Provider(slug)
	return c
}

func (c *newCustomer) user(login string) testidp.User {
	return testidp.User{Login: login, Subject: c.slug + "/" + login, Email: c.email(login), EmailVerified: true, Name: strings.ToUpper(login[:1]) + login[1:]}
}

// TestAnAdministratorConnectsAProvider is what single sign-on is bought for: somebody from outside who has never seen the product opens a
// link, connects a provider, sees what would happen before anybody is affected, and finds out alone why a colleague could not come in.
func TestAnAdministratorConnectsAProvider(t *testing.T) {
	t.Parallel()
	s := startDev(t, "--demo=false")
	browser := startChromium(t)
	for _, protocol := range []string{"saml", "oidc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := arrive(t, s, map[string]string{"saml": "vandelay", "oidc": "kramerica"}[protocol])
			admin := openTab(browser, t, s.base)
			path := connectByHand(t, c, admin, protocol)
			c.dryRun(t, admin, path)
			c.testers(t, admin, openTab(browser, t, s.base), path)
			c.activate(t, admin, path)
			owner := openTab(browser, t, s.base)
			c.linkOwner(t, owner)
			c.require(t, owner, path)
			c.findsTheCause(t, owner, openTab(browser, t, s.base), protocol)
		})
	}
}

// connectByHand opens the link and walks from nothing to a draft; it returns the path of the connection's set-up.
func connectByHand(t *testing.T, c *newCustomer, b *tab, protocol string) string {
	t.Helper()
	b.open(c.setup)
	b.shows("Begin")
	b.click("main form button")
	b.at("/setup")
	b.click(`a[href="/setup/new/generic"]`)
	b.click(`form:has(input[value="` + protocol + `"]) button`)
	if got := b.location(); !strings.Contains(got, "/setup/plan/") {
		t.Fatalf("after the choice of %s the browser is at %s", protocol, got)
	}
	guide := b.location()
	b.shows("All values at a glance", "Step by step")
	b.open(guide + "/details")
	if protocol == "saml" {
		b.click0("#source-address")
		b.fill("#metadata_url", c.idp.EntityID())
	} else {
		b.fill("#issuer", c.idp.URL())
		b.fill("#client_id", "gatehouse")
		b.fill("#client_secret", "a secret of "+c.slug)
	}
	b.click("form[enctype] .onward button")
	parts := strings.Split(strings.TrimPrefix(b.location(), c.server.base), "/")
	if len(parts) < 3 || !strings.HasPrefix(parts[2], "con_") {
		body := in(b, "read the page", chromedp.Evaluate[string](`document.querySelector("main").innerText`))
		t.Fatalf("after the provider's values the browser is at %s:\n%s", b.location(), body)
	}
	path := "/setup/" + parts[2]
	b.open(path + "/mapping")
	b.click("main form .onward button")
	return path
}

// returns waits until the browser is back from a provider, some of which come by a page that posts itself.
func (t *tab) returns() {
	t.Helper()
	within(t, patience, "the way back from the provider", func() bool { return strings.HasPrefix(t.location(), t.base+"/") })
	in(t, "wait for the page", chromedp.WaitReady(chromedp.CSS("main")))
}

// click0 presses what leads nowhere else.
func (t *tab) click0(selector string) {
	t.Helper()
	in(t, "press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// dryRun tries a sign-in that lets nobody in, and shows no data of members to who came by a link.
func (c *newCustomer) dryRun(t *testing.T, b *tab, path string) {
	t.Helper()
	b.open(path + "/test")
	b.click(`form[action="` + path + `/test"] button`)
	b.click("#user-ida")
	b.returns()
	b.shows("Checks")
	if held := b.cookies(); held[accessCookie].Value != "" {
		t.Error("a dry run signed somebody in")
	}
	if members := c.members(t); len(members) != 1 {
		t.Errorf("after a dry run the members are %v, want the owner alone", members)
	}
}

// testers lets one person in while the connection is in testing, and nobody else.
func (c *newCustomer) testers(t *testing.T, b, tester *tab, path string) {
	t.Helper()
	b.open(path + "/test")
	b.fill("#testers", c.email("ida"))
	b.click(`button[name="open"]`)
	tester.signIn(c.email("ida"))
	tester.shows(c.email("ida"))
	other := newVisitor(t, c.server.base, "")
	other.post("/login", "email", c.email("noah")).is(http.StatusOK) // the domain leads nowhere yet
}

func (c *newCustomer) activate(t *testing.T, b *tab, path string) {
	t.Helper()
	b.open(path + "/activate")
	b.click(`form:has(input[value="optional"]) button`)
	b.open(path + "/activate")
	b.shows("From draft to required")
	if required := in(b, "look for the last step", chromedp.Evaluate[bool](`!!document.querySelector('form:has(input[value="required"]) button')`)); required {
		t.Error("who came by a link may require the connection")
	}
}

type memberLine struct{ ID, Email, Role string }

func (c *newCustomer) members(tb testing.TB) []memberLine {
	tb.Helper()
	key := run[struct {
		Secret string `json:"api_key"`
	}](tb, nil, "apikey", "create", "--data", c.server.dir, "--tenant", c.slug, "--role", "admin").Secret
	return decode[struct{ Items []memberLine }](newVisitor(tb, c.server.base, "").with("X-API-Key", key).call(http.MethodGet, "/v1/members", nil).is(http.StatusOK)).Items
}

// linkOwner has the owner, who came by the link that the operator gave, link their own account at the provider, and come in by it.
func (c *newCustomer) linkOwner(t *testing.T, b *tab) {
	t.Helper()
	b.open(c.owner)
	b.click("main form button")
	b.at("/")
	b.shows("Your account there is not linked to you yet.")
	b.click(`form[action="/link"] button`)
	b.click("#user-olga")
	b.returns()
	b.open("/")
	b.shows("You can sign in through it.")
	b.click(`form[action="/logout"] button`)
	b.signIn(c.email("olga"))
}

// require is the last step: two people have come in, one of them an owner.
func (c *newCustomer) require(t *testing.T, owner *tab, path string) {
	t.Helper()
	owner.open(path + "/activate")
	owner.click(`form:has(input[value="required"]) button`)
	owner.open(path + "/activate")
	if now := in(owner, "read the state", chromedp.Evaluate[string](`document.querySelector(".states li.now").innerText`)); !strings.Contains(now, "equired") {
		t.Errorf("the state is %q, want required", now)
	}
}

// findsTheCause has the provider fail for a colleague, who sees a code and a trace id; the owner finds the attempt by it, and its cause.
func (c *newCustomer) findsTheCause(t *testing.T, owner, colleague *tab, protocol string) {
	t.Helper()
	scenario, reason := "SAML-110", "audience_mismatch"
	if protocol == "oidc" {
		scenario = "OIDC-049"
	}
	if err := c.idp.Play(scenario); err != nil {
		t.Fatal(err)
	}
	colleague.open("/login")
	colleague.fill("#email", c.email("noah"))
	colleague.click("main button")
	colleague.click("#user-noah")
	colleague.returns()
	colleague.shows("You could not be signed in", reason)
	body := in(colleague, "read the page", chromedp.Evaluate[string](`document.querySelector("main").innerText`))
	at := strings.Index(body, "req_")
	if at < 0 {
		t.Fatalf("the error page shows no trace id:\n%s", body)
	}
	trace := strings.Fields(body[at:])[0]
	if strings.Contains(body, "Expected") || strings.Contains(body, c.email("noah")) {
		t.Errorf("the error page tells more than a code and a trace id:\n%s", body)
	}
	owner.open("/sso/attempts?trace=" + trace)
	owner.shows(reason, "Expected", "Got")
}
