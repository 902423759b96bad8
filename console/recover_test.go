package console_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestXT_41_TheWayBackInIsAskedForAndAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.get("/login/acme").shows(t, "acme's sign-in", 200, `href="/login/acme/recover"`)
	b.get("/login/acme/recover").shows(t, "the page for owners", 200, "Acme Robotics", "Send a link")
	b.get("/login/nobody/recover").shows(t, "the page for owners of nobody", 404)
	b.post("/login/nobody/recover", "email", "owner@acme.test").shows(t, "a request at nobody's", 404)
	b.post("/login/acme/recover", "email", "owner@").shows(t, "half an address", 422, `aria-invalid="true"`)
	typed := regexp.MustCompile(`[a-z]+@(acme|elsewhere)\.test`)
	owner := b.post("/login/acme/recover", "email", " owner@acme.test ")
	owner.shows(t, "the owner's request", 200, "If owner@acme.test is the address of an owner")
	if b.cookies["__Host-gatehouse_recovery"] == "" {
		t.Errorf("cookies = %v", b.cookies)
	}
	for _, address := range []string{"alice@acme.test", "nobody@elsewhere.test"} {
		other := w.browser(t).post("/login/acme/recover", "email", address)
		if other.Code != owner.Code || typed.ReplaceAllString(other.body, "x") != typed.ReplaceAllString(owner.body, "x") {
			t.Errorf("the page for %s differs from the owner's:\n%s", address, other.body)
		}
	}
	b.postFrom("cross-site", "/login/acme/recover", "email", "owner@acme.test").shows(t, "a foreign POST", 403, "cross_site")
	b.postFrom("cross-site", "/login/acme/recover/open", "link", "x").shows(t, "a foreign POST", 403, "cross_site")
}

func TestXT_41_AnOwnerComesInWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on := true
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &on})
		return err
	})
	w.postman(t)
	b := w.browser(t)
	b.post("/login/acme/recover", "email", "owner@acme.test")
	link := regexp.MustCompile(`http://\S+#ghb_\w+`).FindString(w.letterTo(t, "owner@acme.test"))
	if !strings.HasPrefix(link, base+"/login/acme/recover/open#") {
		t.Fatalf("the link is %q", link)
	}
	b.get("/login/acme/recover/open").shows(t, "the page of the link", 200, "/static/link.", `id="reason"`)
	b.post("/login/acme/recover/open", "link", "ghb_half", "reason", "Okta is down since nine").shows(t, "half a link", 422, "not complete")
	b.post("/login/acme/recover/open", "link", link, "reason", "down").shows(t, "a short reason", 422, "Check the reason", `type="hidden" name="link"`)
	w.browser(t).post("/login/acme/recover/open", "link", link, "reason", "Okta is down since nine").
		shows(t, "another browser", 410, "was asked for in another browser")
	b.post("/login/globex/recover/open", "link", link, "reason", "Okta is down since nine").shows(t, "another organization's page", 410)
	b.post("/login/acme/recover/open", "link", link, "reason", "Okta is down since nine").to(t, "the link", "/")
	b.get("/").shows(t, "the owner's home", 200, "owner@acme.test")
	if b.cookies["__Host-gatehouse_recovery"] != "" || b.cookies[sessions.AccessCookie] == "" {
		t.Errorf("cookies = %v", b.cookies)
	}
	b.post("/login/acme/recover/open", "link", link, "reason", "Okta is down since nine").shows(t, "the link again", 410)
}
