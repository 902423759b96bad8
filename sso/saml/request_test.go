package saml_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

func asked(tb testing.TB, binding string) saml.Request {
	tb.Helper()
	key := once(tb, spKey)
	return saml.Request{
		ID: "_0123", IssuedAt: now.In(time.FixedZone("", 3600)), Issuer: sp, ACS: acs, Destination: "https://idp.corp.test/sso?realm=a%26b",
		Binding: binding, RelayState: "tenant.random+/=&", NameIDFormat: persistent, ForceAuthn: true,
		AuthnContexts: []string{"urn:a", `urn:"<&`}, Key: key.Signer, Certificate: key.Cert,
	}
}

func ourKey(tb testing.TB) xmlsig.Trust {
	tb.Helper()
	want := expect(tb)
	want.Trust.Certificates[0] = once(tb, spKey).Cert
	return xmlsig.Trust{Certificates: want.Trust.Certificates, Now: now}
}

// TestSAML_152_167_RedirectIsSigned: by RSA with SHA-256, and with nothing of ours where it could be taken for a parameter.
func TestSAML_152_167_RedirectIsSigned(t *testing.T) {
	t.Parallel()
	r := asked(t, sso.BindingRedirect)
	d, err := r.Depart()
	if err != nil || d.Form != nil {
		t.Fatalf("Depart() = %+v, %v, want an address", d, err)
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if got := q["RelayState"]; len(got) != 1 || got[0] != r.RelayState || len(q["SAMLRequest"]) != 1 || q.Get("realm") != "a&b" {
		t.Errorf("Depart() = %s, want each parameter once", d.URL)
	}
	if alg := q.Get("SigAlg"); alg != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" {
		t.Errorf("SigAlg = %q, want rsa-sha256", alg)
	}
	m, _, err := xmlsig.VerifyQuery(u.RawQuery, ourKey(t))
	if err != nil {
		t.Fatalf("VerifyQuery(%q) = %v, want nil", u.RawQuery, err)
	}
	requested(t, m.XML, r)
}

func TestPostIsSigned(t *testing.T) {
	t.Parallel()
	r := asked(t, sso.BindingPOST)
	d, err := r.Depart()
	if err != nil || d.URL != r.Destination || d.Form.Get("RelayState") != r.RelayState {
		t.Fatalf("Depart() = %+v, %v, want a form", d, err)
	}
	doc, err := base64.StdEncoding.DecodeString(d.Form.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := xmlsig.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, used, err := xmlsig.Verify(tree.Root(), ourKey(t)); err != nil || used.SHA1 || used.InclusiveC14N {
		t.Errorf("Verify() = %+v, %v, want a signature by SHA-256 over exclusive canonical XML", used, err)
	}
	requested(t, doc, r)
}

// requested compares a request with what it was made of, in the order of the schema.
func requested(tb testing.TB, text []byte, r saml.Request) {
	tb.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		tb.Fatal(err)
	}
	for name, want := range map[string]string{
		"ID": r.ID, "Version": "2.0", "IssueInstant": "2026-11-22T09:00:00Z", "Destination": r.Destination,
		"AssertionConsumerServiceURL": r.ACS, "ProtocolBinding": sso.BindingPOST, "ForceAuthn": "true",
	} {
		if got := doc.Root().SelectAttrValue(name, ""); got != want {
			tb.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	var order []string
	for _, el := range doc.Root().ChildElements() {
		if el.Tag != "Signature" {
			order = append(order, el.Tag)
		}
	}
	if got := strings.Join(order, " "); got != "Issuer NameIDPolicy RequestedAuthnContext" {
		tb.Errorf("children = %q, want them in the order of the schema", got)
	}
	if got := find(doc, "samlp:NameIDPolicy").SelectAttrValue("Format", ""); got != r.NameIDFormat {
		tb.Errorf("NameIDPolicy Format = %q, want %q", got, r.NameIDFormat)
	}
	classes := doc.FindElements("//saml:AuthnContextClassRef")
	if len(classes) != 2 || classes[1].Text() != r.AuthnContexts[1] {
		tb.Errorf("there are %d classes, want those that were asked for", len(classes))
	}
}

func TestRequestThatMustNotLeave(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(*saml.Request){
		"ID": func(r *saml.Request) { r.ID = "" }, "key": func(r *saml.Request) { r.Key = nil },
		"binding":     func(r *saml.Request) { r.Binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" },
		"long state":  func(r *saml.Request) { r.RelayState = strings.Repeat("a", 81) },
		"parameters":  func(r *saml.Request) { r.Destination = "https://idp.corp.test/sso?RelayState=x" },
		"no address":  func(r *saml.Request) { r.Destination = "https://idp.corp.test/%zz" },
		"destination": func(r *saml.Request) { r.Destination = "" },
	} {
		r := asked(t, sso.BindingRedirect)
		spoil(&r)
		if d, err := r.Depart(); err == nil {
			t.Errorf("Depart() with a bad %s = %+v, want an error", what, d)
		}
	}
}
