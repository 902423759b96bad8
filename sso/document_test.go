package sso_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// open opens the document of an attempt as somebody.
func (c *company) open(tb testing.TB, p *authn.Principal, a id.Attempt) (d sso.Document, err error) {
	tb.Helper()
	ctx := authn.With(tb.Context(), p)
	err = c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		d, err = c.signIn.OpenDocument(ctx, tx, a)
		return err
	})
	return d, err
}

func (c *company) count(tb testing.TB, query string) (n int) {
	tb.Helper()
	must(tb, c.admin.QueryRow(tb.Context(), query, c.tenant.ID.UUID().String()).Scan(&n))
	return n
}

const documents = "SELECT count(*) FROM attempt_documents WHERE tenant_id::text = $1"

func TestDocumentsAreForOwnersAndForAWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{})
	owner := c.redeem(t)
	tab := c.begin(t)
	_, err := c.post(t, c.asked(tab, "alice"), tab.cookie())
	must(t, err)
	if n := c.count(t, documents); n != 0 {
		t.Errorf("%d documents of a sign-in that went well, want none", n)
	}
	tab = c.begin(t)
	if _, err := c.post(t, c.asked(tab, "bob", "signed_by", "nobody"), tab.cookie()); sso.ReasonOf(err) != sso.SignatureKeyUnknown {
		t.Fatalf("Finish = %v", err)
	}
	tab = c.begin(t)
	form := c.asked(tab, "bob", "wrong", string(sso.AudienceMismatch), "secret", "the quick brown fox")
	c.refused(t, sso.AudienceMismatch, func() (sso.Result, error) { return c.post(t, form, tab.cookie()) })
	rec := c.latest(t)
	var sealed []byte
	must(t, c.admin.QueryRow(t.Context(), "SELECT sealed FROM attempt_documents WHERE attempt_id::text = $1", rec.ID.UUID().String()).Scan(&sealed))
	if bytes.Contains(sealed, []byte("brown")) {
		t.Error("the document is not encrypted")
	}
	d, err := c.open(t, owner, rec.ID)
	must(t, err)
	if d.Kind != "saml_response" || !strings.Contains(string(d.Text), "the+quick+brown+fox") || d.Size != int64(len(d.Text)) {
		t.Errorf("document = %s %q", d.Kind, d.Text)
	}
	if n := c.count(t, "SELECT count(*) FROM events WHERE tenant_id::text = $1 AND type = 'attempt.document_opened'"); n != 1 {
		t.Errorf("%d events of the opening, want 1", n)
	}
	admin, key := *owner, authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "owner"}
	admin.Role = "admin"
	for what, p := range map[string]*authn.Principal{"an admin": &admin, "a key": &key, "nobody": {Kind: authn.Anonymous}} {
		if _, err := c.open(t, p, rec.ID); errs.CodeOf(err) != "owner_required" {
			t.Errorf("%s opens a document: %v, want owner_required", what, err)
		}
	}
	other := w.company(t)
	if _, err := other.open(t, other.redeem(t), rec.ID); errs.CodeOf(err) != "not_found" {
		t.Errorf("another tenant's owner opens it: %v, want not_found", err)
	}
	if _, err := c.open(t, owner, id.New[id.Attempt]()); errs.CodeOf(err) != "not_found" {
		t.Errorf("OpenDocument of nothing = %v, want not_found", err)
	}

	c.exec(t, "UPDATE attempt_documents SET created_at = created_at - interval '7 days 1 minute' WHERE tenant_id::text = $1")
	if _, err := c.open(t, owner, rec.ID); errs.CodeOf(err) != "not_found" {
		t.Errorf("OpenDocument after a week = %v, want not_found", err)
	}
	must(t, c.db.System(t.Context(), func(sys *db.SystemTx) error {
		_, err := sso.PruneDocuments(t.Context(), sys)
		return err
	}))
	if n := c.count(t, documents); n != 0 {
		t.Errorf("%d documents after a week, want none", n)
	}
}

func TestDocumentsAreBoundedInNumberAndSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, test := range map[string]struct{ n, size, want int }{
		"many":  {1005, 10, 1000},
		"large": {70, 1 << 20, 63}, // and the one that is just kept
	} {
		c := w.samlCompany(t, sso.SAML{})
		tab := c.begin(t)
		if _, err := c.post(t, c.asked(tab, "bob", "wrong", string(sso.AudienceMismatch)), tab.cookie()); err == nil {
			t.Fatal("bob came in")
		}
		_, err := c.admin.Exec(t.Context(), fmt.Sprintf(`WITH more AS (INSERT INTO attempts (tenant_id, id, connection_id, purpose, stage, outcome, state_hash,
			browser_hash, address, created_at, expires_at) SELECT tenant_id, gen_random_uuid(), connection_id, purpose, stage, outcome,
			decode(lpad(i::text, 64, '0'), 'hex'), browser_hash, address, created_at - make_interval(mins => 20 + i), expires_at
			FROM attempts, generate_series(1, %d) i WHERE tenant_id = '%s' RETURNING tenant_id, id, created_at)
			INSERT INTO attempt_documents SELECT tenant_id, id, 'saml_response', '\x00', %d, created_at FROM more`,
			test.n, c.tenant.ID.UUID(), test.size))
		must(t, err)
		oldest := c.count(t, "SELECT count(*) FROM attempt_documents WHERE tenant_id::text = $1 AND created_at < now() - interval '20 minutes'")
		tab = c.begin(t)
		if _, err := c.post(t, c.asked(tab, "bob", "wrong", string(sso.AudienceMismatch)), tab.cookie()); err == nil {
			t.Fatal("bob came in")
		}
		if n := c.count(t, documents); oldest != test.n || n != test.want && n != test.want+2 {
			t.Errorf("%s: %d documents are kept, want about %d", what, n, test.want)
		}
		if n := c.count(t, documents+" AND created_at > now() - interval '10 minutes'"); n != 2 {
			t.Errorf("%s: %d of the newest two documents are kept", what, n)
		}
	}
}
