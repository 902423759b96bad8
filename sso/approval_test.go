package sso_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// repoint changes the company's SAML connection as somebody in a role.
func (c *company) repoint(tb testing.TB, role rbac.Role, change func(*sso.SAMLDraft)) error {
	tb.Helper()
	d := c.reload(tb).Draft()
	change(d.SAML)
	prepared, err := c.signIn.Prepare(authn.AsOperator(tb.Context()), d)
	must(tb, err)
	return c.acting(tb, role, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
}

func TestXT_10_ACertificateOfAnAdminWaitsForAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	old := signing(t, c.idp)
	rogue := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Cert
	other := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Cert
	waits := func(what string, want ...string) {
		t.Helper()
		if got := certs(c.reload(t)); !slices.Equal(got, want) {
			t.Errorf("certificates after %s = %v, want %v", what, got, want)
		}
	}
	must(t, c.certify(t, rbac.Admin, pemOf(rogue)))
	waits("an admin pasted one", old, fingerprintOf(rogue)+"?")
	if n := c.recorded(t, "certificate.added"); n != 0 {
		t.Errorf("%d certificates were recorded as added, want none", n)
	}
	must(t, c.certify(t, rbac.Admin, pemOf(rogue)))
	waits("an admin pasted it again", old, fingerprintOf(rogue)+"?")
	c.refresh(t)
	waits("a refresh", old, fingerprintOf(rogue)+"?")
	must(t, c.repoint(t, rbac.Admin, func(d *sso.SAMLDraft) { d.Certificates = pemOf(other) }))
	waits("an admin typed another one", fingerprintOf(other)+"?", old)
	must(t, c.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.ApproveCertificate(ctx, tx, c.connection.ID, fingerprintOf(other))
		return err
	}))
	waits("an owner approved it", fingerprintOf(other), old)
	must(t, c.repoint(t, rbac.Owner, func(d *sso.SAMLDraft) { d.Certificates = pemOf(rogue) }))
	waits("an owner typed one", fingerprintOf(rogue))
}

func TestXT_10_OnlyAnOwnerSaysWhichKeyVouchesForMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	key, err := c.idp.MetadataKey()
	must(t, err)
	pin := func(d *sso.SAMLDraft) { d.PinnedKey = fingerprintOf(key.Cert) }
	if err := c.repoint(t, rbac.Admin, pin); errs.CodeOf(err) != "owner_required" {
		t.Errorf("an admin pins a key = %v, want owner_required", err)
	}
	must(t, c.repoint(t, rbac.Owner, pin))
	must(t, c.repoint(t, rbac.Admin, func(*sso.SAMLDraft) {}))
	if err := c.repoint(t, rbac.Admin, func(d *sso.SAMLDraft) { d.PinnedKey = "" }); errs.CodeOf(err) != "owner_required" {
		t.Errorf("an admin drops the key of an owner = %v, want owner_required", err)
	}
}

func TestXT_10_AnAdminDoesNotBringBackACertificateThatAnOwnerTookAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t, pinned(t))
	leaked := signing(t, c.idp)
	good := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Cert
	must(t, c.certify(t, rbac.Owner, pemOf(good)))
	must(t, c.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.RemoveCertificate(ctx, tx, c.connection.ID, leaked)
		return err
	}))
	must(t, c.repoint(t, rbac.Admin, func(d *sso.SAMLDraft) { d.MetadataURL = c.idp.EntityID() }))
	c.refresh(t) // signed with the pinned key
	if got, want := certs(c.reload(t)), []string{fingerprintOf(good)}; !slices.Equal(got, want) {
		t.Errorf("certificates after an admin read the metadata again = %v, want %v", got, want)
	}
}

func TestXT_10_WhoCameInThroughTheSecondProviderIsFrozenByTheThird(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	move := func(to string) time.Time {
		t.Helper()
		c.ahead.Add(int64(time.Hour))
		d := c.reload(t).Draft()
		d.SAML.SSOURL, d.AcceptEndpoints = to, true
		prepared, err := c.signIn.Prepare(authn.AsOperator(t.Context()), d)
		must(t, err)
		must(t, c.acting(t, rbac.Admin, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
			return err
		}))
		return *c.reload(t).FrozenAt
	}
	first := move("https://second.example/sso")
	if again := move("https://third.example/sso"); !again.After(first) {
		t.Errorf("frozen since %v after the second change, want later than %v", again, first)
	}
}

func TestXT_10_OfTwoWithOneSubjectTheFirstIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	var late id.User
	must(t, c.db.Admit(authn.AsOperator(t.Context()), c.tenant.ID, func(sys *db.SystemTx, _ *db.TenantTx) error {
		return sso.AddIdentity(t.Context(), sys, c.owner.UserID, c.connection.ID, sso.Identity{Issuer: "https://first.example", Subject: "one"})
	}))
	c.ahead.Add(int64(time.Minute))
	must(t, c.db.Admit(authn.AsOperator(t.Context()), c.tenant.ID, func(sys *db.SystemTx, _ *db.TenantTx) (err error) {
		if late, err = tenants.NewUser(t.Context(), sys); err != nil {
			return err
		}
		return sso.AddIdentity(t.Context(), sys, late, c.connection.ID, sso.Identity{Issuer: "https://second.example", Subject: "one"})
	}))
	c.ahead.Add(int64(time.Minute))
	d := c.reload(t).Draft()
	d.SAML.SSOURL, d.AcceptEndpoints = "https://third.example/sso", true
	prepared, err := c.signIn.Prepare(authn.AsOperator(t.Context()), d)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
	must(t, c.db.Admit(authn.AsOperator(t.Context()), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := c.signIn.ApproveIdentities(authn.AsOperator(t.Context()), sys, tx, c.connection.ID)
		return err
	}))
	var whose string
	must(t, c.admin.QueryRow(t.Context(), "SELECT user_id::text FROM identities WHERE connection_id::text = $1 AND issuer = $2 AND subject = 'one'",
		c.connection.ID.UUID().String(), c.connection.Issuer).Scan(&whose))
	if whose != c.owner.UserID.UUID().String() {
		t.Errorf("the subject became %s, want the owner, who had it first", whose)
	}
}
