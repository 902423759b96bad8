package xmlsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
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

// style is how a provider signs.
type style struct {
	method string
	c14n   dsig.Canonicalizer
}

func exclusive() dsig.Canonicalizer { return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("") }

// sign returns the element with a signature of the style, in the encoding of XML Signature.
func sign(t testing.TB, el *etree.Element, a authority, s style) *etree.Element {
	t.Helper()
	context, err := dsig.NewSigningContext(a.key, [][]byte{a.cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	context.Canonicalizer = s.c14n
	if err := context.SetSignatureMethod(s.method); err != nil {
		t.Fatal(err)
	}
	signed := el.Copy()
	signature, err := context.ConstructSignature(signed, true)
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := a.key.(*ecdsa.PrivateKey); ok {
		value := signature.SelectElement("SignatureValue")
		value.SetText(sideBySide(t, value.Text(), (key.Params().BitSize+7)/8))
	}
	signed.InsertChildAt(signed.ChildElements()[0].Index()+1, signature)
	return signed
}

// sideBySide turns a signature in ASN.1 into r and s side by side.
func sideBySide(t testing.TB, text string, size int) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 2*size)
	pair.R.FillBytes(value[:size])
	pair.S.FillBytes(value[size:])
	return base64.StdEncoding.EncodeToString(value)
}

// signAssertion returns the response with its assertion signed, as text.
func signAssertion(t testing.TB, doc string, a authority) string {
	t.Helper()
	return signAssertionAs(t, doc, a, style{dsig.RSASHA256SignatureMethod, exclusive()})
}

func signAssertionAs(t testing.TB, doc string, a authority, s style) string {
	t.Helper()
	root := parse(t, doc)
	assertion := assertionOf(t, root)
	alone := assertion.Copy()
	alone.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	at := assertion.Index()
	root.RemoveChildAt(at)
	root.InsertChildAt(at, sign(t, alone, a, s))
	return write(t, root)
}

// signResponse returns the response signed as a whole, as text.
func signResponse(t testing.TB, doc string, a authority) string {
	t.Helper()
	return write(t, sign(t, parse(t, doc), a, style{dsig.RSASHA256SignatureMethod, exclusive()}))
}

// change returns a text in which one thing is replaced, which must be there.
func change(t testing.TB, doc, old, replacement string) string {
	t.Helper()
	if !strings.Contains(doc, old) {
		t.Fatalf("there is no %q in %.2000q", old, doc)
	}
	return strings.Replace(doc, old, replacement, 1)
}

// between returns the first part of a text from one mark up to and with another.
func between(t testing.TB, doc, from, to string) string {
	t.Helper()
	_, after, found := strings.Cut(doc, from)
	part, _, ended := strings.Cut(after, to)
	if !found || !ended {
		t.Fatalf("there is no %s…%s", from, to)
	}
	return from + part + to
}

// verify verifies the assertion of a response.
func verify(t testing.TB, doc string, with xmlsig.Trust) (*etree.Element, xmlsig.Used, error) {
	t.Helper()
	return xmlsig.Verify(assertionOf(t, parse(t, doc)), with)
}

// weakened returns a public key of 1024 bits.
func weakened(t testing.TB) *rsa.PublicKey {
	t.Helper()
	return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
}
