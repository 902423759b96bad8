package xmlsig_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// want fails the test unless the error wraps the sentinel.
func want(t *testing.T, got, sentinel error) {
	t.Helper()
	if !errors.Is(got, sentinel) {
		t.Errorf("error = %v, want %v", got, sentinel)
	}
}

func TestVerify_RefusesChangedDocuments(t *testing.T) {
	t.Parallel()
	idp, evil := newRSA(t), newRSA(t)
	doc := signAssertion(t, honest(1), idp)
	signature := between(t, doc, "<ds:Signature ", "</ds:Signature>")
	info := between(t, doc, "<ds:SignedInfo>", "</ds:SignedInfo>")
	reference := between(t, doc, "<ds:Reference ", "</ds:Reference>")
	value := between(t, doc, "<ds:SignatureValue>", "</ds:SignatureValue>")
	transforms := between(t, doc, "<ds:Transforms>", "</ds:Transforms>")
	certificate := between(t, doc, "<ds:X509Certificate>", "</ds:X509Certificate>")
	forged := change(t, signAssertion(t, honest(1), evil), between(t, signAssertion(t, honest(1), evil), "<ds:X509Certificate>", "</ds:X509Certificate>"), certificate)
	const sha256, sha1 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"
	const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	tests := []struct {
		name string
		doc  string
		want error
	}{
		{"SAML_013_NoSignature", change(t, doc, signature, ""), xmlsig.ErrMissing},
		{"SAML_015_AttackersKey", signAssertion(t, honest(1), evil), xmlsig.ErrKeyUnknown},
		{"SAML_016_AttackersKeyUnderTheRightCertificate", forged, xmlsig.ErrInvalid},
		{"SAML_017_AttackersKeyWithoutKeyInfo", change(t, signAssertion(t, honest(1), evil), between(t, signAssertion(t, honest(1), evil), "<ds:KeyInfo>", "</ds:KeyInfo>"), ""), xmlsig.ErrInvalid},
		{"SAML_018_HMAC", change(t, doc, dsig.RSASHA256SignatureMethod, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), xmlsig.ErrAlgorithm},
		{"SAML_018_HMACSHA1", change(t, doc, dsig.RSASHA256SignatureMethod, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), xmlsig.ErrAlgorithm},
		{"SAML_019_SHA1", change(t, doc, dsig.RSASHA256SignatureMethod, dsig.RSASHA1SignatureMethod), xmlsig.ErrAlgorithm},
		{"SAML_019_ECDSASHA1", change(t, doc, dsig.RSASHA256SignatureMethod, dsig.ECDSASHA1SignatureMethod), xmlsig.ErrAlgorithm},
		{"SAML_020_DigestSHA1", change(t, doc, sha256, sha1), xmlsig.ErrAlgorithm},
		{"SAML_023_XSLT", change(t, doc, `<ds:Transform Algorithm="`+exclusive, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116`), xmlsig.ErrAlgorithm},
		{"SAML_023_NotEnveloped", change(t, doc, dsig.EnvelopedSignatureAltorithmId.String(), exclusive), xmlsig.ErrAlgorithm},
		{"SAML_024_Comments", change(t, doc, `<ds:CanonicalizationMethod Algorithm="`+exclusive, `<ds:CanonicalizationMethod Algorithm="`+exclusive+"WithComments"), xmlsig.ErrAlgorithm},
		{"SAML_024_TransformWithComments", change(t, doc, `<ds:Transform Algorithm="`+exclusive, `<ds:Transform Algorithm="`+exclusive+"WithComments"), xmlsig.ErrAlgorithm},
		{"SAML_025_Inclusive", change(t, doc, `<ds:Transform Algorithm="`+exclusive, `<ds:Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11`), xmlsig.ErrAlgorithm},
		{"SAML_026_NoTransforms", change(t, doc, transforms, ""), xmlsig.ErrInvalid},
		{"SAML_026_EmptyTransforms", change(t, doc, transforms, "<ds:Transforms/>"), xmlsig.ErrAlgorithm},
		{"SAML_027_TwoReferences", change(t, doc, reference, reference+reference), xmlsig.ErrInvalid},
		{"SAML_028_EmptyURI", change(t, doc, `URI="#_a"`, `URI=""`), xmlsig.ErrInvalid},
		{"SAML_028_NoURI", change(t, doc, ` URI="#_a"`, ``), xmlsig.ErrInvalid},
		{"SAML_029_OtherElement", change(t, doc, `URI="#_a"`, `URI="#_r"`), xmlsig.ErrInvalid},
		{"SAML_031_TwoSignatures", change(t, doc, signature, signature+signature), xmlsig.ErrInvalid},
		{"SAML_032_TwoSignedInfos", change(t, doc, info, info+info), xmlsig.ErrInvalid},
		{"SAML_032_TwoValues", change(t, doc, value, value+value), xmlsig.ErrInvalid},
		{"SAML_032_TwoDigests", change(t, doc, "<ds:DigestValue>", "<ds:DigestValue>AAAA</ds:DigestValue><ds:DigestValue>"), xmlsig.ErrInvalid},
		{"SAML_041_ForeignSignature", change(t, doc, signature, strings.Replace(signature, dsig.Namespace, "urn:evil", 1)), xmlsig.ErrInvalid},
		{"SAML_041_TwoAlgorithms", change(t, doc, "<ds:SignatureMethod ", `<ds:SignatureMethod ds:Algorithm="`+dsig.RSASHA256SignatureMethod+`" `), xmlsig.ErrAlgorithm},
		{"other name", change(t, doc, "ann@example.test", "own@example.test"), xmlsig.ErrInvalid},
		{"other ID", change(t, change(t, doc, `ID="_a"`, `ID="_b"`), `URI="#_a"`, `URI="#_b"`), xmlsig.ErrInvalid},
		{"more groups", change(t, doc, "<saml:AttributeValue>", "<saml:AttributeValue>admins</saml:AttributeValue><saml:AttributeValue>"), xmlsig.ErrInvalid},
		{"empty value", change(t, doc, value, "<ds:SignatureValue/>"), xmlsig.ErrInvalid},
		{"value that is no base64", change(t, doc, value, "<ds:SignatureValue>?</ds:SignatureValue>"), xmlsig.ErrInvalid},
		{"value of another length", change(t, doc, value, "<ds:SignatureValue>AAAA</ds:SignatureValue>"), xmlsig.ErrInvalid},
		{"other kind of key", change(t, doc, dsig.RSASHA256SignatureMethod, dsig.ECDSASHA256SignatureMethod), xmlsig.ErrInvalid},
		{"other hash", change(t, doc, dsig.RSASHA256SignatureMethod, dsig.RSASHA512SignatureMethod), xmlsig.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			verified, used, err := verify(t, test.doc, trust(idp))
			want(t, err, test.want)
			if verified != nil || used != (xmlsig.Used{}) {
				t.Errorf("Verify returned %v and %+v beside the error", verified, used)
			}
		})
	}
}

func TestVerify_SAML_014_NoTrustNeverMeansNoCheck(t *testing.T) {
	t.Parallel()
	doc := signAssertion(t, honest(1), newRSA(t))
	_, _, err := verify(t, doc, xmlsig.Trust{Now: noon})
	want(t, err, xmlsig.ErrNoTrust)
	_, _, err = verify(t, honest(1), xmlsig.Trust{Now: noon})
	want(t, err, xmlsig.ErrMissing)
}

func TestVerify_SAML_022_CertificateOutsideOfItsTime(t *testing.T) {
	t.Parallel()
	key := newRSA(t).key
	year := 365 * 24 * time.Hour
	expired, early := issueFor(t, key, noon.Add(-2*year), noon.Add(-year)), issueFor(t, key, noon.Add(year), noon.Add(2*year))
	renewed, other := issueFor(t, key, noon.Add(-year), noon.Add(year)), newRSA(t)
	for _, idp := range []authority{expired, early} {
		doc := signAssertion(t, honest(1), idp)
		for _, pins := range [][]authority{{idp}, {idp, other}, {other, idp}} {
			_, _, err := verify(t, doc, trust(pins...))
			want(t, err, xmlsig.ErrCertExpired)
		}
		// The provider renewed the certificate for the same key, and still sends the old one.
		for _, pins := range [][]authority{{idp, renewed}, {renewed, idp}} {
			if _, used, err := verify(t, doc, trust(pins...)); err != nil || used.Fingerprint != xmlsig.Fingerprint(renewed.cert) {
				t.Errorf("Verify = %+v, %v", used, err)
			}
		}
		// An expired certificate excuses nothing: what its key did not sign is invalid.
		_, _, err := verify(t, change(t, doc, "ann@", "own@"), trust(idp))
		want(t, err, xmlsig.ErrInvalid)
	}
	_, _, err := verify(t, signAssertion(t, honest(1), renewed), xmlsig.Trust{Certificates: trust(renewed).Certificates})
	want(t, err, xmlsig.ErrCertExpired) // without a clock nothing is in time
}

func TestVerify_SAML_040_CanonicalizationThatFails(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(1), idp)
	for _, replacement := range []string{
		`<undeclared:x/></saml:NameID>`, `<x xmlns:xml="urn:x"/></saml:NameID>`, `<x undeclared:x="y"/></saml:NameID>`, `<x xmlns:xmlns="urn:x"/></saml:NameID>`,
	} {
		_, _, err := xmlsig.Verify(assertionOf(t, root(t, change(t, doc, "</saml:NameID>", replacement))), trust(idp))
		if err == nil {
			t.Errorf("Verify with %q = nil", replacement)
		}
	}
}

