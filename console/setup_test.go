package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// setupLink makes a link as the operator does, or as a member who has just signed in.
func (w *world) setupLink(tb testing.TB, t tenants.Tenant, by *tenants.Membership) (link sso.SetupLink, text string) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	if by != nil {
		ctx = authn.With(tb.Context(), &authn.Principal{
			Kind: authn.Member, Tenant: t.ID, Membership: by.ID, User: by.UserID, Role: string(by.Role), Email: by.Email, AuthTime: time.Now(),
		})
	}
	must(tb, w.db.Tenant(ctx, t.ID, func(tx *db.TenantTx) (err error) {
		link, text, err = w.signIn.CreateSetupLink(ctx, tx, sso.NewSetupLink{})
		return err
	}))
	return link, text
}

func TestASetupLinkIsOpenedByAPostAndOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, link := w.setupLink(t, w.acme, nil)
	if !strings.HasPrefix(link, base+"/setup/open#ghs_") {
		t.Fatalf("the link is %s", link)
	}
	scanner, b := w.browser(t), w.browser(t)
	scanner.get("/setup/open").shows(t, "the page of the link", 200, "/static/link.", `id="link"`, "Begin")
	scanner.get("/setup/open?link="+strings.SplitAfter(link, "#")[1]).shows(t, "a GET with the link", 200, "Begin")
	if len(scanner.cookies) > 0 {
		t.Errorf("a GET gave the cookies %v", scanner.cookies)
	}
	b.post("/setup/open", "link", "ghs_typo").shows(t, "half a link", 422, "It is not complete")
	b.postFrom("cross-site", "/setup/open", "link", link).shows(t, "a foreign POST", 403, "cross_site")
	b.post("/setup/open", "link", link).to(t, "the link", "/setup")
	b.get("/setup").shows(t, "the set-up", 200, "Acme Robotics", "Your link works in this browser until")
	again := w.browser(t).post("/setup/open", "link", link)
	again.shows(t, "the link again", 410, "has been used, has been revoked or has expired")
	// Used, unknown, and another tenant's: one page.
	guess := link[:len(link)-1] + string(link[len(link)-1]^1)
	if a := w.browser(t).post("/setup/open", "link", guess); a.Code != 422 && a.body != again.body {
		t.Errorf("a guess = %d\n%s", a.Code, a.body)
	}
	revoked, text := w.setupLink(t, w.acme, nil)
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error { return sso.RevokeSetupLink(ctx, tx, revoked.ID) })
	if a := w.browser(t).post("/setup/open", "link", text); a.Code != again.Code || a.body != again.body {
		t.Errorf("a revoked link = %d, and its page differs from that of a used one:\n%s", a.Code, a.body)
	}
}

func TestWhoSeesTheSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.browser(t).get("/setup").to(t, "the set-up for nobody", "/login?return_to=%2Fsetup")
	member := w.browser(t)
	member.enterAcme()
	member.get("/setup").shows(t, "the set-up for a member", 403, "role_lacks_permission")
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, "alice@acme.test")
		if err != nil {
			return err
		}
		_, err = tenants.SetRole(ctx, tx, m.ID, rbac.Admin)
		return err
	})
	eventually(t, "the set-up for an admin", func() bool { return member.get("/setup").Code == http.StatusOK })
	if page := member.get("/setup"); strings.Contains(page.body, "Your link works") {
		t.Errorf("an admin is shown as an outsider:\n%s", page.body)
	}
	// A link of another organization counts before the session, which has more rights somewhere else.
	link, text := w.setupLink(t, w.globex, nil)
	member.post("/setup/open", "link", text).to(t, "another organization's link", "/setup")
	member.get("/setup").shows(t, "the set-up by the link", 200, "Globex", "Your link works")
	w.in(t, w.globex, func(ctx context.Context, tx *db.TenantTx) error { return sso.RevokeSetupLink(ctx, tx, link.ID) })
	member.get("/setup").shows(t, "the set-up once the link is revoked", 200, "Acme Robotics")
	if member.cookies[sso.SetupCookie] != "" {
		t.Error("the cookie of a revoked link stays")
	}
	outside := w.browser(t)
	link, text = w.setupLink(t, w.acme, &w.owner)
	outside.post("/setup/open", "link", text).to(t, "the link", "/setup")
	for _, path := range []string{"/", "/sessions"} {
		outside.get(path).leads(t, "GET "+path+" by a set-up link", "/login")
	}
	if outside.cookies[sessions.AccessCookie] != "" || outside.cookies[sessions.RefreshCookie] != "" {
		t.Errorf("a set-up link made a session: %v", outside.cookies)
	}
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPlan(ctx, tx, billing.Free)
		return err
	})
	outside.get("/setup").shows(t, "the set-up on a plan without single sign-on", 403, "feature_not_in_plan")
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error { return sso.RevokeSetupLink(ctx, tx, link.ID) })
	outside.get("/setup").shows(t, "the set-up by a revoked link", 410, "setup_link_unusable")
	outside.get("/setup").to(t, "the set-up after that", "/login?return_to=%2Fsetup")
}

func TestLeavingTheSetUpForgetsItsCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.setupLink(t, w.acme, nil)
	b := w.browser(t)
	b.post("/setup/open", "link", text).to(t, "the link", "/setup")
	b.postFrom("cross-site", "/setup/leave").shows(t, "a foreign POST", 403, "cross_site")
	b.post("/setup/leave").to(t, "leaving", "/logged-out")
	if len(b.cookies) > 0 {
		t.Errorf("afterwards the browser has %v", b.cookies)
	}
}

func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for range 100 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("%s: not within 5 seconds", what)
}
