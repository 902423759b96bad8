package console_test

import (
	"context"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// connectSAML connects globex to a SAML provider that knows carol.
func (w *world) connectSAML(tb testing.TB, change func(*sso.SAMLDraft)) (sso.Connection, *testidp.Provider) {
	tb.Helper()
	idp, err := w.idp.AddIssuer(testidp.Issuer{Name: "globex", Users: []testidp.User{
		{Login: "carol", Subject: "carol-1", Email: "carol@globex.test", EmailVerified: true, Name: "Carol"},
		{Login: "mallory", Subject: "mallory-1", Email: "mallory@globex.test", EmailVerified: true, Name: "Mallory"},
	}})
	must(tb, err)
	text, err := idp.SAMLMetadata()
	must(tb, err)
	draft := &sso.SAMLDraft{Metadata: string(text)}
	change(draft)
	ctx := authn.AsOperator(tb.Context())
	prepared, err := w.signIn.Prepare(ctx, sso.Draft{Protocol: sso.ProtocolSAML, Name: "Globex SAML", SAML: draft, JIT: true, DefaultRole: rbac.Member})
	must(tb, err)
	var c sso.Connection
	must(tb, w.db.Admit(ctx, w.globex.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if c, err = w.signIn.Create(ctx, sys, tx, prepared); err != nil {
			return err
		}
		c, err = w.signIn.Move(ctx, tx, c.ID, sso.Optional)
		return err
	}))
	must(tb, idp.AddServiceProvider(testidp.ServiceProvider{EntityID: w.signIn.EntityID(c.ID), ACS: []string{w.signIn.CallbackURL(c)}}))
	return c, idp
}

// deliver posts a response as the provider's page does: from another site, without the cookies that stay at home then.
func (b *browser) deliver(post samlforge.Post) answer {
	b.Helper()
	kept := b.cookies
	b.cookies = map[string]string{}
	for name, value := range kept {
		if strings.Contains(name, "_attempt_") {
			b.cookies[name] = value
		}
	}
	fields := []string{"SAMLResponse", base64.StdEncoding.EncodeToString(post.Document)}
	if post.RelayState != "" {
		fields = append(fields, "RelayState", post.RelayState)
	}
	a := b.postFrom("cross-site", strings.TrimPrefix(post.ACS, base), fields...)
	for name := range kept {
		if _, there := b.cookies[name]; !there && !strings.Contains(name, "_attempt_") {
			b.cookies[name] = kept[name]
		}
	}
	return a
}

func TestAPersonComesInThroughSAML(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	c, idp := b.w.connectSAML(t, func(*sso.SAMLDraft) {})
	start := b.post("/login/globex", "connection", c.ID.String(), "return_to", "/sessions")
	start.leads(t, "the start", idp.URL())
	post, err := idp.RespondSAML(t.Context(), start.location(), "carol")
	must(t, err)
	b.deliver(post).to(t, "the ACS", "/sessions")
	for name := range b.cookies {
		if strings.Contains(name, "_attempt_") {
			t.Errorf("the cookie %s of the used attempt is still there", name)
		}
	}
	if b.cookies[sso.LastCookie] == "" {
		t.Error("the browser does not remember how carol came in")
	}
	b.get("/").shows(t, "home", 200, "carol@globex.test", "Globex")
	b.deliver(post).shows(t, "the same response again", 403, "attempt_used", "You could not be signed in")
}

