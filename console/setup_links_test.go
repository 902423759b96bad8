package console_test

import (
	"context"
	"net/http"
	"regexp"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

var madeLink = regexp.MustCompile(`id="made-link" value="([^"]+)"`)

// links reads the set-up links of acme again, the latest first.
func (w *world) links(tb testing.TB) (list []sso.SetupLink) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		list, err = sso.LatestSetupLinks(ctx, tx, id.SetupLink{}, 100)
		return err
	})
	return list
}

func TestASetupLinkIsMadeShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterOwner()
	const page = "/sso/setup-links"
	b.get("/sso").shows(t, "the list", http.StatusOK, `href="`+page+`"`)
	b.get(page).shows(t, "the page", http.StatusOK, "No links yet", "A new one", "Acme Okta", `value="7" selected`)

	made := b.post(page, "email", "it@elsewhere.test", "connection", w.connection.ID.String(), "days", "3")
	made.shows(t, "the new link", http.StatusOK, "This is the only time you see it", "it@elsewhere.test", "Not opened yet", "owner@acme.test", "/static/copy.")
	if got := made.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("the page with the link has Cache-Control %q, want no-store", got)
	}
	link := madeLink.FindStringSubmatch(made.body)[1]
	again := b.get(page)
	if madeLink.MatchString(again.body) || regexp.MustCompile(`ghs_`).MatchString(again.body) {
		t.Error("the page shows the link a second time")
	}
	list := w.links(t)
	if len(list) != 1 || list[0].Email != "it@elsewhere.test" || list[0].ConnectionID != w.connection.ID || !list[0].Existing || list[0].ExpiresAt.Sub(list[0].CreatedAt).Hours() != 72 {
		t.Fatalf("the links are %+v, want the one that was made", list)
	}

	outside := w.browser(t)
	outside.post("/setup/open", "link", link).to(t, "the link", "/setup")
	b.get(page).shows(t, "the page with an opened link", http.StatusOK, "In use", "Nothing configured", "Revoke")
	b.post(page+"/revoke", "link", list[0].ID.String()).to(t, "the end", page)
	b.get(page).shows(t, "the page with a revoked link", http.StatusOK, "Revoked")
	outside.get("/setup").shows(t, "the set-up after the end", http.StatusGone, sso.ErrSetupLink.Code)
	if w.links(t)[0].RevokedAt == nil {
		t.Error("the link is not revoked")
	}
	b.post(page, "email", "it@", "days", "7").shows(t, "half an address", http.StatusUnprocessableEntity, "No link was made", `aria-invalid="true"`, `value="it@"`)
	b.post(page, "days", "400").shows(t, "a life that is not offered", http.StatusBadRequest, "malformed_form")
	b.post(page, "days", "7", "connection", id.New[id.Connection]().String()).shows(t, "an unknown connection", http.StatusNotFound, "There is no such page")
}

func TestSetupLinksAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const page = "/sso/setup-links"
	link, _ := w.setupLink(t, w.acme, nil)
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	member := w.enterAs(t, rbac.Member)
	member.get(page).shows(t, "the page for a member", http.StatusForbidden, "role_lacks_permission")
	member.post(page, "days", "7").shows(t, "a link by a member", http.StatusForbidden, "role_lacks_permission")
	member.post(page+"/revoke", "link", link.ID.String()).shows(t, "the end by a member", http.StatusForbidden, "role_lacks_permission")
	stranger := w.stranger(t)
	stranger.get(page).shows(t, "another tenant's page", http.StatusOK, "No links yet")
	stranger.post(page+"/revoke", "link", link.ID.String()).shows(t, "the end by another tenant's owner", http.StatusNotFound, "There is no such page")
	stranger.post(page, "days", "7", "connection", w.connection.ID.String()).shows(t, "a link for another tenant's connection", http.StatusNotFound, "There is no such page")

	admin := w.enterAs(t, rbac.Admin)
	admin.get(page).shows(t, "the page for an administrator", http.StatusOK, "Links for a connection that is there are made by owners")
	admin.post(page, "days", "7", "connection", w.connection.ID.String()).shows(t, "an administrator's link for a connection", http.StatusForbidden, "No link was made", tenants.ErrOwnerRequired.Detail)
	admin.postFrom("cross-site", page, "days", "7").shows(t, "a link from another site", http.StatusForbidden, "cross_site")
	admin.postFrom("cross-site", page+"/revoke", "link", link.ID.String()).shows(t, "an end from another site", http.StatusForbidden, "cross_site")
	w.age(t)
	admin.get(page).shows(t, "the page with an old proof", http.StatusOK, "Sign in once more before you go on")
	admin.post(page, "days", "7").shows(t, "a link with an old proof", http.StatusUnauthorized, "Confirm that it is you", `value="`+page+`"`)
	if list := w.links(t); len(list) != 1 || list[0].RevokedAt != nil {
		t.Errorf("after nothing but refusals the links are %+v, want the one of before", list)
	}
}