func TestVerify_SAML_042_TwoIDs(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(1), idp)
	for _, replacement := range []string{`ID="_a" ID="_a"`, `ID="_x" ID="_a"`, `saml:ID="_a" ID="_a"`, `saml:ID="_a"`, ``, `ID=""`} {
		_, _, err := xmlsig.Verify(assertionOf(t, root(t, change(t, doc, `ID="_a"`, replacement))), trust(idp))
		want(t, err, xmlsig.ErrInvalid)
	}
}

func TestVerify_RefusesWrappedOriginals(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	signed := between(t, signAssertion(t, honest(1), idp), "<saml:Assertion", "</saml:Assertion>")
	signature := between(t, signed, "<ds:Signature ", "</ds:Signature>")
	original := change(t, signed, signature, "")
	forged := change(t, original, "ann@", "own@")
	const end = "</saml:Assertion>"
	tests := map[string]string{
		"SAML_004_Around":            change(t, change(t, forged, `"_a"`, `"_b"`), end, signed+end),
		"SAML_006_InTheSignature":    change(t, forged, end, change(t, signature, "</ds:Signature>", original+"</ds:Signature>")+end),
		"SAML_008_InObject":          change(t, forged, end, change(t, signature, "</ds:Signature>", "<ds:Object>"+original+"</ds:Object></ds:Signature>")+end),
		"SAML_009_SameIDInside":      change(t, forged, end, signed+end),
		"SAML_030_SignatureIsDeeper": change(t, original, "</saml:Subject>", signature+"</saml:Subject>"),
	}
	for name, assertion := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := change(t, honest(1), between(t, honest(1), "<saml:Assertion", end), assertion)
			verified, _, err := verify(t, doc, trust(idp))
			if err == nil {
				t.Errorf("Verify = %s", write(t, verified))
			}
		})
	}
}

