package strict_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

const (
	enveloped = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	exclusive = `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	c14n      = `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	method    = `<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>`
	digest    = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`
	value     = `<ds:DigestValue>AAAA</ds:DigestValue>`
)

func TestCheck_RefusesSignaturesOfUnusualShape(t *testing.T) {
	t.Parallel()
	honest := signature("_a")
	from, to := strings.Index(honest, "<ds:Reference"), strings.Index(honest, "</ds:SignedInfo>")
	reference, info := honest[from:to], honest[strings.Index(honest, "<ds:SignedInfo>"):to+len("</ds:SignedInfo>")]
	tests := []struct {
		name, old, replacement string
		want                   strict.Reason
	}{
		{"SAML_023_XSLT", exclusive, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`, strict.BadTransform},
		{"SAML_023_XPath", exclusive, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>`, strict.BadTransform},
		{"SAML_023_XPathFilter2", enveloped, `<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>`, strict.BadTransform},
		{"SAML_023_Base64", exclusive, `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`, strict.BadTransform},
		{"SAML_023_ThirdTransform", exclusive, exclusive + exclusive, strict.BadSignature},
		{"SAML_023_TwiceEnveloped", exclusive, enveloped, strict.BadTransform},
		{"SAML_023_OnlyCanonicalization", enveloped + exclusive, exclusive, strict.BadTransform},
		{"SAML_023_ContentInTransform", exclusive, strings.Replace(exclusive, "/>", "><x/></ds:Transform>", 1), strict.BadSignature},
		{"SAML_024_TransformWithComments", `c14n#"/></ds:Transforms>`, `c14n#WithComments"/></ds:Transforms>`, strict.BadTransform},
		{"SAML_024_MethodWithComments", c14n, strings.Replace(c14n, "n#", "n#WithComments", 1), strict.BadTransform},
		{"SAML_024_InclusiveWithComments", exclusive, `<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"/>`, strict.BadTransform},
		{"SAML_026_EmptyTransforms", enveloped + exclusive, "", strict.BadSignature},
		{"SAML_026_NoTransforms", `<ds:Transforms>` + enveloped + exclusive + `</ds:Transforms>`, "", strict.BadSignature},
		{"SAML_027_TwoReferences", reference, reference + reference, strict.BadSignature},
		{"SAML_027_NoReference", reference, "", strict.BadSignature},
		{"SAML_028_EmptyURI", `URI="#_a"`, `URI=""`, strict.BadSignature},
		{"SAML_028_MissingURI", ` URI="#_a"`, ``, strict.BadSignature},
		{"SAML_028_EmptyFragment", `URI="#_a"`, `URI="#"`, strict.BadSignature},
		{"SAML_028_XPointer", `URI="#_a"`, `URI="#xpointer(id('_a'))"`, strict.BadSignature},
		{"SAML_029_OtherElement", `URI="#_a"`, `URI="#_r"`, strict.BadSignature},
		{"SAML_031_TwoSignatures", honest, honest + honest, strict.BadSignature},
		{"SAML_031_JunkSignature", honest, honest + `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`, strict.BadSignature},
		{"SAML_032_TwoSignedInfos", info, info + info, strict.BadSignature},
		{"SAML_032_TwoSignatureValues", `<ds:SignatureValue>`, `<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>`, strict.BadSignature},
		{"SAML_032_TwoDigestValues", value, value + value, strict.BadSignature},
		{"SAML_032_TwoDigestMethods", digest, digest + digest, strict.BadSignature},
		{"SAML_032_TwoMethods", method, method + method, strict.BadSignature},
		{"SAML_032_TwoKeyInfos", `</ds:Signature>`, `<ds:KeyInfo/></ds:Signature>`, strict.BadSignature},
		{"SAML_033_CommentInDigestValue", value, `<ds:DigestValue>AA<!--x-->AA</ds:DigestValue>`, strict.BadMarkup},
		{"SAML_033_ElementInDigestValue", value, `<ds:DigestValue>AA<x/>AA</ds:DigestValue>`, strict.BadContent},
		{"SAML_033_CommentInSignatureValue", `<ds:SignatureValue>`, `<ds:SignatureValue><!--x-->`, strict.BadMarkup},
		{"SAML_034_Object", `</ds:Signature>`, `<ds:Object/></ds:Signature>`, strict.BadSignature},
		{"SAML_041_ForeignSignedInfo", `<ds:SignedInfo>`, `<SignedInfo xmlns="urn:evil"/><ds:SignedInfo>`, strict.BadSignature},
		{"SAML_041_ForeignMethod", method, strings.Replace(method, "<ds:SignatureMethod", `<SignatureMethod xmlns="urn:evil"`, 1), strict.BadSignature},
		{"SAML_041_PrefixedAlgorithm", `<ds:SignatureMethod `, `<ds:SignatureMethod ds:Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1" `, strict.BadSignature},
		{"HMACOutputLength", method, strings.Replace(method, "/>", "><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>", 1), strict.BadSignature},
		{"no canonicalization", c14n, "", strict.BadSignature},
		{"no value", `<ds:SignatureValue>AAAA</ds:SignatureValue>`, "", strict.BadSignature},
		{"text between", c14n, "text" + c14n, strict.BadSignature},
		{
			"list of prefixes for inclusive canonicalization", exclusive,
			`<ds:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11">` +
				`<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/></ds:Transform>`, strict.BadTransform,
		},
		{
			"list of prefixes with another attribute", exclusive,
			`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">` +
				`<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" Prefix="xs"/></ds:Transform>`, strict.BadTransform,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, with(t, test.old, test.replacement), test.want)
		})
	}
}

func TestCheck_SAML_025_InclusiveCanonicalizationIsAFact(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"} {
		facts := passes(t, with(t, exclusive, `<ds:Transform Algorithm="`+uri+`"/>`), strict.Response)
		if got := facts.Signatures[0].Transforms[1]; got != uri {
			t.Errorf("Transforms[1] = %q, want %q", got, uri)
		}
	}
}

func TestCheck_SAML_030_RefusesSignaturesInUnusualPlaces(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		build(parts{nameID: `<saml:NameID>a</saml:NameID>` + signature("_a")}),
		build(parts{extra: `<samlp:Extensions>` + signature("_r") + `</samlp:Extensions>`}),
		build(parts{extra: `<samlp:Extensions><x ID="_x">` + signature("_x") + `</x></samlp:Extensions>`}),
		build(parts{assertion: `<saml:EncryptedAssertion>` + signature("_r") + `</saml:EncryptedAssertion>`}),
	} {
		refused(t, doc, strict.BadSignature)
	}
}
