package strict_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

const (
	protocol = "urn:oasis:names:tc:SAML:2.0:protocol"
	saml     = "urn:oasis:names:tc:SAML:2.0:assertion"
)

func TestCheck_FactsOfAnHonestResponse(t *testing.T) {
	t.Parallel()
	got := passes(t, build(parts{envelope: signature("_r")}), strict.Response)
	exclusive := "http://www.w3.org/2001/10/xml-exc-c14n#"
	of := func(parent xml.Name, id string) strict.Signature {
		return strict.Signature{
			Parent: parent, ReferenceURI: "#" + id, C14N: exclusive,
			SignatureMethod: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
			DigestMethod:    "http://www.w3.org/2001/04/xmlenc#sha256",
			Transforms:      []string{"http://www.w3.org/2000/09/xmldsig#enveloped-signature", exclusive},
		}
	}
	root := xml.Name{Space: protocol, Local: "Response"}
	want := strict.Facts{
		Root: root, ID: "_r", Assertions: 1, ResponseSigned: true, AssertionSigned: true,
		Signatures: []strict.Signature{of(root, "_r"), of(xml.Name{Space: saml, Local: "Assertion"}, "_a")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Check (-want +got):\n%s", diff)
	}
}

func TestCheck_LetsHonestDocumentsPass(t *testing.T) {
	t.Parallel()
	prefixes := `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">` +
		`<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/></ds:Transform></ds:Transforms>`
	exclusive := `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>`
	encrypted := `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_e"><xenc:CipherData>` +
		`<xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`
	entity := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.test"/>`
	tests := []struct {
		name string
		doc  string
		what strict.Document
	}{
		{"response", build(parts{}), strict.Response},
		{"SAML_066_BOM", "\xef\xbb\xbf" + build(parts{}), strict.Response},
		{"declaration", build(parts{prolog: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"}), strict.Response},
		{"declaration in single quotes", build(parts{prolog: `<?xml version='1.0' encoding='utf-8' standalone='no' ?>`}), strict.Response},
		{"white space around the root", build(parts{prolog: " \n", end: "\r\n\t "}), strict.Response},
		{"list of prefixes", with(t, exclusive, prefixes), strict.Response},
		{"refusal without assertion", `<samlp:Response` + names + ` ID="_r">` + issuer + success + `</samlp:Response>`, strict.Response},
		{"encrypted", build(parts{assertion: encrypted}), strict.Response},
		{"no default namespace", build(parts{extra: `<samlp:Extensions><x xmlns=""/></samlp:Extensions>`}), strict.Response},
		{"3,000 groups", build(parts{values: strings.Repeat("<saml:AttributeValue>a group of people</saml:AttributeValue>", 3000)}), strict.Response},
		{"logout request", `<samlp:LogoutRequest` + names + ` ID="_l">` + issuer + signature("_l") + `</samlp:LogoutRequest>`, strict.LogoutRequest},
		{"logout response", `<samlp:LogoutResponse` + names + ` ID="_l">` + issuer + success + `</samlp:LogoutResponse>`, strict.LogoutResponse},
		{"assertion", strings.Replace(assertion("_a"), " ID", names+" ID", 1), strict.Assertion},
		{"metadata", entity, strict.EntityDescriptor},
		{
			"federation",
			`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_f">` + signature("_f") + entity + entity + `</EntitiesDescriptor>`,
			strict.EntityDescriptor,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			passes(t, test.doc, test.what)
		})
	}
}

func TestCheck_SAML_054_ElementInAttributeValueIsNoted(t *testing.T) {
	t.Parallel()
	facts := passes(t, build(parts{values: `<saml:AttributeValue>own<x>er</x><y/></saml:AttributeValue>`}), strict.Response)
	if diff := cmp.Diff([]string{"mail"}, facts.Structured); diff != "" {
		t.Errorf("Structured (-want +got):\n%s", diff)
	}
}

func TestCheck_RefusesAnotherKindOfDocument(t *testing.T) {
	t.Parallel()
	for _, what := range []strict.Document{0, strict.LogoutRequest, strict.LogoutResponse, strict.EntityDescriptor, strict.Assertion, 99} {
		if _, err := strict.Check([]byte(build(parts{})), what, strict.DefaultLimits()); err == nil {
			t.Errorf("Check(response, %d) = nil", what)
		}
	}
	if _, err := strict.Check([]byte(build(parts{})), strict.Response, strict.Limits{}); err == nil {
		t.Error("Check without limits = nil")
	}
}