func TestARequestThatIsPostedGoesByItself(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	c, idp := b.w.connectSAML(t, func(d *sso.SAMLDraft) { d.RequestBinding = sso.BindingPOST })
	page := b.post("/login/globex", "connection", c.ID.String())
	page.shows(t, "the page that posts", 200, `<form method="post" action="`+idp.URL(), `name="SAMLRequest"`, "/static/post.", "Continue")
	form := url.Values{}
	for _, field := range regexp.MustCompile(`name="(SAMLRequest|RelayState)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	post, err := idp.RespondSAMLForm(t.Context(), form, "carol")
	must(t, err)
	b.deliver(post).to(t, "the ACS", "/")
}

func TestSAML_142_150_ASignInThatTheProviderStartsIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	c, idp := w.connectSAML(t, func(d *sso.SAMLDraft) { d.IdPInitiated = true })
	start := func(login string) samlforge.Post {
		post, err := idp.InitiateSAML(t.Context(), w.signIn.EntityID(c.ID), "", "https://evil.test/", login)
		must(t, err)
		return post
	}
	at := b.deliver(start("carol"))
	at.leads(t, "the ACS", "/sso/confirm?state=")
	page := b.get(at.location())
	page.shows(t, "the question", 200, "Continue signing in?", "Carol", "carol@globex.test", "Globex")
	if b.cookies["__Host-gatehouse_access"] != "" {
		t.Fatal("there is a session before anybody confirmed")
	}
	state := regexp.MustCompile(`name="state" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	b.postFrom("cross-site", "/sso/confirm", "state", state).shows(t, "a confirmation from another site", 403, "cross_site")
	w.browser(t).post("/sso/confirm", "state", state).shows(t, "a confirmation in another browser", 403, "wrong_browser")
	b.post("/sso/confirm", "state", state).to(t, "the confirmation", "/") // and never where the RelayState says
	b.get("/").shows(t, "home", 200, "carol@globex.test")
	b.post("/sso/confirm", "state", state).shows(t, "the confirmation again", 403)

	// Carol is signed in. Her own next tile changes nothing; somebody else's does not get past the question.
	again := b.deliver(start("carol"))
	b.get(again.location()).to(t, "carol's second tile", "/")
	foreign := b.deliver(start("mallory"))
	b.get(foreign.location()).shows(t, "mallory's response in carol's browser", 200, "You are signed in as carol@globex.test", "Sign out")
	their, err := url.Parse(foreign.location())
	must(t, err)
	b.post("/sso/confirm", "state", their.Query().Get("state")).shows(t, "a confirmation while carol is signed in", 409, "You are signed in as carol@globex.test")
	b.get("/").shows(t, "home", 200, "carol@globex.test")
}

func TestSAML_141_ASignInThatTheProviderStartsIsOffByDefault(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	c, idp := b.w.connectSAML(t, func(*sso.SAMLDraft) {})
	post, err := idp.InitiateSAML(t.Context(), b.w.signIn.EntityID(c.ID), "", "", "carol")
	must(t, err)
	b.deliver(post).shows(t, "an unsolicited response", 403, "unsolicited_response", "Start signing in here", "req_")
}

func TestADryRunIsShownWithItsChecks(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	var link secret.Credential
	b.w.in(t, b.w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		link, err = tenants.IssueLink(ctx, tx, b.w.owner, 3600e9)
		return err
	})
	result, err := b.w.signIn.RedeemLink(t.Context(), link)
	must(t, err)
	owner := &authn.Principal{
		Kind: authn.Member, Tenant: b.w.acme.ID, Session: result.Issued.Session, User: b.w.owner.UserID, Membership: b.w.owner.ID, Role: "owner",
	}
	acme := b.w.idp.Provider("acme")
	run := func() answer {
		to, err := b.w.signIn.BeginTest(t.Context(), owner, b.w.connection.ID, nil)
		must(t, err)
		b.cookies[to.CookieName] = to.CookieValue
		back, err := acme.Authorize(t.Context(), to.URL, "alice")
		must(t, err)
		return b.get(strings.TrimPrefix(back, base))
	}
	run().shows(t, "a dry run", 200, "The connection works", "would join as a new member", "Signature", "•••@acme.test", "passed")
	acme.Misbehave(testidp.Fault{Claims: func(m map[string]any) { m["aud"] = "another" }})
	page := run()
	page.shows(t, "a dry run of a provider with a mistake", 200, "not accepted", "audience_mismatch", "Expected: gatehouse", "Got: another", "failed")
	if b.cookies["__Host-gatehouse_access"] != "" {
		t.Error("a dry run made a session")
	}
}
