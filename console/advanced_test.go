package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// acmeSAML makes a second connection of acme, which speaks SAML.
func (w *world) acmeSAML(tb testing.TB) sso.Connection {
	tb.Helper()
	_, text := w.samlIssuer(tb, "acme-saml")
	ctx := authn.AsOperator(tb.Context())
	prepared, err := w.signIn.Prepare(ctx, sso.Draft{
		Protocol: sso.ProtocolSAML, Name: "Acme SAML", SAML: &sso.SAMLDraft{Metadata: text}, DefaultRole: rbac.Member,
	})
	must(tb, err)
	var made sso.Connection
	must(tb, w.db.Admit(ctx, w.acme.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		made, err = w.signIn.Create(ctx, sys, tx, prepared)
		return err
	}))
	return made
}

// saved reads a connection of acme and its keys again.
func (w *world) saved(tb testing.TB, which id.Connection) (c sso.Connection, keys []sso.ConnectionKey) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		if c, err = sso.ConnectionByID(ctx, tx, which); err != nil {
			return err
		}
		keys, err = sso.KeysOf(ctx, tx, which)
		return err
	})
	return c, keys
}

func slots(keys []sso.ConnectionKey) string {
	var all []string
	for _, k := range keys {
		all = append(all, string(k.Slot))
	}
	return strings.Join(all, " ")
}

func TestOurKeyIsRotatedOnItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.acmeSAML(t)
	b := w.browser(t)
	b.enterOwner()
	page := "/sso/" + c.ID.String() + "/advanced"
	b.get("/sso/"+c.ID.String()).shows(t, "the connection", http.StatusOK, `href="`+page+`"`)
	b.get(page).shows(t, "the page", http.StatusOK, "Our key", "Step 1: Publish a next key", "Current", w.signIn.EntityID(c.ID), "/static/copy.")

	b.post(page+"/keys").to(t, "a next key", page)
	_, keys := w.saved(t, c.ID)
	if got := slots(keys); got != "active next" {
		t.Fatalf("the keys are %s, want active next", got)
	}
	first, second := keys[0].ID, keys[1].ID
	b.get(page).shows(t, "the page with a next key", http.StatusOK, "Step 2: Sign with the next key", "Take the next key back")
	b.post(page+"/keys").shows(t, "another next key", http.StatusConflict, "That was not done", sso.ErrNextKey.Detail)
	b.post(page+"/keys/activate", "key", second.String()).shows(t, "an unconfirmed switch", http.StatusUnprocessableEntity, "Tick the box")
	b.post(page+"/keys/activate", "key", second.String(), "confirmed", "yes").to(t, "the switch", page)
	b.get(page).shows(t, "the page after the switch", http.StatusOK, "Step 3: Drop the old key", "Go back to the old key")
	b.post(page+"/keys/drop", "key", second.String(), "confirmed", "yes").shows(t, "dropping the current key", http.StatusConflict, sso.ErrActiveKey.Detail)
	b.post(page+"/keys/drop", "key", first.String()).shows(t, "an unconfirmed end", http.StatusUnprocessableEntity, "Tick the box")
	b.post(page+"/keys/drop", "key", id.New[id.ConnectionKey]().String(), "confirmed", "yes").shows(t, "an unknown key", http.StatusNotFound, "There is no such page")
	b.post(page+"/keys/drop", "key", first.String(), "confirmed", "yes").to(t, "the end", page)
	if _, keys = w.saved(t, c.ID); len(keys) != 1 || keys[0].ID != second || keys[0].Slot != sso.ActiveKey {
		t.Errorf("the keys are %v, want the second one as the active one", keys)
	}
}

