package strict_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

func TestCheck_RefusesWrapping(t *testing.T) {
	t.Parallel()
	unsigned := func(id string) string {
		return strings.Replace(assertion(id), signature(id), "", 1)
	}
	object := func(id, content string) string {
		return strings.Replace(signature(id), "</ds:Signature>", "<ds:Object>"+content+"</ds:Object></ds:Signature>", 1)
	}
	holding := func(id, content string) string {
		return `<saml:Assertion ID="` + id + `">` + issuer + content + `</saml:Assertion>`
	}
	keyInfo := func(content string) string {
		return strings.Replace(signature("_r"), "<ds:KeyInfo>", "<ds:KeyInfo>"+content, 1)
	}
	response := strings.Replace(build(parts{}), `"_r"`, `"_s"`, 1)
	tests := []struct {
		name string
		doc  string
		want strict.Reason
	}{
		{"SAML_001_OriginalInTheSignature", build(parts{envelope: object("_r", response)}), strict.BadSignature},
		{"SAML_002_OriginalBesideTheSignature", build(parts{envelope: response + signature("_r")}), strict.BadRoot},
		{"SAML_003_ForgedAssertionBefore", build(parts{status: unsigned("_b")}), strict.BadAssertions},
		{"SAML_004_ForgedAssertionAround", build(parts{assertion: holding("_b", assertion("_a"))}), strict.BadAssertions},
		{"SAML_005_OriginalAtTheEnd", build(parts{assertion: assertion("_a") + unsigned("_b")}), strict.BadAssertions},
		{"SAML_006_OriginalInTheForgedSignature", build(parts{assertion: holding("_b", object("_b", unsigned("_a")))}), strict.BadSignature},
		{"SAML_007_ForgedInExtensions", build(parts{extra: `<samlp:Extensions>` + unsigned("_b") + `</samlp:Extensions>`}), strict.BadAssertions},
		{"SAML_008_OriginalInObject", build(parts{assertion: holding("_b", object("_b", unsigned("_a")))}), strict.BadSignature},
		{"SAML_009_SameID", build(parts{assertion: assertion("_a") + assertion("_a")}), strict.BadID},
		{"SAML_009_SameIDAsTheResponse", build(parts{assertion: assertion("_r")}), strict.BadID},
		{"SAML_010_SameIDFarAway", build(parts{extra: `<samlp:Extensions><x ID="_a"/></samlp:Extensions>`}), strict.BadID},
		{"SAML_010_SameIDInAnotherSpelling", build(parts{extra: `<samlp:Extensions><x id="_a"/></samlp:Extensions>`}), strict.BadID},
		{"SAML_011_Bundle", build(parts{assertion: assertion("_a") + unsigned("_z")}), strict.BadAssertions},
		{"SAML_012_TwoSigned", build(parts{assertion: assertion("_a") + assertion("_z")}), strict.BadAssertions},
		{"SAML_034_AssertionInKeyInfo", build(parts{envelope: keyInfo(unsigned("_b"))}), strict.BadAssertions},
		{"SAML_035_ResponseInResponse", build(parts{extra: `<samlp:Extensions>` + response + `</samlp:Extensions>`}), strict.BadRoot},
		{
			"SAML_035_LogoutRequestInResponse",
			build(parts{extra: `<samlp:Extensions><samlp:LogoutRequest ID="_l"/></samlp:Extensions>`}), strict.BadRoot,
		},
		{
			"SAML_035_MetadataInResponse",
			build(parts{extra: `<samlp:Extensions><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/></samlp:Extensions>`}),
			strict.BadRoot,
		},
		{"SAML_087_PlainAndEncrypted", build(parts{assertion: assertion("_a") + `<saml:EncryptedAssertion/>`}), strict.BadAssertions},
		{"SAML_087_EncryptedInAdvice", build(parts{nameID: `<saml:Advice><saml:EncryptedAssertion/></saml:Advice>`}), strict.BadAssertions},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, test.doc, test.want)
		})
	}
}

func TestCheck_SAML_041_RefusesForeignNamespaces(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Assertion", "EncryptedAssertion", "Signature", "Response", "LogoutRequest", "LogoutResponse", "EntityDescriptor", "EntitiesDescriptor",
	} {
		for _, attribute := range []string{` xmlns="urn:evil"`, ` xmlns=""`, ""} {
			refused(t, build(parts{extra: `<samlp:Extensions><` + name + attribute + `/></samlp:Extensions>`}), strict.BadNamespace)
		}
	}
}

func TestCheck_SAML_041_RefusesAmbiguousIDs(t *testing.T) {
	t.Parallel()
	for _, attributes := range []string{
		` ID="_r" Id="_x"`, ` ID="_r" id="_x"`, ` Id="_r"`, ` iD="_r"`, ` ID="_r" xml:id="_x"`, ` xml:id="_x"`, ` ID=""`,
		` ID="_r" samlp:ID="_x"`, ` samlp:ID="_r"`, ` ID="_r" xmlns:x="urn:x" x:ID="_x"`, ` ID="_a"`,
	} {
		refused(t, build(parts{attributes: attributes}), strict.BadID)
	}
}

func TestCheck_SAML_042_RefusesDuplicateAttributes(t *testing.T) {
	t.Parallel()
	for _, attributes := range []string{
		` ID="_r" ID="_r"`, ` ID="_x" ID="_r"`, ` ID="_r" Version="2.0" Version="2.0"`,
		` ID="_r" xmlns:x="urn:x" xmlns:y="urn:x" x:a="1" y:a="2"`, ` ID="_r" xmlns:x="urn:x" xmlns:x="urn:y"`, ` ID="_r" xmlns="urn:x" xmlns="urn:y"`,
	} {
		refused(t, build(parts{attributes: attributes}), strict.BadAttribute)
	}
}
