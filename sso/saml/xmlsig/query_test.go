package xmlsig_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// logout is a message with everything in it that has to be escaped.
func logout() xmlsig.Message {
	return xmlsig.Message{
		Parameter: xmlsig.SAMLRequest, XML: []byte(`<samlp:LogoutRequest ID="_l"/>` + strings.Repeat("<x/>", 50)), RelayState: "a b+c&d=e/é%",
	}
}

func signQuery(t *testing.T, m xmlsig.Message, a authority) string {
	t.Helper()
	query, err := xmlsig.SignQuery(m, a.key)
	if err != nil {
		t.Fatalf("SignQuery = %v", err)
	}
	return query
}

func TestVerifyQuery_ReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	for _, m := range []xmlsig.Message{logout(), {Parameter: xmlsig.SAMLResponse, XML: []byte("<a/>")}} {
		query := signQuery(t, m, idp)
		for _, q := range []string{query, "tenant=acme&" + query, query + "&x=y", query + "&"} {
			got, used, err := xmlsig.VerifyQuery(q, trust(newRSA(t), idp))
			if err != nil {
				t.Fatalf("VerifyQuery(%q) = %v", q, err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("VerifyQuery (-want +got):\n%s", diff)
			}
			if used.Fingerprint != xmlsig.Fingerprint(idp.cert) || used.Method != dsig.RSASHA256SignatureMethod || used.SHA1 {
				t.Errorf("VerifyQuery used %+v", used)
			}
		}
		if got, err := xmlsig.ReadQuery(query); err != nil || cmp.Diff(m, got) != "" {
			t.Errorf("ReadQuery = %+v, %v", got, err)
		}
	}
}

func TestVerifyQuery_IsOverTheOctetsThatWereReceived(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	// Escapes as other libraries write them: in lower case, %20 for a space, and more than is needed.
	octets := lower(t, signQuery(t, logout(), idp))
	signed := octets + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signOctets(t, idp, crypto.SHA256, octets)))
	got, _, err := xmlsig.VerifyQuery(signed, trust(idp))
	if err != nil {
		t.Fatalf("VerifyQuery = %v", err)
	}
	if diff := cmp.Diff(logout(), got); diff != "" {
		t.Errorf("VerifyQuery (-want +got):\n%s", diff)
	}
	// The order in which the pieces arrive is not the one in which they are signed.
	pieces := strings.Split(signed, "&")
	shuffled := strings.Join([]string{pieces[3], pieces[1], pieces[2], pieces[0]}, "&")
	if _, _, err := xmlsig.VerifyQuery(shuffled, trust(idp)); err != nil {
		t.Errorf("VerifyQuery(shuffled) = %v", err)
	}
}

// lower returns the signed part of a query, escaped in another way.
func lower(t *testing.T, query string) string {
	t.Helper()
	octets, _, _ := strings.Cut(query, "&Signature=")
	octets = change(t, octets, "a+b", "%61%20b")
	return strings.ReplaceAll(strings.ReplaceAll(octets, "%2F", "%2f"), "%2B", "%2b")
}

func signOctets(t *testing.T, a authority, hash crypto.Hash, octets string) []byte {
	t.Helper()
	h := hash.New()
	h.Write([]byte(octets))
	value, err := a.key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestVerifyQuery_EllipticCurve(t *testing.T) {
	t.Parallel()
	idp := newEC(t, elliptic.P384())
	octets := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated(t, "<a/>"))) + "&SigAlg=" + url.QueryEscape(dsig.ECDSASHA384SignatureMethod)
	der := base64.StdEncoding.EncodeToString(signOctets(t, idp, crypto.SHA384, octets))
	if _, _, err := xmlsig.VerifyQuery(octets+"&Signature="+url.QueryEscape(sideBySide(t, der, 48)), trust(idp)); err != nil {
		t.Errorf("VerifyQuery(r, s) = %v", err)
	}
	_, _, err := xmlsig.VerifyQuery(octets+"&Signature="+url.QueryEscape(der), trust(idp))
	want(t, err, xmlsig.ErrInvalid)
}

func TestVerifyQuery_SAML_019_SHA1(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	octets := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated(t, "<a/>"))) + "&SigAlg=" + url.QueryEscape(dsig.RSASHA1SignatureMethod)
	digest := sha1.Sum([]byte(octets))
	value, err := rsa.SignPKCS1v15(rand.Reader, idp.key.(*rsa.PrivateKey), crypto.SHA1, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	query := octets + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
	_, _, err = xmlsig.VerifyQuery(query, trust(idp))
	want(t, err, xmlsig.ErrAlgorithm)
	legacy := trust(idp)
	legacy.AllowSHA1 = true
	if _, used, err := xmlsig.VerifyQuery(query, legacy); err != nil || !used.SHA1 {
		t.Errorf("VerifyQuery with the flag = %+v, %v", used, err)
	}
}