func TestSwitchesOfSAMLAreTurnedOnTheirPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.acmeSAML(t)
	b := w.browser(t)
	b.enterOwner()
	page := "/sso/" + c.ID.String() + "/advanced"
	for _, name := range []string{"idp_initiated", "sha1", "inclusive_c14n", "response_only"} {
		b.post(page+"/switch", "switch", name, "to", "on").shows(t, name+" without the box", http.StatusUnprocessableEntity, "Tick the box", "What it would weaken:")
	}
	if saved, _ := w.saved(t, c.ID); saved.Version != c.Version {
		t.Fatalf("the version is %d after nothing but refusals, want %d", saved.Version, c.Version)
	}
	b.post(page+"/switch", "switch", "encryption", "to", "on").to(t, "encryption", page)
	for _, name := range []string{"idp_initiated", "sha1", "inclusive_c14n", "response_only"} {
		b.post(page+"/switch", "switch", name, "to", "on", "confirmed", "yes").to(t, name, page)
	}
	saved, _ := w.saved(t, c.ID)
	if s := saved.SAML; !s.Encryption || !s.IdPInitiated || s.LegacySHA1 == nil || s.LegacyInclusive == nil || s.LegacyResponseOnly == nil {
		t.Errorf("the settings are %+v, want everything on", saved.SAML)
	}
	if saved.Status != c.Status || saved.SAML.EntityID != c.SAML.EntityID || len(saved.SAML.Certificates) != len(c.SAML.Certificates) {
		t.Errorf("the connection became %+v, want nothing else changed", saved)
	}
	b.get(page).shows(t, "the page", http.StatusOK, "What it weakens:", "by owner@acme.test", "Not used in the last 90 days")
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		return events.Record(ctx, tx, events.ConnectionLegacyUsed, c.ID, events.Data{"switches": []string{"sha1"}})
	})
	used := b.get(page)
	used.shows(t, "the page after a use", http.StatusOK, "Last used <time")
	if n := strings.Count(used.body, "Last used <time"); n != 1 {
		t.Errorf("%d switches were used, want 1", n)
	}
	b.post(page+"/switch", "switch", "sha1", "to", "off").to(t, "sha1 off", page)
	if saved, _ = w.saved(t, c.ID); saved.SAML.LegacySHA1 != nil || saved.SAML.LegacyInclusive == nil {
		t.Errorf("the switches are %v and %v, want the first one off", saved.SAML.LegacySHA1, saved.SAML.LegacyInclusive)
	}
	for _, fields := range [][]string{{"switch", "force_authn", "to", "on"}, {"switch", "sha1", "to", "maybe"}, {}} {
		b.post(page+"/switch", fields...).shows(t, strings.Join(fields, " "), http.StatusBadRequest, "malformed_form")
	}
}

func TestAdvancedSettingsAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.acmeSAML(t)
	page := "/sso/" + c.ID.String() + "/advanced"
	posts := [][]string{
		{"/keys"},
		{"/keys/activate", "key", id.New[id.ConnectionKey]().String(), "confirmed", "yes"},
		{"/keys/drop", "key", id.New[id.ConnectionKey]().String(), "confirmed", "yes"},
		{"/switch", "switch", "sha1", "to", "on", "confirmed", "yes"},
	}
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	member := w.enterAs(t, rbac.Member)
	member.get(page).shows(t, "the page for a member", http.StatusForbidden, "role_lacks_permission")
	stranger := w.stranger(t)
	stranger.get(page).shows(t, "another tenant's page", http.StatusNotFound, "There is no such page")
	owner := w.browser(t)
	owner.enterOwner()
	for _, p := range posts {
		member.post(page+p[0], p[1:]...).shows(t, p[0]+" by a member", http.StatusForbidden, "role_lacks_permission")
		stranger.post(page+p[0], p[1:]...).shows(t, p[0]+" by another tenant's owner", http.StatusNotFound, "There is no such page")
		owner.postFrom("cross-site", page+p[0], p[1:]...).shows(t, p[0]+" from another site", http.StatusForbidden, "cross_site")
	}
	admin := w.enterAs(t, rbac.Admin)
	w.age(t)
	for _, p := range [][]string{posts[0], posts[3]} {
		admin.post(page+p[0], p[1:]...).shows(t, p[0]+" with an old proof", http.StatusForbidden, "Confirm that it is you", `value="`+page+`"`)
	}
	owner.get("/sso/"+w.connection.ID.String()+"/advanced").shows(t, "the page of OpenID Connect", http.StatusNotFound, "There is no such page")
	owner.post("/sso/"+w.connection.ID.String()+"/advanced/keys").shows(t, "a key for OpenID Connect", http.StatusNotFound, "There is no such page")
	if saved, keys := w.saved(t, c.ID); saved.Version != c.Version || slots(keys) != "active" {
		t.Errorf("after nothing but refusals: version %d and the keys %s, want %d and active", saved.Version, slots(keys), c.Version)
	}
}

// stranger is the owner of another tenant, signed in by a one-time link.
func (w *world) stranger(tb testing.TB) *browser {
	tb.Helper()
	var link secret.Credential
	w.in(tb, w.globex, func(ctx context.Context, tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, "owner@globex.test")
		if err == nil {
			link, err = tenants.IssueLink(ctx, tx, m, time.Hour)
		}
		return err
	})
	b := w.browser(tb)
	b.post("/login/link", "link", link.String()).to(tb, "the link of another tenant's owner", "/")
	return b
}
