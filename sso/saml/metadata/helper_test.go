package metadata_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// identity is a key with its certificate.
type identity struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func (i identity) base64() string { return base64.StdEncoding.EncodeToString(i.cert.Raw) }

// identities are those of the provider that the samples describe. Making RSA keys takes long, so they are made once.
type identities struct {
	Active, Next, Other, Encryption, Expired, CA, Leaf identity
}

var provider = sync.OnceValue(func() identities {
	rsaKey := func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }
	year := 365 * 24 * time.Hour
	ids := identities{
		Active:     issue(rsaKey(), "active", now.Add(-year), now.Add(2*year), nil),
		Next:       issue(rsaKey(), "next", now.Add(-time.Hour), now.Add(3*year), nil),
		Other:      issue(ecKey(elliptic.P256()), "other", now.Add(-year), now.Add(year), nil),
		Encryption: issue(ecKey(elliptic.P384()), "encryption", now.Add(-year), now.Add(year), nil),
		Expired:    issue(ecKey(elliptic.P521()), "expired", now.Add(-2*year), now.Add(-time.Second), nil),
		CA:         issue(ecKey(elliptic.P256()), "ca", now.Add(-year), now.Add(year), nil),
	}
	ids.Leaf = issue(ecKey(elliptic.P256()), "leaf", now.Add(-year), now.Add(year), &ids.CA)
	return ids
})

func ecKey(curve elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// issue makes a certificate, which is self-signed and marked as a CA unless there is an issuer.
func issue(key crypto.Signer, name string, from, until time.Time, issuer *identity) identity {
	template := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<62))), Subject: pkix.Name{CommonName: name},
		NotBefore: from, NotAfter: until, IsCA: issuer == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
	return identity{key, must(x509.ParseCertificate(der))}
}

// sample renders a document of testdata with the certificates of the provider.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	ids := provider()
	return fill(tb, name, map[string]string{
		"Active": ids.Active.base64(), "Next": ids.Next.base64(), "Other": ids.Other.base64(), "Encryption": ids.Encryption.base64(),
	})
}

func fill(tb testing.TB, name string, data map[string]string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	if err := template.Must(template.New(name).Parse(string(text))).Execute(&out, data); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// swap replaces a piece of a document that must be there.
func swap(tb testing.TB, doc, old, replacement string) string {
	tb.Helper()
	if !strings.Contains(doc, old) {
		tb.Fatalf("%q is not in the document", old)
	}
	return strings.ReplaceAll(doc, old, replacement)
}

// keys replaces the one key descriptor of the sample "auth0".
func keys(tb testing.TB, descriptors ...string) string {
	tb.Helper()
	doc := sample(tb, "auth0")
	from, to := strings.Index(doc, "<KeyDescriptor"), strings.Index(doc, "</KeyDescriptor>")+len("</KeyDescriptor>")
	return doc[:from] + strings.Join(descriptors, "") + doc[to:]
}

// descriptor is a KeyDescriptor with these attributes and one X509Data of these certificates in base64.
func descriptor(attributes string, certs ...string) string {
	return `<KeyDescriptor ` + attributes + `><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` +
		strings.Join(certs, "</X509Certificate><X509Certificate>") + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
}

func options() metadata.Options {
	return metadata.Options{Now: now, CheckURL: checkURL}
}

// checkURL stands in for internal/netguard.
func checkURL(location string) error {
	u, err := url.Parse(location)
	if err != nil {
		return err
	}
	if strings.HasPrefix(u.Host, "10.") || u.Host == "169.254.169.254" || u.Host == "localhost" {
		return errors.New("internal")
	}
	return nil
}

func parse(tb testing.TB, doc string, adjust ...func(*metadata.Options)) metadata.Entity {
	tb.Helper()
	o := options()
	for _, f := range adjust {
		f(&o)
	}
	e, err := metadata.Parse([]byte(doc), o)
	if err != nil {
		tb.Fatalf("Parse(...) = %v", err)
	}
	return e
}

// refused checks that a document is refused for the reason, and returns the error.
func refused(tb testing.TB, doc string, reason metadata.Reason, adjust ...func(*metadata.Options)) metadata.Error {
	tb.Helper()
	o := options()
	for _, f := range adjust {
		f(&o)
	}
	_, err := metadata.Parse([]byte(doc), o)
	refusal := (*metadata.Error)(nil)
	if !errors.As(err, &refusal) {
		tb.Fatalf("Parse(...) = %v, want a refusal with %s", err, reason)
	}
	if refusal.Reason != reason {
		tb.Fatalf("Parse(...) = %v, want %s", refusal, reason)
	}
	return *refusal
}

func names(certs []*x509.Certificate) []string {
	var list []string
	for _, cert := range certs {
		list = append(list, cert.Subject.CommonName)
	}
	return list
}

func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