func TestVerifyQuery_Refuses(t *testing.T) {
	t.Parallel()
	idp, evil := newRSA(t), newRSA(t)
	query := signQuery(t, logout(), idp)
	octets, value, _ := strings.Cut(query, "&Signature=")
	sha256 := url.QueryEscape(dsig.RSASHA256SignatureMethod)
	with := func(old, replacement string) string { return change(t, query, old, replacement) }
	tests := []struct {
		name  string
		query string
		want  error // nil for any
	}{
		{"no signature", octets, xmlsig.ErrMissing},
		{"empty signature", octets + "&Signature=", xmlsig.ErrMissing},
		{"no algorithm", with("&SigAlg="+sha256, ""), xmlsig.ErrMissing},
		{"SAML_015_AttackersKey", signQuery(t, logout(), evil), xmlsig.ErrInvalid},
		{"SAML_018_HMAC", with(sha256, url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")), xmlsig.ErrAlgorithm},
		{"other RelayState", with("RelayState=a", "RelayState=b"), xmlsig.ErrInvalid},
		{"RelayState taken away", with("&"+between(t, query, "RelayState=", "&SigAlg"), "&SigAlg"), xmlsig.ErrInvalid},
		{"RelayState added", signQuery(t, xmlsig.Message{Parameter: xmlsig.SAMLRequest, XML: []byte("<a/>")}, idp) + "&RelayState=", xmlsig.ErrInvalid},
		{"request as response", with("SAMLRequest=", "SAMLResponse="), xmlsig.ErrInvalid},
		{"same RelayState in other octets", with("a+b", "a%20b"), xmlsig.ErrInvalid},
		{"SAML_077_TwoRelayStates", query + "&RelayState=x", nil},
		{"SAML_077_TwoSignatures", query + "&Signature=" + value, nil},
		{"SAML_077_TwoAlgorithms", query + "&SigAlg=" + sha256, nil},
		{"SAML_077_TwoMessages", query + "&SAMLRequest=AAAA", nil},
		{"SAML_077_RequestAndResponse", query + "&SAMLResponse=AAAA", nil},
		{"SAML_077_EscapedName", query + "&Relay%53tate=x", nil},
		{"no message", "RelayState=x&SigAlg=" + sha256 + "&Signature=AAAA", nil},
		{"nothing", "", nil},
		{"other encoding", query + "&SAMLEncoding=urn:x", nil},
		{"signature that is no base64", octets + "&Signature=%3f", xmlsig.ErrInvalid},
		{"signature that is not escaped", octets + "&Signature=%zz", xmlsig.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, used, err := xmlsig.VerifyQuery(test.query, trust(idp))
			if err == nil || m.XML != nil || used != (xmlsig.Used{}) {
				t.Errorf("VerifyQuery(%q) = %+v, %+v, %v", test.query, m, used, err)
			}
			if test.want != nil {
				want(t, err, test.want)
			}
		})
	}
	_, _, err := xmlsig.VerifyQuery(query, xmlsig.Trust{Now: noon})
	want(t, err, xmlsig.ErrNoTrust)
	_, _, err = xmlsig.VerifyQuery(query, xmlsig.Trust{Certificates: trust(idp).Certificates})
	want(t, err, xmlsig.ErrCertExpired)
}

func TestInflate_SAML_075_Bomb(t *testing.T) {
	t.Parallel()
	bomb := deflated(t, strings.Repeat("a", 16<<20))
	if len(bomb) > 32<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if _, err := xmlsig.Inflate(bomb); err == nil {
		t.Error("Inflate(bomb) = nil")
	}
	if _, err := xmlsig.ReadQuery("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(bomb))); err == nil {
		t.Error("ReadQuery(bomb) = nil")
	}
	largest := strings.Repeat("a", 256<<10)
	if got, err := xmlsig.Inflate(deflated(t, largest)); err != nil || string(got) != largest {
		t.Errorf("Inflate(256 KiB) = %d bytes, %v", len(got), err)
	}
	for _, data := range [][]byte{nil, {0xff}, deflated(t, largest+"a"), append(deflated(t, "a"), 'x'), deflated(t, "abc")[:3]} {
		if _, err := xmlsig.Inflate(data); err == nil {
			t.Errorf("Inflate(%.20x) = nil", data)
		}
	}
}

func deflated(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
