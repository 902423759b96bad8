package xmlsig_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

func TestVerify_ReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	for _, groups := range []int{1, 1100, 3000} { // SAML-071: goxmldsig alone ends at a thousand elements
		doc := signAssertion(t, honest(groups), idp)
		if _, err := strict.Check([]byte(doc), strict.Response, strict.DefaultLimits()); err != nil {
			t.Fatalf("Check = %v", err)
		}
		verified, used, err := verify(t, doc, trust(idp))
		if err != nil {
			t.Fatalf("Verify(%d groups) = %v", groups, err)
		}
		if got := verified.FindElement("./Subject/NameID").Text(); got != "ann@example.test" {
			t.Errorf("NameID = %q", got)
		}
		if got := len(verified.FindElements("./AttributeStatement/Attribute/AttributeValue")); got != groups {
			t.Errorf("%d groups, want %d", got, groups)
		}
		if verified.SelectElement("Signature") != nil || verified.Parent().Parent() != nil {
			t.Error("the verified tree has the signature in it or stands in another tree")
		}
		if used.Fingerprint != xmlsig.Fingerprint(idp.cert) || used.SHA1 || used.InclusiveC14N {
			t.Errorf("Verify used %+v", used)
		}
	}
}

func TestVerify_ResponseAndAssertion(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signResponse(t, signAssertion(t, honest(1), idp), idp)
	response, _, err := xmlsig.Verify(parse(t, doc), trust(idp))
	if err != nil {
		t.Fatalf("Verify(response) = %v", err)
	}
	if _, _, err := xmlsig.Verify(assertionOf(t, response), trust(idp)); err != nil {
		t.Errorf("Verify(assertion of the verified response) = %v", err)
	}
}

func TestVerify_FindsASignatureThatComesLast(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(1500), idp)
	signature := between(t, doc, "<ds:Signature ", "</ds:Signature>")
	moved := change(t, change(t, doc, signature, ""), "</saml:Assertion>", signature+"</saml:Assertion>")
	if _, _, err := verify(t, moved, trust(idp)); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

