package samlforge_test

import (
	"crypto/x509"
	"encoding/xml"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const (
	idp       = "https://idp.test/metadata"
	sp        = "https://sp.test/metadata"
	acs       = "https://sp.test/acs"
	requestID = "_request"
)

// RSA keys take long to make under the race detector; nothing here changes them.
var (
	idpKey = sync.OnceValues(newKey)
	spKey  = sync.OnceValues(newKey)
	tools  = sync.OnceValues(func() (*samlforge.Tools, error) { return samlforge.NewTools(time.Now()) })
)

func newKey() (*samlforge.Key, error) {
	return samlforge.NewKey(samlforge.RSA2048, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
}

func must[T any](tb testing.TB, f func() (T, error)) T {
	tb.Helper()
	v, err := f()
	if err != nil {
		tb.Fatalf("prepare: %v", err)
	}
	return v
}

func options(tb testing.TB) samlforge.Options {
	tb.Helper()
	return samlforge.Options{
		IdP: idp, SP: sp, ACS: acs, InResponseTo: requestID, Now: time.Now(),
		Subject: samlforge.Person{
			NameID: samlforge.NameID{Value: "alice@honest.test", Format: samlforge.EmailAddress},
			Attributes: []samlforge.Attribute{
				{Name: "email", NameFormat: samlforge.NameBasic, Values: []string{"alice@honest.test"}},
				{Name: "groups", NameFormat: samlforge.NameBasic, Values: []string{"a & b", "<c>"}},
			},
		},
		Key:        must(tb, idpKey),
		Encryption: samlforge.Encryption{Cert: must(tb, spKey).Cert},
	}
}

// accept asks a service provider that others wrote. It panics at some forgeries, which counts as a refusal here.
func accept(tb testing.TB, doc []byte, keys ...*samlforge.Key) (assertion *saml.Assertion) {
	tb.Helper()
	defer func() {
		if recover() != nil {
			assertion = nil
		}
	}()
	role := saml.IDPSSODescriptor{}
	for _, key := range append(keys, must(tb, idpKey)) {
		raw, err := samlforge.Metadata(samlforge.MetadataOptions{EntityID: idp, Signing: certs(key)})
		if err != nil {
			tb.Fatalf("Metadata() = %v", err)
		}
		var one saml.EntityDescriptor
		if err := xml.Unmarshal(raw, &one); err != nil {
			tb.Fatalf("read metadata: %v", err)
		}
		role.KeyDescriptors = append(role.KeyDescriptors, one.IDPSSODescriptors[0].KeyDescriptors...)
	}
	target, _ := url.Parse(acs)
	party := saml.ServiceProvider{
		EntityID: sp, AcsURL: *target, Key: must(tb, spKey).Signer, Certificate: must(tb, spKey).Cert,
		IDPMetadata: &saml.EntityDescriptor{EntityID: idp, IDPSSODescriptors: []saml.IDPSSODescriptor{role}},
	}
	got, err := party.ParseXMLResponse(doc, []string{requestID}, *target)
	if err != nil {
		tb.Logf("refused: %v", cause(err))
		return nil
	}
	return got
}

func certs(keys ...*samlforge.Key) []*x509.Certificate {
	var list []*x509.Certificate
	for _, key := range keys {
		list = append(list, key.Cert)
	}
	return list
}

// cause is what the library tells the operator alone.
func cause(err error) error {
	if invalid := (*saml.InvalidResponseError)(nil); errors.As(err, &invalid) {
		return invalid.PrivateErr
	}
	return err
}
