package xmlsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// authority is a signing key with its certificate.
type authority struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// issue returns a certificate of the key, valid for a year around noon.
func issue(t testing.TB, key crypto.Signer) authority {
	t.Helper()
	return issueFor(t, key, noon.AddDate(0, -6, 0), noon.AddDate(0, 6, 0))
}

func issueFor(t testing.TB, key crypto.Signer, from, to time.Time) authority {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "idp.test"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert}
}

func newRSA(t testing.TB) authority {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, key)
}

func newEC(t testing.TB, curve elliptic.Curve) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issue(t, key)
}

// trust returns the trust in some authorities at noon.
func trust(of ...authority) xmlsig.Trust {
	t := xmlsig.Trust{Now: noon}
	for _, a := range of {
		t.Certificates = append(t.Certificates, a.cert)
	}
	return t
}

const response = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0">` +
	`<saml:Issuer>https://idp.test</saml:Issuer>` +
	`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
	`<saml:Assertion ID="_a" Version="2.0"><saml:Issuer>https://idp.test</saml:Issuer>` +
	`<saml:Subject><saml:NameID>ann@example.test</saml:NameID></saml:Subject>` +
	`<saml:AttributeStatement><saml:Attribute Name="groups">%GROUPS%</saml:Attribute></saml:AttributeStatement>` +
	`</saml:Assertion></samlp:Response>`

// honest returns a response with groups.
func honest(groups int) string {
	return strings.Replace(response, "%GROUPS%", strings.Repeat("<saml:AttributeValue>group</saml:AttributeValue>", groups), 1)
}

// style is how a provider signs.
type style struct {
	method string
	c14n   dsig.Canonicalizer
}

func exclusive() dsig.Canonicalizer { return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("") }

// parse returns the root of a document.
func parse(t testing.TB, doc string) *etree.Element {
	t.Helper()
	tree, err := xmlsig.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("Parse(%.200q) = %v", doc, err)
	}
	return tree.Root()
}

// write returns the text of an element.
func write(t testing.TB, el *etree.Element) string {
	t.Helper()
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	text, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// assertionOf returns the assertion of a response.
func assertionOf(t testing.TB, root *etree.Element) *etree.Element {
	t.Helper()
	el := root.SelectElement("Assertion")
	if el == nil {
		t.Fatal("there is no assertion")
	}
	return el
}

// signAssertion returns the response with its assertion signed, as text.
func signAssertion(t testing.TB, doc string, a authority) string {
	t.Helper()
	root := parse(t, doc)
	assertion := assertionOf(t, root)
	alone := assertion.Copy()
	alone.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	signed, err := xmlsig.Sign(alone, a.key, a.cert)
	if err != nil {
		t.Fatalf("Sign = %v", err)
	}
	at := assertion.Index()
	root.RemoveChildAt(at)
	root.InsertChildAt(at, signed)
	return write(t, root)
}