func TestVerify_SAML_021_WeakKeyIsNeverTrusted(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(1), idp)
	weak := *idp.cert
	weak.PublicKey = weakened(t)
	_, _, err := verify(t, doc, xmlsig.Trust{Certificates: trust(authority{cert: &weak}).Certificates, Now: noon})
	want(t, err, xmlsig.ErrInvalid)
}

func TestParse_RefusesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		``, ` `, `<a>`, `</a>`, `<a></b>`, `<a b/>`, strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33),
	} {
		if _, err := xmlsig.Parse([]byte(doc)); err == nil {
			t.Errorf("Parse(%q) = nil", doc)
		}
	}
}

func TestDecode_SAML_076_OneWayToWriteBase64(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"QQ", "QQ=", "QQ==QQ==", "QQ== ", " QQ==", "QR==", "-_8=", "Q Q==", "QQ==\x00", "QQ==="} {
		if got, err := xmlsig.Decode(s); err == nil {
			t.Errorf("Decode(%q) = %q", s, got)
		}
	}
	for _, s := range []string{"QUJD", "QU\r\nJD\r\n", "QUJD\n"} {
		if got, err := xmlsig.Decode(s); err != nil || string(got) != "ABC" {
			t.Errorf("Decode(%q) = %q, %v", s, got, err)
		}
	}
}
