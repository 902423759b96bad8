package console_test

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestAnAddressLeadsToItsCompanyAndBack(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.get("/sessions").to(t, "an anonymous look", "/login?return_to=%2Fsessions")
	b.get("/login?return_to=%2Fsessions").shows(t, "the sign-in", 200, `name="return_to" value="/sessions"`, "Continue with Google")
	b.enterAcme().to(t, "the callback", "/sessions")
	for name := range b.cookies {
		if strings.Contains(name, "attempt") {
			t.Errorf("the cookie %s of the used attempt is still there", name)
		}
	}
	b.get("/").shows(t, "home", 200, "Alice &lt;script&gt;", "alice@acme.test", "Acme Robotics", "member", "enterprise", "Single sign-on")
	b.get("/sessions").shows(t, "the sessions", 200, "Firefox on Linux", "This one")
	b.signOut().to(t, "the way back from the provider", "/logged-out")
	delete(b.cookies, sso.LastCookie) // how somebody came in is remembered, and lets nobody in
	if len(b.cookies) > 0 {
		t.Errorf("after the sign-out the browser has %v", b.cookies)
	}
	b.get("/logged-out").shows(t, "the goodbye", 200, "You are signed out")
	b.get("/").to(t, "home without a session", "/login")
}

func TestASignedOutSessionIsOver(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterAcme()
	stolen := b.w.browser(t)
	maps.Copy(stolen.cookies, b.cookies)
	b.signOut().to(t, "the way back from the provider", "/logged-out")
	stolen.get("/").to(t, "home with the cookies of a signed-out session", "/login")
}

func TestXT35UnknownDomainsSayNothing(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	typed := regexp.MustCompile(`value="[^"]*@[^"]*"`)
	var pages []string
	// A domain of nobody; a sub-domain and a parent of one that leads somewhere.
	for _, address := range []string{"x@nobody.test", "alice@mail.acme.test", "owner@test.test"} {
		a := b.post("/login", "email", address)
		a.shows(t, "POST /login with "+address, 200, "Continue another way")
		pages = append(pages, typed.ReplaceAllString(a.body, "value"))
	}
	for _, p := range pages[1:] {
		if p != pages[0] {
			t.Errorf("two unknown addresses have different pages:\n%s\n%s", pages[0], p)
		}
	}
	// Whether the person exists is not asked: both are sent on, and the redirects differ in what is random and what was typed.
	known, unknown := b.post("/login", "email", "owner@acme.test"), b.post("/login", "email", "nobody@acme.test")
	provider := b.w.idp.Provider("acme").URL()
	known.leads(t, "a known person", provider)
	unknown.leads(t, "an unknown person", provider)
	if len(known.location())+1 != len(unknown.location()) {
		t.Errorf("known and unknown people are sent to\n%s\n%s", known.location(), unknown.location())
	}
	// A tenant without a connection of its own signs in with Google, whoever the person is.
	google := b.w.idp.Provider("google").URL()
	b.post("/login", "email", "owner@initech.test").leads(t, "an owner of a tenant without a connection", google)
	b.post("/login", "email", "nobody@initech.test").leads(t, "nobody of a tenant without a connection", google)
	b.post("/login", "email", "not an address").shows(t, "a malformed address", 422, `role="alert"`, `aria-invalid="true"`)
}

func TestATenantHasASignInOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.get("/login/acme?return_to=/sessions").shows(t, "acme's sign-in", 200, "Sign in to", "Acme Robotics", "Continue with Acme Okta",
		b.w.connection.ID.String(), `value="/sessions"`)
	b.get("/login/globex").shows(t, "globex' sign-in", 200, "Continue with Google")
	start := b.post("/login/acme", "connection", b.w.connection.ID.String(), "return_to", "//evil.test/")
	b.prove(b.w.idp.Provider("acme"), start, "alice").to(t, "the callback with a foreign return path", "/")
	missing := b.get("/login/nobody")
	missing.shows(t, "the sign-in of nobody", 404, "There is no such page", "not_found", "req_")
	if strings.Contains(missing.body, "tenant") {
		t.Errorf("the page says what is missing:\n%s", missing.body)
	}
	b.post("/login/globex", "connection", b.w.connection.ID.String()).shows(t, "another tenant's connection", 404)
	b.post("/login/acme", "connection", "con_1").shows(t, "a malformed connection", 404)
	b.get("/login/google").shows(t, "Google's page without a form", 200, "Work e-mail")
}

