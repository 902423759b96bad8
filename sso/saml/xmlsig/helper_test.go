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
func issue(tb testing.TB, key crypto.Signer) authority {
	tb.Helper()
	return issueFor(tb, key, noon.AddDate(0, -6, 0), noon.AddDate(0, 6, 0))
}

func issueFor(tb testing.TB, key crypto.Signer, from, to time.Time) authority {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "idp.test"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return authority{key, cert}
}

func newRSA(tb testing.TB) authority {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return issue(tb, key)
}

func newEC(tb testing.TB, curve elliptic.Curve) authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return issue(tb, key)
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
func parse(tb testing.TB, doc string) *etree.Element {
	tb.Helper()
	tree, err := xmlsig.Parse([]byte(doc))
	if err != nil {
		tb.Fatalf("Parse(%.200q) = %v", doc, err)
	}
	return tree.Root()
}

// write returns the text of an element.
func write(tb testing.TB, el *etree.Element) string {
	tb.Helper()
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	text, err := doc.WriteToString()
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// assertionOf returns the assertion of a response.
func assertionOf(tb testing.TB, root *etree.Element) *etree.Element {
	tb.Helper()
	el := root.SelectElement("Assertion")
	if el == nil {
		tb.Fatal("there is no assertion")
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
func sign(tb testing.TB, el *etree.Element, a authority, s style) *etree.Element {
	tb.Helper()
	context, err := dsig.NewSigningContext(a.key, [][]byte{a.cert.Raw})
	if err != nil {
		tb.Fatal(err)
	}
	context.Canonicalizer = s.c14n
	if err := context.SetSignatureMethod(s.method); err != nil {
		tb.Fatal(err)
	}
	signed := el.Copy()
	signature, err := context.ConstructSignature(signed, true)
	if err != nil {
		tb.Fatal(err)
	}
	if key, ok := a.key.(*ecdsa.PrivateKey); ok {
		value := signature.SelectElement("SignatureValue")
		value.SetText(sideBySide(tb, value.Text(), (key.Params().BitSize+7)/8))
	}
	signed.InsertChildAt(signed.ChildElements()[0].Index()+1, signature)
	return signed
}

// sideBySide turns a signature in ASN.1 into r and s side by side.
func sideBySide(tb testing.TB, text string, size int) string {
	tb.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		tb.Fatal(err)
	}
	value := make([]byte, 2*size)
	pair.R.FillBytes(value[:size])
	pair.S.FillBytes(value[size:])
	return base64.StdEncoding.EncodeToString(value)
}

// signAssertion returns the response with its assertion signed, as text.
func signAssertion(tb testing.TB, doc string, a authority) string {
	tb.Helper()
	return signAssertionAs(tb, doc, a, style{dsig.RSASHA256SignatureMethod, exclusive()})
}

func signAssertionAs(tb testing.TB, doc string, a authority, s style) string {
	tb.Helper()
	root := parse(tb, doc)
	assertion := assertionOf(tb, root)
	alone := assertion.Copy()
	alone.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	at := assertion.Index()
	root.RemoveChildAt(at)
	root.InsertChildAt(at, sign(tb, alone, a, s))
	return write(tb, root)
}

// signResponse returns the response signed as a whole, as text.
func signResponse(tb testing.TB, doc string, a authority) string {
	tb.Helper()
	return write(tb, sign(tb, parse(tb, doc), a, style{dsig.RSASHA256SignatureMethod, exclusive()}))
}

// change returns a text in which one thing is replaced, which must be there.
func change(tb testing.TB, doc, old, replacement string) string {
	tb.Helper()
	if !strings.Contains(doc, old) {
		tb.Fatalf("there is no %q in %.2000q", old, doc)
	}
	return strings.Replace(doc, old, replacement, 1)
}

// between returns the first part of a text from one mark up to and with another.
func between(tb testing.TB, doc, from, to string) string {
	tb.Helper()
	_, after, found := strings.Cut(doc, from)
	part, _, ended := strings.Cut(after, to)
	if !found || !ended {
		tb.Fatalf("there is no %s…%s", from, to)
	}
	return from + part + to
}

// verify verifies the assertion of a response.
func verify(tb testing.TB, doc string, with xmlsig.Trust) (*etree.Element, xmlsig.Used, error) {
	tb.Helper()
	return xmlsig.Verify(assertionOf(tb, parse(tb, doc)), with)
}

// weakened returns a public key of 1024 bits.
func weakened(tb testing.TB) *rsa.PublicKey {
	tb.Helper()
	return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
}
