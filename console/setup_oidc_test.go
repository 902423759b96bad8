package console_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// TestAnITAdminConnectsAnOpenIDProviderByALink goes all the way that somebody outside can go, and tries to go further.
func TestAnITAdminConnectsAnOpenIDProviderByALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, link := w.setupLink(t, w.globex, nil)
	b := w.browser(t)
	b.post("/setup/open", "link", link).to(t, "the link", "/setup")
	b.get("/setup").shows(t, "the providers", 200, "Globex", "Your link works in this browser until", "Leave on this device")
	idp, err := w.idp.AddIssuer(testidp.Issuer{Name: "entra", Clients: []testidp.Client{{ID: "gatehouse", Secret: clientSecret}}, Users: []testidp.User{
		{Login: "carol", Email: "carol@globex.test", EmailVerified: true, Name: "Carol"},
	}})
	must(t, err)
	plan := b.plan("entra", "oidc")
	page := b.get(plan)
	which := connectionID.FindString(page.body)
	page.shows(t, "the guide", 200, base+"/sso/oidc/"+which+"/callback", "/backchannel-logout")

	details := func(issuer string) answer {
		return b.upload(plan+"/details", "name", "Entra", "issuer", issuer, "client_id", "gatehouse", "client_secret", " "+clientSecret+"\n")
	}
	for _, issuer := range []string{"https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/organizations/v2.0"} {
		a := details(issuer)
		a.shows(t, issuer, 422, `href="#issuer"`, "Use the issuer of one directory", "Directory (tenant) ID", `value="`+issuer+`"`)
		if strings.Contains(a.body, clientSecret) {
			t.Error("the page sends the secret back")
		}
	}
	details(idp.URL()+"/").shows(t, "an issuer with a slash too many", 422, "A slash at the end counts")
	details(idp.URL()).to(t, "the issuer", "/setup/"+which+"/mapping")
	root := "/setup/" + which
	b.get("/setup").to(t, "the start, with a connection", root+"/guide")
	b.get(root+"/details").shows(t, "the details again", 200, "Leave it empty to keep the one that is stored")

	mapping := func(role string) answer {
		return b.post(root+"/mapping", "email", "email", "name", "name", "first_name", "", "last_name", "", "groups", "groups", "group-1", "G", "role-1", role, "default_role", "member", "joins", "yes", "version", b.version(root+"/mapping"))
	}
	if strings.Contains(b.get(root+"/mapping").body, `value="admin"`) {
		t.Error("the holder of a link is offered to give the role admin")
	}
	mapping("admin").shows(t, "a group of admins", 422, "the roles member and viewer", `role="alert"`)
	mapping("owner").shows(t, "a group of owners", 422, `role="alert"`)
	mapping("viewer").to(t, "the mapping", root+"/domains")

	b.post(root+"/domains", "domain", "gmail.com").shows(t, "everybody's domain", 422, "nobody can claim it")
	b.post(root+"/domains", "domain", "globex.example").to(t, "a domain", root+"/domains")
	a := b.get(root + "/domains")
	a.shows(t, "the domains", 200, "_gatehouse-challenge.globex.example", "Waiting", "globex.test")
	id := regexp.MustCompile(`name="id" value="(dom_[0-9a-z]+)"`).FindStringSubmatch(a.body)[1]
	b.post(root+"/domains/check", "id", id).to(t, "a check without a record", root+"/domains")
	b.get(root+"/domains").shows(t, "the domains then", 200, "There is no TXT record at this name")
	value := html.UnescapeString(regexp.MustCompile(`gatehouse-domain-verification=[^"]+`).FindString(a.body))
	w.dns.Set("_gatehouse-challenge.globex.example", value)
	b.post(root+"/domains/check", "id", id).to(t, "a check with the record", root+"/domains")
	b.get(root+"/domains").shows(t, "the domains at last", 200, "Leave the record where it is")
	b.post(root+"/domains/check", "id", "dom_nonsense").shows(t, "a check of nothing", 404)

	tested := b.prove(idp, b.post(root+"/test"), "carol")
	tested.shows(t, "the test", 200, "The provider&#39;s answer is accepted", "not shown to who came by a set-up link")
	b.get(root+"/test").shows(t, "the tests", 200, "passed")
	b.post(root+"/activate", "to", "optional").to(t, "the activation", root+"/activate")
	b.get(root+"/activate").shows(t, "the end", 200, "Your people can sign in", "Only an owner of the organization can change this.")
	b.post(root+"/activate", "to", "required").shows(t, "the requirement", 403, "Nothing was changed")
	b.post(root+"/activate", "to", "disabled").shows(t, "the end of the connection", 403, "Nothing was changed")
	b.post(root+"/activate", "to", "nonsense").shows(t, "no state at all", 409, "Nothing was changed")
	b.get("/setup/"+w.connection.ID.String()+"/guide").shows(t, "another connection", 404)
	b.get("/").to(t, "home, which a link does not open", "/login")
}

func TestPathsOfTheSetUpAreSafeToReturnTo(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterOwner()
	plan := b.plan("okta", "saml")
	for _, path := range []string{plan, plan + "/details", "/setup/" + b.w.connection.ID.String() + "/activate"} {
		if got := web.SafeReturn(path); got != path {
			t.Errorf("SafeReturn(%q) = %q, want the same", path, got)
		}
	}
}
