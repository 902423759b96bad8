package console_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// upload submits a form with a file, given as name, value, name, value; the value of metadata_file is the content of one. Without it there is
// an empty file of no name, as browsers send one that nobody chose.
func (b *browser) upload(path string, fields ...string) answer {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if !slices.Contains(fields, "metadata_file") {
		_, err := form.CreateFormFile("metadata_file", "")
		must(b, err)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] != "metadata_file" {
			must(b, form.WriteField(fields[i], fields[i+1]))
			continue
		}
		file, err := form.CreateFormFile(fields[i], "metadata.xml")
		must(b, err)
		_, err = file.Write([]byte(fields[i+1]))
		must(b, err)
	}
	must(b, form.Close())
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return b.send(r, "same-origin")
}

// enterOwner signs the owner of acme in by a one-time link.
func (b *browser) enterOwner() {
	b.Helper()
	var link secret.Credential
	b.w.in(b, b.w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		link, err = tenants.IssueLink(ctx, tx, b.w.owner, time.Hour)
		return err
	})
	b.post("/login/link", "link", link.String()).to(b, "the owner's link", "/")
}

// plan begins to connect a provider and returns the path of the instructions.
func (b *browser) plan(provider, protocol string) string {
	b.Helper()
	a := b.post("/setup/new/"+provider, "protocol", protocol)
	a.leads(b, "the choice of a protocol", "/setup/plan/")
	return a.location()
}

var connectionID = regexp.MustCompile(`con_[0-9a-z]{26}`)

// samlIssuer adds a provider that speaks SAML, and returns its metadata.
func (w *world) samlIssuer(tb testing.TB, name string) (*testidp.Provider, string) {
	tb.Helper()
	idp, err := w.idp.AddIssuer(testidp.Issuer{Name: name, Users: []testidp.User{
		{Login: "olga", Subject: "olga-1", Email: "olga@acme.test", EmailVerified: true, Name: "Olga"},
	}})
	must(tb, err)
	text, err := idp.SAMLMetadata()
	must(tb, err)
	return idp, string(text)
}

func TestAnOwnerConnectsASAMLProviderFromNothing(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterOwner()
	idp, metadata := b.w.samlIssuer(t, "okta")
	b.get("/setup").shows(t, "the providers", 200, "Where do your people sign in today?", "Okta", "Microsoft Entra ID", `href="/setup/new/okta"`, `aria-current="step"`)
	b.get("/setup/new/okta").shows(t, "the protocols", 200, "SAML 2.0", "OpenID Connect")

	plan := b.plan("okta", "saml")
	page := b.get(plan)
	which := connectionID.FindString(page.body)
	page.shows(t, "the guide", 200, base+"/sso/saml/"+which+"/acs", base+"/sso/saml/"+which+"/metadata", "Audience URI (SP Entity ID)", "/static/copy.", "audience_mismatch", "403 App Not Assigned")
	b.get(plan+"/details").shows(t, "the form", 200, `enctype="multipart/form-data"`, "Looks like https://{your org}.okta.com")

	b.upload(plan+"/details", "source", "document", "name", "Okta", "metadata", metadata).to(t, "the metadata", "/setup/"+which+"/mapping")
	b.upload(plan+"/details", "source", "document", "name", "Okta", "metadata", metadata).to(t, "the same form again", "/setup/"+which+"/mapping")
	b.get(plan).to(t, "the plan once it is carried out", "/setup/"+which+"/guide")

	root := "/setup/" + which
	b.get(root+"/mapping").shows(t, "the mapping", 200, `id="email" name="email" value="email"`, `id="groups" name="groups" value="groups"`, "Draft")
	b.post(root+"/mapping", "email", "email", "name", "name", "first_name", "", "last_name", "", "groups", "groups", "group-1", "Engineering", "role-1", "admin",
		"group-2", "", "role-2", "member", "joins", "yes", "default_role", "viewer", "version", b.version(root+"/mapping")).to(t, "the mapping", root+"/domains")
	b.get(root+"/mapping").shows(t, "the mapping again", 200, `value="Engineering"`, `<option value="viewer" selected>`)

	must(t, idp.AddServiceProvider(testidp.ServiceProvider{EntityID: base + "/sso/saml/" + which + "/metadata", ACS: []string{base + "/sso/saml/" + which + "/acs"}}))
	start := b.post(root + "/test")
	start.leads(t, "the test", idp.URL())
	post, err := idp.RespondSAML(t.Context(), start.location(), "olga")
	must(t, err)
	b.deliver(post).shows(t, "the test", 200, "The connection works", "olga@acme.test")
	b.get(root+"/test").shows(t, "the tests", 200, "passed", "olga@acme.test")

	b.post(root+"/testers", "testers", "olga@acme.test, nobody").shows(t, "testers of whom one is none", 422, `aria-invalid="true"`, "nobody")
	b.post(root+"/testers", "testers", "Olga@acme.test\n", "open", "yes").to(t, "the testers", root+"/test")
	b.get(root+"/activate").shows(t, "the activation", 200, "In testing", "Open to everybody", "0 so far")
	b.post(root+"/activate", "to", "optional").to(t, "the activation", root+"/activate")
	b.post(root+"/activate", "to", "required").shows(t, "the requirement", 409, "Two different people", `role="alert"`)
	b.get(root+"/activate").shows(t, "the end", 200, "Your people can sign in", base+"/login/acme")
}