func TestVerify_Algorithms(t *testing.T) {
	t.Parallel()
	byRSA, p256, p384, p521 := newRSA(t), newEC(t, elliptic.P256()), newEC(t, elliptic.P384()), newEC(t, elliptic.P521())
	inclusive10, inclusive11 := dsig.MakeC14N10RecCanonicalizer(), dsig.MakeC14N11Canonicalizer()
	tests := []struct {
		name  string
		idp   authority
		style style
		trust xmlsig.Trust // what must be allowed
	}{
		{"rsa-sha256", byRSA, style{dsig.RSASHA256SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"rsa-sha384", byRSA, style{dsig.RSASHA384SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"rsa-sha512", byRSA, style{dsig.RSASHA512SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"SAML_036_ecdsa-sha256", p256, style{dsig.ECDSASHA256SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"SAML_036_ecdsa-sha384", p384, style{dsig.ECDSASHA384SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"SAML_036_ecdsa-sha512", p521, style{dsig.ECDSASHA512SignatureMethod, exclusive()}, xmlsig.Trust{}},
		{"SAML_019_rsa-sha1", byRSA, style{dsig.RSASHA1SignatureMethod, exclusive()}, xmlsig.Trust{AllowSHA1: true}},
		{"SAML_025_inclusive 1.0", byRSA, style{dsig.RSASHA256SignatureMethod, inclusive10}, xmlsig.Trust{AllowInclusiveC14N: true}},
		{"SAML_025_inclusive 1.1", byRSA, style{dsig.RSASHA256SignatureMethod, inclusive11}, xmlsig.Trust{AllowInclusiveC14N: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Inclusive canonicalization is of the namespaces around too, so the assertion is signed where nothing is around it.
			doc := strings.Replace(honest(1), ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, "", 1)
			doc = strings.Replace(doc, "<saml:Issuer>https://idp.test</saml:Issuer>", "", 1)
			alone := between(t, doc, "<saml:Assertion", "</saml:Assertion>")
			alone = change(t, alone, " ID", ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID`)
			signed := sign(t, parse(t, alone), test.idp, test.style)

			allowed := trust(test.idp)
			allowed.AllowSHA1, allowed.AllowInclusiveC14N = test.trust.AllowSHA1, test.trust.AllowInclusiveC14N
			_, used, err := xmlsig.Verify(signed, allowed)
			if err != nil {
				t.Fatalf("Verify = %v", err)
			}
			if used.Method != test.style.method || used.SHA1 != allowed.AllowSHA1 || used.InclusiveC14N != allowed.AllowInclusiveC14N {
				t.Errorf("Verify used %+v", used)
			}
			if allowed.AllowSHA1 || allowed.AllowInclusiveC14N {
				_, _, err := xmlsig.Verify(signed, trust(test.idp))
				want(t, err, xmlsig.ErrAlgorithm)
			}
		})
	}
}

func TestVerify_SAML_017_KeyInfoOnlyChooses(t *testing.T) {
	t.Parallel()
	first, second, stranger := newRSA(t), newRSA(t), newRSA(t)
	doc := signAssertion(t, honest(1), first)
	keyInfo := between(t, doc, "<ds:KeyInfo>", "</ds:KeyInfo>")
	keyValue := `<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>`
	other := between(t, signAssertion(t, honest(1), second), "<ds:KeyInfo>", "</ds:KeyInfo>")
	for _, replacement := range []string{keyInfo, "", "<ds:KeyInfo/>", keyValue, other, "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>?</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"} {
		changed := change(t, doc, keyInfo, replacement)
		for _, order := range [][]authority{{first}, {first, second}, {second, first}, {stranger, second, first}} {
			_, used, err := verify(t, changed, trust(order...))
			if err != nil || used.Fingerprint != xmlsig.Fingerprint(first.cert) {
				t.Errorf("Verify with KeyInfo %.60q and %d certificates = %+v, %v", replacement, len(order), used, err)
			}
		}
	}
}

func TestVerify_IndentedSignatureValue(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(1), idp)
	value := between(t, doc, "<ds:SignatureValue>", "</ds:SignatureValue>")
	text := strings.TrimSuffix(strings.TrimPrefix(value, "<ds:SignatureValue>"), "</ds:SignatureValue>")
	lines := []string{text[:76], text[76:152], text[152:]}
	indented := "<ds:SignatureValue>\n\t  " + strings.Join(lines, "\r\n\t  ") + "\n</ds:SignatureValue>"
	if _, _, err := verify(t, change(t, doc, value, indented), trust(idp)); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

func TestSign_StandsWhereTheSchemaWants(t *testing.T) {
	t.Parallel()
	us := newRSA(t)
	for _, doc := range []string{
		`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l">` +
			`<saml:Issuer>https://sp.test</saml:Issuer><saml:NameID>ann</saml:NameID></samlp:LogoutRequest>`,
		`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_e"><SPSSODescriptor/></EntityDescriptor>`,
		`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_l"/>`,
	} {
		before := parse(t, doc)
		signed, err := xmlsig.Sign(before, us.key, us.cert)
		if err != nil {
			t.Fatalf("Sign(%q) = %v", doc, err)
		}
		if got := write(t, before); got != doc {
			t.Errorf("Sign changed its argument to %q", got)
		}
		position := 0
		if strings.Contains(doc, "Issuer") {
			position = 1
		}
		if got := signed.ChildElements()[position].Tag; got != "Signature" {
			t.Errorf("Sign(%q) has %s where the signature belongs", doc, got)
		}
		if _, _, err := xmlsig.Verify(parse(t, write(t, signed)), trust(us)); err != nil {
			t.Errorf("Verify(Sign(%q)) = %v", doc, err)
		}
	}
	if _, err := xmlsig.Sign(parse(t, `<a/>`), us.key, us.cert); err == nil {
		t.Error("Sign without ID = nil")
	}
	other := newEC(t, elliptic.P256())
	if _, err := xmlsig.Sign(parse(t, `<a ID="_a"/>`), other.key, other.cert); err == nil {
		t.Error("Sign with an elliptic curve = nil")
	}
}

func TestCheckKey_SAML_021(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	even, one := *newRSA(t).cert, *newRSA(t).cert
	even.PublicKey = &rsa.PublicKey{N: even.PublicKey.(*rsa.PublicKey).N, E: 65536}
	one.PublicKey = &rsa.PublicKey{N: one.PublicKey.(*rsa.PublicKey).N, E: 1}
	for name, a := range map[string]authority{
		"RSA-1024": issue(t, weak), "P-224": newEC(t, elliptic.P224()), "even exponent": {cert: &even}, "exponent 1": {cert: &one},
	} {
		if err := xmlsig.CheckKey(a.cert); err == nil {
			t.Errorf("CheckKey(%s) = nil", name)
		}
	}
	for name, a := range map[string]authority{
		"RSA-2048": newRSA(t), "P-256": newEC(t, elliptic.P256()), "P-384": newEC(t, elliptic.P384()), "P-521": newEC(t, elliptic.P521()),
	} {
		if err := xmlsig.CheckKey(a.cert); err != nil {
			t.Errorf("CheckKey(%s) = %v", name, err)
		}
	}
}

// root returns the first element of a text that Parse would refuse, as a tree.
func root(t *testing.T, doc string) *etree.Element {
	t.Helper()
	tree := etree.NewDocument()
	tree.ReadSettings.PreserveDuplicateAttrs = true
	if err := tree.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}
