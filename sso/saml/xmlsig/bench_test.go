package xmlsig_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// BenchmarkResponse compares our way from the octets of a response to a verified assertion with crewjam's ParseXMLResponse, which
// checks less. Both read the same honest response of about 6 KB.
func BenchmarkResponse(b *testing.B) {
	idp := issueFor(b, newRSA(b).key, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	doc := []byte(signAssertion(b, current(), idp))
	pins := trust(idp)
	pins.Now = time.Now()

	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := strict.Check(doc, strict.Response, strict.DefaultLimits()); err != nil {
				b.Fatal(err)
			}
			tree, err := xmlsig.Parse(doc)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := xmlsig.Verify(assertionOf(b, tree.Root()), pins); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crewjam", func(b *testing.B) {
		sp := crewjam(idp)
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sp.ParseXMLResponse(doc, []string{"_req"}, sp.AcsURL); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func crewjam(idp authority) *saml.ServiceProvider {
	acs := url.URL{Scheme: "https", Host: "sp.test", Path: "/acs"}
	key := saml.KeyDescriptor{Use: "signing"}
	key.KeyInfo.X509Data.X509Certificates = []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(idp.cert.Raw)}}
	descriptor := saml.IDPSSODescriptor{}
	descriptor.KeyDescriptors = []saml.KeyDescriptor{key}
	return &saml.ServiceProvider{
		EntityID: "https://sp.test", AcsURL: acs,
		IDPMetadata: &saml.EntityDescriptor{EntityID: "https://idp.test", IDPSSODescriptors: []saml.IDPSSODescriptor{descriptor}},
	}
}

// current returns a response with all that crewjam wants.
func current() string {
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	var attributes strings.Builder
	for i := range 12 {
		fmt.Fprintf(&attributes, `<saml:Attribute Name="urn:oid:2.5.4.%d" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">`+
			`<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string" xmlns:xs="http://www.w3.org/2001/XMLSchema">`+
			`value %d</saml:AttributeValue></saml:Attribute>`, i, i)
	}
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" ` +
		`Version="2.0" IssueInstant="` + at(0) + `" Destination="https://sp.test/acs" InResponseTo="_req"><saml:Issuer>https://idp.test</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ID="_a" Version="2.0" IssueInstant="` + at(0) + `"><saml:Issuer>https://idp.test</saml:Issuer><saml:Subject>` +
		`<saml:NameID>ann@example.test</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
		`<saml:SubjectConfirmationData InResponseTo="_req" Recipient="https://sp.test/acs" NotOnOrAfter="` + at(time.Minute) + `"/>` +
		`</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="` + at(-time.Minute) + `" NotOnOrAfter="` + at(time.Minute) + `">` +
		`<saml:AudienceRestriction><saml:Audience>https://sp.test</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + at(0) + `" SessionIndex="_s"><saml:AuthnContext><saml:AuthnContextClassRef>` +
		`urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement>` + attributes.String() + `</saml:AttributeStatement></saml:Assertion></samlp:Response>`
}