func TestWhatIsWrongWithMetadataStandsBesideIt(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterOwner()
	_, one := b.w.samlIssuer(t, "one")
	_, two := b.w.samlIssuer(t, "two")
	path := b.plan("generic", "saml") + "/details"
	for what, c := range map[string]struct {
		fields []string
		want   []string
	}{
		"a web page":            {[]string{"source", "document", "metadata", "<!doctype html><title>Sign in</title>"}, []string{`href="#metadata"`, "This is a web page"}},
		"a web page, as a file": {[]string{"source", "document", "metadata", "", "metadata_file", "<html>"}, []string{`href="#metadata"`, "This is a web page"}},
		"nothing":               {[]string{"source", "document", "metadata", ""}, []string{"This cannot be saved yet"}},
		"an OpenID document":    {[]string{"source", "document", "metadata", `{"issuer":"https://x.test","authorization_endpoint":"https://x.test/a"}`}, []string{"OpenID Connect"}},
		"an address of nobody":  {[]string{"source", "address", "metadata_url", "http://127.0.0.1:1/metadata"}, []string{`href="#metadata_url"`, "could not be read", "no firewall asks"}},
		"no certificate":        {[]string{"source", "hand", "entity_id", "https://idp.test/e", "sso_url", "https://idp.test/sso", "certificates", ""}, []string{`href="#certificates"`, "There is no certificate"}},
		"a damaged certificate": {[]string{"source", "hand", "entity_id", "https://idp.test/e", "sso_url", "https://idp.test/sso", "certificates", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}, []string{`href="#certificates"`, "cannot be used"}},
		"no name":               {[]string{"source", "document", "name", "", "metadata", one}, []string{`href="#name"`, "1 to 100"}},
	} {
		fields := c.fields
		if what != "no name" {
			fields = append(fields, "name", "Mine")
		}
		b.upload(path, fields...).shows(t, what, 422, append(c.want, `role="alert"`, `aria-invalid="true"`)...)
	}
	several := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + bare(one) + bare(two) + `</md:EntitiesDescriptor>`
	a := b.upload(path, "source", "document", "name", "Mine", "metadata", several)
	a.shows(t, "two providers", 422, "Which of these is yours?", `name="entity"`, "/one/saml/metadata", "/two/saml/metadata")
	b.upload(path, "source", "document", "name", "Mine", "metadata", several, "entity", b.w.idp.Provider("two").EntityID()).leads(t, "the choice", "/setup/con_")
}

// bare is metadata without its XML declaration.
func bare(metadata string) string {
	return regexp.MustCompile(`^\s*<\?xml[^>]*\?>`).ReplaceAllString(metadata, "")
}

func TestAFormWithAFileIsBounded(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterOwner()
	path := b.plan("generic", "saml") + "/details"
	b.upload(path, "source", "document", "metadata", strings.Repeat("x", 3<<20)).shows(t, "3 MiB", 413)
	b.upload(path, "source", "document", "name", "Mine", "metadata", "<a>"+strings.Repeat("x", 1<<20)).shows(t, "more than 1 MiB", 422, "1 MiB")
	b.upload(path, "source", "document", "source", "address").shows(t, "a field given twice", 400, "malformed_form")
	b.upload(path, "metadata_file", "a", "metadata_file", "b").shows(t, "two files", 400, "malformed_form")
	b.post(path, "source", "document").shows(t, "a form of another kind", 415)
}

func TestSetUpsOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.enterOwner()
	for _, path := range []string{"/setup/con_nonsense/guide", "/setup/con_01jv3qk2wefr4t5y6u7i8p9aas/mapping", "/setup/plan/x", "/setup/plan/a.b.c.d.e", "/setup/new/nobody"} {
		b.get(path).shows(t, "GET "+path, 404)
	}
	b.post("/setup/new/google", "protocol", "oidc").shows(t, "a protocol without a guide", 404)
	var foreign sso.Connection
	foreign, _ = b.w.connectSAML(t, func(*sso.SAMLDraft) {})
	b.get("/setup/"+foreign.ID.String()+"/guide").shows(t, "another tenant's connection", 404)
	plan := b.plan("okta", "oidc")
	_, link := b.w.setupLink(t, b.w.globex, nil)
	other := b.w.browser(t)
	other.post("/setup/open", "link", link).to(t, "the link", "/setup")
	other.get(plan).shows(t, "another tenant's plan", 404)
	for _, path := range []string{"/setup/new/okta", plan + "/details", "/setup/" + b.w.connection.ID.String() + "/activate"} {
		b.postFrom("cross-site", path).shows(t, "a foreign POST "+path, 403, "cross_site")
		b.w.browser(t).post(path).to(t, "a POST of nobody to "+path, "/login")
	}
}