func TestASuspendedTenantSaysOnlyThatThereIsNoWay(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterAcme()
	b.w.in(t, b.w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "unpaid")
		return err
	})
	b.get("/").shows(t, "home of a suspended tenant", 403, "tenant_suspended", "Sign in another way", "req_")
	b.post("/login", "email", "alice@acme.test").shows(t, "an address of a suspended tenant", 200, "Continue another way")
	b.signOut().to(t, "the sign-out of a suspended member", "/logged-out")
}

func TestARefusedSignInHasACodeAndNoDetails(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	acme := b.w.idp.Provider("acme")
	start := b.post("/login", "email", "alice@acme.test")
	back, err := acme.Authorize(t.Context(), start.location(), "alice")
	must(t, err)
	path := strings.TrimPrefix(back, base)
	b.w.browser(t).get(path).shows(t, "the callback in another browser", 403, "wrong_browser", "You could not be signed in", "req_")
	a := b.get(path)
	a.shows(t, "the callback afterwards", 403, "attempt_used")
	if strings.Contains(a.body, "oidc:") || strings.Contains(a.body, "sql") || strings.Contains(a.body, acme.URL()) {
		t.Errorf("the page tells what is inside:\n%s", a.body)
	}
	b.get("/sso/oidc/con_nonsense/callback?state=x").shows(t, "the callback of nothing", 404)
	b.get("/sso/google/callback?state=x&state=y").shows(t, "a callback with two states", 400, "callback_malformed")
}

func TestGoogleOffersTheTenantsOfAPerson(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	google := b.w.idp.Provider("google")
	b.prove(google, b.post("/login/google", "tenant", "globex"), "gina").to(t, "Gina's first sign-in", "/")
	b.get("/").shows(t, "Gina's home", 200, "Globex", "Google")
	b.w.alsoInitech(t, "gina@globex.test")

	second := b.w.browser(t)
	page := second.prove(google, second.post("/login/google", "return_to", "/sessions"), "gina")
	page.shows(t, "the choice", 200, "Where do you want to go?", "Globex", "Initech")
	state := regexp.MustCompile(`name="state" value="([^"]+)"`).FindStringSubmatch(page.body)
	second.w.browser(t).post("/choose", "state", state[1], "tenant", b.w.initech.ID.String()).shows(t, "the choice in another browser", 403)
	second.post("/choose", "state", state[1], "tenant", b.w.acme.ID.String()).shows(t, "the choice of a foreign tenant", 404)
	second.post("/choose", "state", state[1], "tenant", b.w.initech.ID.String()).to(t, "the choice", "/sessions")
	second.get("/").shows(t, "home after the choice", 200, "Initech", "Other organizations", "Switch to Globex")

	second.post("/switch", "tenant", b.w.globex.ID.String()).to(t, "the switch", "/")
	second.get("/").shows(t, "home after the switch", 200, "<dd>Globex</dd>", "Switch to Initech")
	second.post("/switch", "tenant", b.w.acme.ID.String()).shows(t, "a switch to a foreign tenant", 404)
	off := false
	b.w.in(t, b.w.initech, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleEnabled: &off})
		return err
	})
	second.get("/").shows(t, "home beside a stricter tenant", 200, "Sign in to Initech")
	second.post("/switch", "tenant", b.w.initech.ID.String()).to(t, "the switch to a stricter tenant", "/login/initech")
}

// alsoInitech makes the person with an address in globex a member of initech too.
func (w *world) alsoInitech(tb testing.TB, address string) {
	tb.Helper()
	var member tenants.Membership
	w.in(tb, w.globex, func(ctx context.Context, tx *db.TenantTx) (err error) {
		member, err = tenants.MemberByEmail(ctx, tx, address)
		return err
	})
	w.in(tb, w.initech, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Join(ctx, tx, member.UserID, "viewer", tenants.Profile{Email: address}, tenants.SourceOperator)
		return err
	})
}

