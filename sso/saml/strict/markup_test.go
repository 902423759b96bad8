package strict_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

func TestCheck_RefusesWhatParsersReadDifferently(t *testing.T) {
	t.Parallel()
	nameID := func(content string) string { return build(parts{nameID: `<saml:NameID>` + content + `</saml:NameID>`}) }
	prolog := func(s string) string { return build(parts{prolog: s}) }
	end := func(s string) string { return build(parts{end: s}) }
	extra := func(s string) string { return build(parts{extra: `<samlp:Extensions>` + s + `</samlp:Extensions>`}) }
	laughs := `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>`
	tests := []struct {
		name string
		doc  string
		want strict.Reason
	}{
		{"SAML_050_CommentInNameID", nameID(`owner@victim.test<!-- -->.evil.test`), strict.BadMarkup},
		{"SAML_051_CommentInAttributeValue", build(parts{values: `<saml:AttributeValue>owner@victim.test<!---->.x</saml:AttributeValue>`}), strict.BadMarkup},
		{"SAML_052_InstructionInNameID", nameID(`owner<?x y?>@victim.test`), strict.BadMarkup},
		{"SAML_053_CDATAInNameID", nameID(`<![CDATA[owner]]>@victim.test`), strict.BadMarkup},
		{"SAML_054_ElementInNameID", nameID(`ad<x>min</x>@a`), strict.BadContent},
		{"SAML_054_ElementInIssuer", with(t, issuer, `<saml:Issuer>https://<x/>idp.test</saml:Issuer>`), strict.BadContent},
		{"SAML_054_ElementInAudience", with(t, `https://sp.test`, `https://<x/>sp.test`), strict.BadContent},
		{"SAML_054_ElementInStatusMessage", build(parts{status: `<samlp:StatusMessage>a<x/></samlp:StatusMessage>`}), strict.BadContent},
		{"SAML_055_EmptyPrefix", extra(`<:x/>`), strict.BadNamespace},
		{"SAML_055_EmptyLocalName", extra(`<x:/>`), strict.BadNamespace},
		{"SAML_055_TwoColons", extra(`<saml:a:b/>`), strict.BadSyntax},
		{"SAML_056_EmptyAttributePrefix", extra(`<x :y="1"/>`), strict.BadNamespace},
		{"SAML_056_EmptyAttributeName", extra(`<x y:="1"/>`), strict.BadNamespace},
		{"SAML_056_XMLNSWithoutName", extra(`<x xmlns:="urn:x"/>`), strict.BadNamespace},
		{"SAML_057_DirectiveWithComment", prolog(`<!DOCTYPE x <!-- > --> >`), strict.BadMarkup},
		{"SAML_058_DOCTYPE", prolog(`<!DOCTYPE Response [<!ENTITY x "y">]>`), strict.BadMarkup},
		{"SAML_059_UndeclaredEntity", nameID(`&x;`), strict.BadSyntax},
		{"SAML_059_InternalEntity", `<!DOCTYPE x [<!ENTITY x "owner@victim.test">]>` + nameID(`&x;`), strict.BadMarkup},
		{"SAML_060_ExternalEntity", prolog(`<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), strict.BadMarkup},
		{"SAML_060_ParameterEntity", prolog(`<!DOCTYPE x [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]>`), strict.BadMarkup},
		{"SAML_061_BillionLaughs", laughs + nameID(`&c;`), strict.BadMarkup},
		{"SAML_062_SecondRoot", end(`<evil/>`), strict.BadRoot},
		{"SAML_062_SecondResponse", end(build(parts{})), strict.BadID},
		{"SAML_062_TrailingText", end(`x`), strict.BadRoot},
		{"SAML_062_TrailingReference", end(`&#x20;x`), strict.BadRoot},
		{"SAML_063_LeadingRoot", prolog(`<evil/>`), strict.BadRoot},
		{"SAML_064_Stylesheet", prolog(`<?xml-stylesheet href="http://127.0.0.1/"?>`), strict.BadEncoding},
		{"SAML_064_InstructionAfterDeclaration", prolog(`<?xml version="1.0"?><?x y?>`), strict.BadMarkup},
		{"SAML_064_SecondDeclaration", prolog(`<?xml version="1.0"?><?xml version="1.0"?>`), strict.BadMarkup},
		{"SAML_065_SaysUTF16", prolog(`<?xml version="1.0" encoding="UTF-16"?>`), strict.BadEncoding},
		{"SAML_065_SaysLatin1", prolog(`<?xml version="1.0" encoding="ISO-8859-1"?>`), strict.BadEncoding},
		{"SAML_066_UTF7", prolog(`<?xml version="1.0" encoding="UTF-7"?>`), strict.BadEncoding},
		{"SAML_066_UTF16", "\xff\xfe<\x00x\x00/\x00>\x00", strict.BadEncoding},
		{"SAML_066_NUL", nameID("a\x00b"), strict.BadSyntax},
		{"SAML_066_InvalidUTF8", nameID("a\xff"), strict.BadEncoding},
		{"SAML_066_OverlongUTF8", nameID("a\xc0\xaf"), strict.BadEncoding},
		{"SAML_066_TwoBOMs", "\xef\xbb\xbf\xef\xbb\xbf" + build(parts{}), strict.BadRoot},
		{"SAML_067_XML11", prolog(`<?xml version="1.1"?>`), strict.BadEncoding},
		{"SAML_079_Empty", "", strict.BadRoot},
		{"SAML_079_WhiteSpace", " \n", strict.BadRoot},
		{"SAML_079_Comment", "<!-- -->", strict.BadMarkup},
		{"SAML_079_Declaration", `<?xml version="1.0"?>`, strict.BadRoot},
		{"SAML_040_RelativeNamespace", extra(`<x xmlns="evil"/>`), strict.BadNamespace},
		{"SAML_040_RelativeNamespaceOfPrefix", extra(`<x xmlns:y="../evil"/>`), strict.BadNamespace},
		{"namespace of a prefix taken back", extra(`<x xmlns:saml=""/>`), strict.BadNamespace},
		{"prefix xml redeclared", extra(`<x xmlns:xml="urn:x"/>`), strict.BadNamespace},
		{"prefix xmlns declared", extra(`<x xmlns:xmlns="urn:x"/>`), strict.BadNamespace},
		{"namespace of xml under another prefix", extra(`<x xmlns:y="http://www.w3.org/XML/1998/namespace"/>`), strict.BadNamespace},
		{"namespace of xmlns as default", extra(`<x xmlns="http://www.w3.org/2000/xmlns/"/>`), strict.BadNamespace},
		{"prefix not declared", extra(`<y:x/>`), strict.BadNamespace},
		{"prefix of an attribute not declared", extra(`<x y:z="1"/>`), strict.BadNamespace},
		{"prefix out of scope", extra(`<y:x xmlns:y="urn:y"/><y:x/>`), strict.BadNamespace},
		{"element in the namespace of xmlns", extra(`<xmlns:x/>`), strict.BadNamespace},
		{"element in the namespace of xml", extra(`<xml:x/>`), strict.BadNamespace},
		{"reference to NUL", nameID(`&#0;`), strict.BadSyntax},
		{"reference to a control character", nameID(`&#x1b;`), strict.BadSyntax},
		{"reference to half a surrogate", nameID(`&#xD800;`), strict.BadSyntax},
		{"reference to no character", nameID(`&#xFFFF;`), strict.BadSyntax},
		{"reference beyond Unicode", nameID(`&#x110000;`), strict.BadSyntax},
		{"reference that does not fit", nameID(`&#x100000000000000041;`), strict.BadSyntax},
		{"reference without digits", nameID(`&#;`), strict.BadSyntax},
		{"reference in an attribute", extra(`<x y="&#xD800;"/>`), strict.BadSyntax},
		{"control character", nameID("a\x1bb"), strict.BadSyntax},
		{"end of another element", strings.Replace(build(parts{}), "</saml:Issuer>", "</saml:issuer>", 1), strict.BadSyntax},
		{"end in another prefix", extra(`<x:a xmlns:x="urn:x" xmlns:y="urn:x"></y:a>`), strict.BadSyntax},
		{"end without beginning", end(`</x>`), strict.BadSyntax},
		{"no end", strings.TrimSuffix(build(parts{}), "</samlp:Response>"), strict.BadSyntax},
		{"cut in a tag", build(parts{})[:100], strict.BadSyntax},
		{"attribute without quotes", extra(`<x y=z/>`), strict.BadSyntax},
		{"attribute without value", extra(`<x y/>`), strict.BadSyntax},
		{"end of CDATA in text", nameID(`a]]>b`), strict.BadSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, test.doc, test.want)
		})
	}
}
