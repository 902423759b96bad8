package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// sent is one of our messages as its receiver reads it, after its signature was verified.
func sent(tb testing.TB, d sso.Departure, parameter xmlsig.Parameter, what strict.Document) (root *etree.Element, relayState string) {
	tb.Helper()
	trust := xmlsig.Trust{Certificates: []*x509.Certificate{once(tb, spKey).Cert}, Now: now}
	if d.Form == nil {
		_, query, _ := strings.Cut(d.URL, "?")
		m, used, err := xmlsig.VerifyQuery(query, trust)
		if err != nil || m.Parameter != parameter || used.SHA1 {
			tb.Fatalf("VerifyQuery() = %s, %v, want a signed %s", m.Parameter, err, parameter)
		}
		return read(tb, m.XML, what), m.RelayState
	}
	doc, err := base64.StdEncoding.DecodeString(d.Form.Get(string(parameter)))
	if err != nil {
		tb.Fatal(err)
	}
	proven, _, err := xmlsig.Verify(read(tb, doc, what), trust)
	if err != nil {
		tb.Fatal(err)
	}
	return proven, d.Form.Get("RelayState")
}

func read(tb testing.TB, doc []byte, what strict.Document) *etree.Element {
	tb.Helper()
	if _, err := strict.Check(doc, what, strict.DefaultLimits()); err != nil {
		tb.Fatal(err)
	}
	tree, err := xmlsig.Parse(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return tree.Root()
}

func TestWeAskToLogOut(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := partingAttempt(t, p)
	who := sso.Leaving{NameID: "Alice & <Co>", NameIDFormat: persistent, Session: "_session"}
	for _, binding := range bindings {
		if binding == sso.BindingPOST {
			a.Connection.SAML.SLO = a.Connection.SAML.SLO[1:]
		}
		d, err := p.AskLogout(a, who)
		if err != nil {
			t.Fatal(err)
		}
		want := a.Connection.SAML.SLO[0].Location
		if !strings.HasPrefix(d.URL, want) || (d.Form != nil) != (binding == sso.BindingPOST) {
			t.Errorf("AskLogout() by %s goes to %s, want %s", binding, d.URL, want)
		}
		root, relay := sent(t, d, xmlsig.SAMLRequest, strict.LogoutRequest)
		name := root.SelectElement("NameID")
		if relay != state || root.SelectAttrValue("ID", "") != "_ours" || root.SelectAttrValue("Destination", "") != want ||
			root.SelectElement("Issuer").Text() != sp || name.Text() != who.NameID || name.SelectAttrValue("Format", "") != persistent ||
			root.SelectElement("SessionIndex").Text() != "_session" || root.SelectAttrValue("NotOnOrAfter", "") == "" {
			t.Errorf("AskLogout() by %s says %s with state %q", binding, root.FullTag(), relay)
		}
	}
	a.Connection.SAML.SLO = nil
	if d, err := p.AskLogout(a, who); err != nil || d.URL != "" {
		t.Errorf("AskLogout() of a provider without such an address = %+v, %v, want nothing", d, err)
	}
}

func TestWeAnswerALogout(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := partingAttempt(t, p)
	for binding, want := range map[string]string{
		sso.BindingRedirect: "https://idp.corp.test/slo?tenant=1", sso.BindingPOST: "https://idp.corp.test/slo-done",
	} {
		d, err := p.AnswerLogout(a, sso.Logout{ID: "_logout", Binding: binding, RelayState: "theirs"})
		if err != nil || !strings.HasPrefix(d.URL, want) {
			t.Fatalf("AnswerLogout() by %s goes to %s, %v, want %s", binding, d.URL, err, want)
		}
		root, relay := sent(t, d, xmlsig.SAMLResponse, strict.LogoutResponse)
		status := root.SelectElement("Status").SelectElement("StatusCode").SelectAttrValue("Value", "")
		if relay != "theirs" || root.SelectAttrValue("InResponseTo", "") != "_logout" || root.SelectAttrValue("Destination", "") != want ||
			!strings.HasSuffix(status, ":Success") || root.SelectElement("Issuer").Text() != sp {
			t.Errorf("AnswerLogout() by %s says %q to %q", binding, status, root.SelectAttrValue("InResponseTo", ""))
		}
	}
}
