package console_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// stored is a connection as it is in the database, with its versions of before as rows.
type stored struct {
	sso.Connection
	rows []string
}

func (w *world) stored(tb testing.TB, t tenants.Tenant, c id.Connection) (s stored) {
	tb.Helper()
	w.in(tb, t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		if s.Connection, err = sso.ConnectionByID(ctx, tx, c); err != nil {
			return err
		}
		return tx.DB.WithContext(ctx).Raw(`SELECT to_jsonb(c)::text FROM connections c WHERE id = ?
			UNION ALL SELECT to_jsonb(v)::text FROM connection_versions v WHERE connection_id = ? ORDER BY 1`, c, c).Scan(&s.rows).Error
	})
	if len(s.rows) == 0 {
		tb.Fatalf("connection %s has no row", c)
	}
	return s
}

// stays demands that a connection is what it was.
func (s stored) stays(tb testing.TB, what string, now stored) {
	tb.Helper()
	if diff := cmp.Diff(s.rows, now.rows); diff != "" {
		tb.Errorf("%s changed the connection (-before +after):\n%s", what, diff)
	}
}

// setupLinkFor makes a link for a connection that is there.
func (w *world) setupLinkFor(tb testing.TB, t tenants.Tenant, c id.Connection) (text string) {
	tb.Helper()
	w.in(tb, t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		_, text, err = w.signIn.CreateSetupLink(ctx, tx, sso.NewSetupLink{Connection: c})
		return err
	})
	return text
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// retyped are the fields with which a page leads back to a form.
func retyped(page answer) (fields []string) {
	for _, f := range hidden.FindAllStringSubmatch(page.body, -1) {
		fields = append(fields, html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return fields
}

var formVersion = regexp.MustCompile(`<input type="hidden" name="version" value="(\d+)">`)

// version is that of the connection which a form is drawn from.
func (b *browser) version(form string) string {
	b.Helper()
	page := b.get(form)
	found := formVersion.FindStringSubmatch(page.body)
	if found == nil {
		b.Fatalf("the form %s has no version:\n%s", form, page.body)
	}
	return found[1]
}

func TestAMappingOfALiveOpenIDConnectionIsTriedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	acme := w.idp.Provider("acme")
	must(t, acme.AddUser(testidp.User{Login: "bob", Email: "bob@acme.test", EmailVerified: true, Name: "Bob", Groups: []string{"Eng"}}))
	form := "/setup/" + w.connection.ID.String() + "/mapping"
	owner.get(form).shows(t, "the form", http.StatusOK, `name="try" value="yes"`, "Try it first", "Nothing is saved by that")
	before := w.stored(t, w.acme, w.connection.ID)
	fields := func(email string, more ...string) []string {
		return append([]string{
			"email", email, "name", "name", "first_name", "", "last_name", "", "groups", "groups", "group-1", "Eng", "role-1", "viewer", "joins", "yes", "default_role", "member",
			"version", owner.version(form),
		}, more...)
	}

	start := owner.post(form, fields("mail", "try", "yes")...)
	start.leads(t, "a try", acme.URL())
	if enters := w.browser(t).enterAcme(); enters.Code != http.StatusSeeOther {
		t.Errorf("a sign-in meanwhile = %d\n%s", enters.Code, enters.body)
	}
	tried := owner.prove(acme, start, "bob")
	tried.shows(t, "a try of a wrong mapping", http.StatusOK, "These settings are not saved", "email_invalid", `action="`+form+`"`, `value="Eng"`)
	before.stays(t, "a try", w.stored(t, w.acme, w.connection.ID))
	owner.get("/setup/"+w.connection.ID.String()+"/test").shows(t, "the tests", http.StatusOK, "The settings were only tried, and not saved.")

	again := owner.post(form, append(retyped(tried), "again", "yes")...)
	again.shows(t, "the form again", http.StatusOK, `name="email" value="mail"`, `name="group-1" value="Eng"`, `<option value="viewer" selected>`)
	owner.post(form, fields("sub", "try", "yes")...).shows(t, "a try of what cannot be", http.StatusUnprocessableEntity, `href="#email"`, `value="sub"`)
	before.stays(t, "the way back", w.stored(t, w.acme, w.connection.ID))

	// A mapping that works says what it would change, and is saved from there.
	tried = owner.prove(acme, owner.post(form, fields("email", "try", "yes")...), "bob")
	tried.shows(t, "a try of a mapping", http.StatusOK, "These settings are not saved", "would join as a new member", "<ins>viewer</ins>", "Save these settings")
	before.stays(t, "a try of a mapping that works", w.stored(t, w.acme, w.connection.ID))
	owner.post(form, retyped(tried)...).leads(t, "saving what was tried", "/setup/"+w.connection.ID.String()+"/domains")
	if now := w.stored(t, w.acme, w.connection.ID); now.Claims.Groups != "groups" || len(now.GroupRoles) != 1 {
		t.Errorf("what was tried is saved as %+v %+v", now.Claims, now.GroupRoles)
	}
}

func TestAMappingOfALiveSAMLConnectionIsTriedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, idp := w.connectSAML(t, func(*sso.SAMLDraft) {})
	text := w.setupLinkFor(t, w.globex, c.ID)
	outside := w.browser(t)
	outside.post("/setup/open", "link", text).to(t, "the link", "/setup")
	form := "/setup/" + c.ID.String() + "/mapping"
	before := w.stored(t, w.globex, c.ID)
	start := outside.post(form, "email", "mail", "name", "name", "first_name", "", "last_name", "", "groups", "", "joins", "yes", "default_role", "member", "try", "yes", "version", outside.version(form))
	start.leads(t, "a try", idp.URL())
	post, err := idp.RespondSAML(t.Context(), start.location(), "carol")
	must(t, err)
	// Somebody signs in while the try is under way, and is not touched by it.
	carol := w.browser(t)
	way := carol.post("/login/globex", "connection", c.ID.String(), "return_to", "/sessions")
	in, err := idp.RespondSAML(t.Context(), way.location(), "carol")
	must(t, err)
	carol.deliver(in).to(t, "a sign-in meanwhile", "/sessions")

	tried := outside.deliver(post)
	tried.shows(t, "a try of a wrong mapping", http.StatusOK, "These settings are not saved", "failed", "not shown to who came by a set-up link")
	before.stays(t, "a try", w.stored(t, w.globex, c.ID))
	outside.post(form, append(retyped(tried), "again", "yes")...).shows(t, "the form again", http.StatusOK, `name="email" value="mail"`)
	w.in(t, w.globex, func(ctx context.Context, tx *db.TenantTx) error {
		links, err := sso.SetupLinks(ctx, tx, id.SetupLink{}, 1)
		if len(links) != 1 || links[0].UsedAt != nil {
			t.Errorf("set-up links = %+v, want one with which nothing was configured", links)
		}
		return err
	})
}

func TestAnotherProviderIsTriedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	elsewhere, err := w.idp.AddIssuer(testidp.Issuer{Name: "new", Clients: []testidp.Client{{ID: "gatehouse", Secret: clientSecret}}, Users: []testidp.User{
		{Login: "alice", Email: "alice@acme.test", EmailVerified: true, Name: "Alice"},
	}})
	must(t, err)
	form := "/setup/" + w.connection.ID.String() + "/details"
	owner.get(form).shows(t, "the form", http.StatusOK, "Try it first")
	before := w.stored(t, w.acme, w.connection.ID)
	details := []string{"name", "New", "issuer", elsewhere.URL(), "client_id", "gatehouse", "client_secret", clientSecret, "try", "yes", "version", owner.version(form)}
	tried := owner.prove(elsewhere, owner.upload(form, details...), "alice")
	tried.shows(t, "a try of another provider", http.StatusOK, "These settings are not saved", "type it again", elsewhere.URL())
	if strings.Contains(tried.body, clientSecret) || strings.Contains(tried.body, "Save these settings") {
		t.Errorf("the page keeps a secret, or saves without it:\n%s", tried.body)
	}
	before.stays(t, "a try of another provider", w.stored(t, w.acme, w.connection.ID))
	again := owner.upload(form, append(retyped(tried), "again", "secret")...)
	again.shows(t, "the form again", http.StatusOK, `value="`+elsewhere.URL()+`"`, "Type the client secret again", `name="name" value="New"`)
	w.browser(t).enterAcme().to(t, "a sign-in afterwards", "/sessions")
	before.stays(t, "the way back", w.stored(t, w.acme, w.connection.ID))
}

func TestMetadataIsTriedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, _ := w.connectSAML(t, func(*sso.SAMLDraft) {})
	text := w.setupLinkFor(t, w.globex, c.ID)
	outside := w.browser(t)
	outside.post("/setup/open", "link", text).to(t, "the link", "/setup")
	elsewhere, metadata := w.samlIssuer(t, "new")
	must(t, elsewhere.AddServiceProvider(testidp.ServiceProvider{EntityID: w.signIn.EntityID(c.ID), ACS: []string{w.signIn.CallbackURL(c)}}))
	form := "/setup/" + c.ID.String() + "/details"
	before := w.stored(t, w.globex, c.ID)
	start := outside.upload(form, "source", "document", "name", "New", "metadata", "", "metadata_file", metadata, "try", "yes", "version", outside.version(form))
	start.leads(t, "a try", elsewhere.URL())
	post, err := elsewhere.RespondSAML(t.Context(), start.location(), "olga")
	must(t, err)
	tried := outside.deliver(post)
	tried.shows(t, "a try of other metadata", http.StatusOK, "These settings are not saved", "Save these settings", elsewhere.EntityID())
	before.stays(t, "a try of other metadata", w.stored(t, w.globex, c.ID))
	outside.upload(form, append(retyped(tried), "again", "yes")...).shows(t, "the form again", http.StatusOK, html.EscapeString(elsewhere.EntityID()), `value="document" checked`)
	outside.upload(form, retyped(tried)...).to(t, "saving what was tried", "/setup/"+c.ID.String()+"/mapping")
	if now := w.stored(t, w.globex, c.ID); now.Issuer != elsewhere.EntityID() || now.Status != sso.Drafted {
		t.Errorf("what was tried is saved as %s %s, want a draft of the other provider", now.Issuer, now.Status)
	}
}
