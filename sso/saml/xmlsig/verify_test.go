package xmlsig_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

func TestVerify_ReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	idp := newRSA(t)
	doc := signAssertion(t, honest(2), idp)
	if _, err := strict.Check([]byte(doc), strict.Response, strict.DefaultLimits()); err != nil {
		t.Fatalf("Check = %v", err)
	}
	verified, used, err := xmlsig.Verify(assertionOf(t, parse(t, doc)), trust(idp))
	if err != nil {
		t.Fatalf("Verify = %v", err)
	}
	if got := verified.FindElement("./Subject/NameID").Text(); got != "ann@example.test" {
		t.Errorf("NameID = %q", got)
	}
	if used.Fingerprint != xmlsig.Fingerprint(idp.cert) || used.SHA1 || used.InclusiveC14N {
		t.Errorf("Verify used %+v", used)
	}
}
