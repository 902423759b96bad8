package console_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// invite asks an address to join acme, and returns the link's credential.
func (w *world) invite(tb testing.TB, address string) string {
	tb.Helper()
	var cred secret.Credential
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		_, cred, err = tenants.Invite(ctx, tx, tenants.NewInvitation{Email: address, Role: rbac.Admin})
		return err
	})
	return cred.String()
}

func TestINV_06_08_09_AnInvitationIsAcceptedByAPostAndByTheAddressItIsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.invite(t, "alice@acme.test")
	b := w.browser(t)
	page := b.get("/login/invitation")
	page.shows(t, "the page of an invitation", 200, "/static/link.", `id="link"`)
	if got := page.Header().Get("Referrer-Policy"); got != "no-referrer" && got != "same-origin" {
		t.Errorf("Referrer-Policy = %q, want none to others", got)
	}
	if with := b.get("/login/invitation?link=" + link); with.Code != 200 || strings.Contains(with.body, "acme") {
		t.Errorf("GET with the link = %d, and it says what the invitation is for", with.Code)
	}
	b.post("/login/invitation", "link", "ghi_typo").shows(t, "half a link", 422, "It is not complete")
	b.post("/login/invitation", "link", link, "link", link).shows(t, "two links", 400)
	if a := b.postFrom("cross-site", "/login/invitation", "link", link); a.Code != 403 {
		t.Errorf("a post from another site = %d, want 403", a.Code)
	}
	choice := b.post("/login/invitation", "link", base+"/login/invitation#"+link)
	choice.shows(t, "the choice", 200, "Acme Robotics", "alice@acme.test", "admin", "Continue with Acme Okta", "Continue with Google")
	b.post("/login/invitation", "link", link, "way", "con_1").shows(t, "a way that is none", 404)
	b.post("/login/invitation", "link", link, "way", "link").shows(t, "the link of an address with a provider", 403, "sso_required")
	// Neither a field nor the link says which role: the invitation does.
	start := b.post("/login/invitation", "link", link, "way", w.connection.ID.String(), "role", "owner", "email", "owner@acme.test")
	b.prove(w.idp.Provider("acme"), start, "alice").to(t, "the callback", "/")
	b.get("/").shows(t, "home", 200, "Acme Robotics", "admin")
	w.browser(t).post("/login/invitation", "link", link).shows(t, "the link again", 404, "This invitation does not work")
}

func TestINV_01_SomebodyElsesAccountDoesNotAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterAcme()
	link := w.invite(t, "new@acme.test")
	// Neither a field nor the link says which role: the invitation does.
	start := b.post("/login/invitation", "link", link, "way", w.connection.ID.String(), "role", "owner", "email", "owner@acme.test")
	b.prove(w.idp.Provider("acme"), start, "alice").shows(t, "another person's acceptance", 403, "invitation_mismatch")
	b.post("/login/invitation", "link", link).shows(t, "the invitation afterwards", 200, "new@acme.test")
	b.get("/").shows(t, "home of who tried", 200, "alice@acme.test", "member")
}

func TestAnAddressWithoutAProviderAcceptsByTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.invite(t, "new@partner.test")
	b := w.browser(t)
	b.post("/login/invitation", "link", link).shows(t, "the choice", 200, "I received the invitation at this address")
	b.post("/login/invitation", "link", link, "way", "link").to(t, "the acceptance", "/")
	b.get("/").shows(t, "home", 200, "new@partner.test", "Acme Robotics", "admin")
}

func TestTheLastWayInComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	if strings.Contains(b.get("/login").body, "Continue to") {
		t.Error("a new browser is offered a way that nobody came")
	}
	b.enterAcme()
	b.post("/logout")
	b.get("/login").shows(t, "the sign-in of a known browser", 200, "Continue to Acme Robotics", "with Acme Okta", w.connection.ID.String())
	again := b.post("/login/acme", "connection", w.connection.ID.String())
	b.prove(w.idp.Provider("acme"), again, "alice").to(t, "the callback", "/")
}

func TestSeveralWaysAreChosenBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.connectAgain(t)
	b := w.browser(t)
	b.post("/login", "email", "alice@acme.test", "return_to", "/sessions").to(t, "an address with a choice", "/login/acme?return_to=%2Fsessions")
	b.get("/login/acme").shows(t, "the choice", 200, w.connection.ID.String(), second.ID.String())
	alone := b.get("/login/acme?connection=" + second.ID.String())
	alone.shows(t, "a connection's own link", 200, second.ID.String(), "Other ways to sign in")
	if strings.Contains(alone.body, w.connection.ID.String()) || strings.Contains(alone.body, "Continue with Google") {
		t.Error("a connection's own link offers other ways")
	}
	b.get("/login/globex?connection="+second.ID.String()).shows(t, "another tenant's connection", 404)
	b.get("/login/acme?connection=nonsense").shows(t, "no connection", 404)
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := sso.ReplaceRules(ctx, tx, []sso.Rule{{ConnectionID: second.ID}})
		return err
	})
	b.post("/login", "email", "alice@acme.test").leads(t, "an address with a rule", w.idp.Provider("acme").URL())
}

// connectAgain gives acme a second connection to its provider.
func (w *world) connectAgain(tb testing.TB) (made sso.Connection) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	prepared, err := w.signIn.Prepare(ctx, sso.Draft{
		Name: "Contractors", Issuer: w.idp.Provider("acme").URL(), ClientID: "gatehouse", ClientSecret: secret.New(clientSecret), DefaultRole: rbac.Member,
	})
	must(tb, err)
	must(tb, w.db.Admit(ctx, w.acme.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		if made, err = w.signIn.Create(ctx, sys, tx, prepared); err != nil {
			return err
		}
		made, err = w.signIn.Move(ctx, tx, made.ID, sso.Optional)
		return err
	}))
	return made
}
