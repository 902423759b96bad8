package metadata_test

import (
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

func TestNewKey(t *testing.T) {
	t.Parallel()
	key, cert, err := metadata.NewKey(now, "auth.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(cert.PublicKey.(*rsa.PublicKey)) || key.N.BitLen() != 2048 {
		t.Errorf("NewKey(...) = a key of %d bits, and a certificate of %v", key.N.BitLen(), cert.PublicKey)
	}
	if err := cert.CheckSignature(x509.SHA256WithRSA, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("the certificate is not signed by its own key: %v", err)
	}
	if err := xmlsig.CheckKey(cert); err != nil {
		t.Errorf("the key would be refused: %v", err)
	}
	if !cert.NotAfter.Equal(now.AddDate(3, 0, 0)) || cert.NotBefore.After(now) || cert.IsCA || cert.Subject.CommonName != "auth.example.com" {
		t.Errorf("NewKey(...) = %v from %v until %v, CA %v", cert.Subject, cert.NotBefore, cert.NotAfter, cert.IsCA)
	}
	_, other, err := metadata.NewKey(now, strings.Repeat("é", 40))
	if err != nil {
		t.Fatal(err)
	}
	if other.SerialNumber.Cmp(cert.SerialNumber) == 0 || other.SerialNumber.BitLen() < 64 {
		t.Errorf("serial numbers %v and %v", cert.SerialNumber, other.SerialNumber)
	}
	if got, want := other.Subject.CommonName, strings.Repeat("é", 32); got != want {
		t.Errorf("common name %q, want %q", got, want)
	}
	if _, _, err := metadata.NewKey(now, ""); err == nil {
		t.Error("NewKey without a name = nil, want an error")
	}
}
