package sso_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func pemOf(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

func (c *company) certify(tb testing.TB, role rbac.Role, text string) error {
	tb.Helper()
	return c.acting(tb, role, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.AddCertificates(ctx, tx, c.connection.ID, text)
		return err
	})
}

func (c *company) distrust(tb testing.TB, fingerprint string) error {
	tb.Helper()
	return c.acting(tb, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.RemoveCertificate(ctx, tx, c.connection.ID, fingerprint)
		return err
	})
}

func newKey(tb testing.TB, from, until time.Time) *samlforge.Key {
	tb.Helper()
	key, err := samlforge.NewKey(samlforge.P256, from, until)
	must(tb, err)
	return key
}

func TestSAML_014_021_022_CertificatesThatAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	old := signing(t, c.idp)
	now := time.Now()
	good, expired, early := newKey(t, now.Add(-time.Hour), now.AddDate(1, 0, 0)), newKey(t, now.AddDate(-1, 0, 0), now.Add(-time.Hour)), newKey(t, now.AddDate(0, 0, 1), now.AddDate(1, 0, 0))
	weak, err := samlforge.NewKey(samlforge.P224, now.Add(-time.Hour), now.AddDate(1, 0, 0))
	must(t, err)
	for reason, text := range map[string]string{
		"certificate_missing": "", "certificate_invalid": pemOf(weak.Cert), "certificate_expired": pemOf(expired.Cert),
	} {
		if err := c.certify(t, rbac.Owner, text); errs.CodeOf(err) != "connection_invalid" || errs.As(err).Extra["reason"] != reason {
			t.Errorf("AddCertificates(%s) = %v %v, want connection_invalid", reason, err, errs.As(err).Extra)
		}
	}
	if err := c.distrust(t, old); !errors.Is(err, sso.ErrLastCertificate) {
		t.Errorf("removing the only certificate = %v, want %v", err, sso.ErrLastCertificate)
	}
	must(t, c.certify(t, rbac.Owner, pemOf(early.Cert)))
	if err := c.distrust(t, old); !errors.Is(err, sso.ErrLastCertificate) {
		t.Errorf("removing the only certificate that is valid yet = %v, want %v", err, sso.ErrLastCertificate)
	}
	notices := w.notices(t, c)
	must(t, c.certify(t, rbac.Owner, pemOf(good.Cert)+pemOf(early.Cert)))
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("owners were told %d times of a certificate, want once", n)
	}
	must(t, c.distrust(t, old))
	if err := c.distrust(t, old); errs.As(err).Kind != errs.Missing {
		t.Errorf("removing it again = %v, want not found", err)
	}
	want := []string{fingerprintOf(early.Cert), fingerprintOf(good.Cert)}
	if diff := cmp.Diff(want, certs(c.refresh(t))); diff != "" { // nor does a refresh bring it back
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	must(t, c.certify(t, rbac.Owner, pemOf(idpCert(t, c))))
	if got := certs(c.refresh(t)); len(got) != 3 {
		t.Errorf("certificates after it was added again = %v, want three", got)
	}
	if err := c.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		authn.From(ctx).Kind = authn.Anonymous
		_, err := c.signIn.AddCertificates(ctx, tx, c.connection.ID, pemOf(good.Cert))
		return err
	}); errs.As(err).Kind != errs.Forbidden {
		t.Errorf("somebody anonymous adds a certificate = %v, want forbidden", err)
	}
}

func idpCert(tb testing.TB, c *company) *x509.Certificate {
	tb.Helper()
	key, err := c.idp.SAMLKey()
	must(tb, err)
	return key.Cert
}

func TestTwoWhoRemoveTheLastTwoCertificatesLeaveOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	for range 5 {
		c := w.federated(t)
		second := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
		must(t, c.certify(t, rbac.Owner, pemOf(second.Cert)))
		done := make(chan error, 2)
		for _, fingerprint := range certs(c.reload(t)) {
			go func() { done <- c.distrust(t, fingerprint) }()
		}
		one, other := <-done, <-done
		if (one == nil) == (other == nil) || !errors.Is(errors.Join(one, other), sso.ErrLastCertificate) {
			t.Errorf("two removals = %v and %v, want that one is refused", one, other)
		}
		if got := certs(c.reload(t)); len(got) != 1 {
			t.Errorf("certificates = %v, want one", got)
		}
	}
}

func TestAConnectionTrustsAtMostTenCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	for i := range 10 {
		key := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
		err := c.certify(t, rbac.Owner, pemOf(key.Cert))
		if i < 9 {
			must(t, err)
		} else if errs.CodeOf(err) != "too_many_certificates" {
			t.Errorf("certificate %d = %v, want too_many_certificates", i+2, err)
		}
	}
}
