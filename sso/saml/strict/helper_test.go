package strict_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

// parts are those of a response that tests replace. Each stands for itself, so that a test changes one thing.
type parts struct {
	prolog, attributes, status, extra, envelope, assertion, nameID, values, end string
}

// signature returns a Signature as honest providers write it, for the element of the ID.
func signature(id string) string {
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>` +
		`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
		`<ds:Reference URI="#` + id + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>` +
		`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AAAA</ds:DigestValue>` +
		`</ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue>` +
		`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`
}

const (
	issuer  = `<saml:Issuer>https://idp.test</saml:Issuer>`
	success = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`
	names   = ` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
)

// assertion returns a signed assertion of the ID.
func assertion(id string) string {
	return `<saml:Assertion ID="` + id + `" Version="2.0">` + issuer + signature(id) +
		`<saml:Subject><saml:NameID>ann@example.test</saml:NameID></saml:Subject></saml:Assertion>`
}

// build returns a response of which the assertion is signed.
func build(p parts) string {
	if p.attributes == "" {
		p.attributes = ` ID="_r" Version="2.0"`
	}
	if p.nameID == "" {
		p.nameID = `<saml:NameID>ann@example.test</saml:NameID>`
	}
	if p.values == "" {
		p.values = `<saml:AttributeValue>ann@example.test</saml:AttributeValue>`
	}
	if p.assertion == "" {
		p.assertion = `<saml:Assertion ID="_a" Version="2.0">` + issuer + signature("_a") + `<saml:Subject>` + p.nameID + `</saml:Subject>` +
			`<saml:Conditions><saml:AudienceRestriction><saml:Audience>https://sp.test</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
			`<saml:AttributeStatement><saml:Attribute Name="mail">` + p.values + `</saml:Attribute></saml:AttributeStatement></saml:Assertion>`
	}
	return p.prolog + `<samlp:Response` + names + p.attributes + `>` + issuer + p.envelope + p.extra + success + p.status + p.assertion +
		`</samlp:Response>` + p.end
}

// with returns an honest response in which one thing is replaced, which must be there.
func with(tb testing.TB, old, replacement string) string {
	tb.Helper()
	honest := build(parts{})
	if !strings.Contains(honest, old) {
		tb.Fatalf("the honest response has no %q", old)
	}
	return strings.Replace(honest, old, replacement, 1)
}

// refused fails the test unless the response is refused for the reason.
func refused(t *testing.T, doc string, want strict.Reason) {
	t.Helper()
	_, err := strict.Check([]byte(doc), strict.Response, strict.DefaultLimits())
	var e *strict.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Errorf("Check(%.300q) = %v, want %s", doc, err, want)
	}
}

// passes fails the test unless the document is let pass.
func passes(t *testing.T, doc string, what strict.Document) strict.Facts {
	t.Helper()
	facts, err := strict.Check([]byte(doc), what, strict.DefaultLimits())
	if err != nil {
		t.Fatalf("Check(%.300q) = %v", doc, err)
	}
	return facts
}