func TestALinkWorksOnceAndOnlyWhenItIsPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var link secret.Credential
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		link, err = tenants.IssueLink(ctx, tx, w.owner, time.Hour)
		return err
	})
	b := w.browser(t)
	b.get("/login/link").shows(t, "the page of the link", 200, "/static/link.", `id="link"`)
	b.post("/login/link", "link", "ghl_typo").shows(t, "half a link", 422, "It is not complete")
	b.post("/login/link", "link", base+"/login/link#"+link.String()).to(t, "the pasted link", "/")
	b.get("/").shows(t, "the owner's home", 200, "owner@acme.test", "Sign-in link")
	b.post("/login/link", "link", link.String()).shows(t, "the link again", 410, "has been used or has expired")
}

func TestSessionsCanBeEndedFromAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there, third := w.browser(t), w.browser(t), w.browser(t)
	for _, b := range []*browser{here, there, third} {
		b.enterAcme().to(t, "the callback", "/sessions")
	}
	page := here.get("/sessions")
	others := regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(others) != 2 {
		t.Fatalf("the page offers to end %d sessions, want 2:\n%s", len(others), page.body)
	}
	here.post("/sessions/revoke", "session", others[0][1]).to(t, "the end of one", "/sessions")
	here.post("/sessions/revoke-others").to(t, "the end of all others", "/sessions")
	here.get("/sessions").shows(t, "the sessions that are left", 200, "This one")
	there.get("/").to(t, "the second browser", "/login")
	third.get("/").to(t, "the third browser", "/login")
	here.post("/sessions/revoke", "session", "ses_nonsense").shows(t, "the end of nothing", 404)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterAcme()
	for _, path := range []string{"/login", "/login/google", "/login/acme", "/login/link", "/choose", "/switch", "/logout", "/sessions/revoke", "/sessions/revoke-others"} {
		b.postFrom("cross-site", path, "email", "alice@acme.test").shows(t, "a foreign POST "+path, 403, "cross_site")
	}
	b.get("/").shows(t, "home afterwards", 200)
	twice := b.post("/login", "email", "a@acme.test", "email", "b@acme.test")
	twice.shows(t, "a field given twice", 400, "malformed_form")
	if b.cookies[sessions.AccessCookie] == "" {
		t.Error("a refused form took the session away")
	}
}

func TestWEB10NoPageCanBeFramed(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	for _, path := range []string{"/login", "/login/acme", "/login/link", "/logged-out", "/login/nobody", "/nothing", "/sso/google/callback", "/dev/mail", "/"} {
		h := b.get(path).Header()
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" || strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s has the policy %q and X-Frame-Options %q", path, csp, h.Get("X-Frame-Options"))
		}
		// WEB-11: what no page goes without.
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
			if h.Get(name) != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, h.Get(name), want)
			}
		}
	}
	if got := b.get("/login/link").Header().Get("Content-Security-Policy"); strings.Contains(got, "https:") {
		t.Errorf("a page whose forms stay here lets them leave: %s", got)
	}
	if got := b.get("/login").Header().Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https:") {
		t.Errorf("the sign-in cannot redirect to a provider: %s", got)
	}
}

func TestWEB25StaticFilesAreThoseAndNoOthers(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	found := regexp.MustCompile(`/static/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)`).FindAllString(b.get("/login/link").body, -1)
	for _, path := range found {
		a := b.get(path)
		if a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header().Get("Set-Cookie") != "" {
			t.Errorf("GET %s = %d %v", path, a.Code, a.Header())
		}
	}
	if len(found) < 3 {
		t.Errorf("the page has the files %v, want a style, a script and a logo", found)
	}
	for _, path := range []string{"/static/", "/static", "/static/link.js", "/static/..%2fconsole.go", "/static/%2e%2e/page.go", "/static/..%5cpage.go", "/static//etc/passwd"} {
		if a := b.get(path); a.Code != http.StatusNotFound && a.Code != http.StatusBadRequest {
			t.Errorf("GET %s = %d, want 404", path, a.Code)
		}
	}
}
