package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const slo = "https://gatehouse.test/sso/saml/con_1/slo"

var bindings = []string{samlforge.RedirectBinding, samlforge.PostBinding}

// goodbye describes a logout message to which nobody can object.
func goodbye(tb testing.TB, binding string) samlforge.LogoutOptions {
	tb.Helper()
	return samlforge.LogoutOptions{
		IdP: idp, Destination: slo, Now: now, ID: "_logout", RelayState: "theirs", Key: once(tb, idpKey), Binding: binding,
		Subject: samlforge.NameID{Value: "a1b2", Format: persistent}, SessionIndex: "_session",
	}
}

// partingAttempt is a connection to a provider that takes logout messages.
func partingAttempt(tb testing.TB, p *saml.Provider) sso.Attempt {
	tb.Helper()
	a := attempt(tb, p, sso.SAMLDraft{})
	a.LogoutURI, a.RequestID = slo, "_ours"
	a.Connection.SAML.SLO = []sso.SAMLEndpoint{
		{Binding: sso.BindingRedirect, Location: "https://idp.corp.test/slo?tenant=1"},
		{Binding: sso.BindingPOST, Location: "https://idp.corp.test/slo-post", ResponseLocation: "https://idp.corp.test/slo-done"},
	}
	return a
}

// carried is the browser's request with a message.
func carried(tb testing.TB, m samlforge.LogoutMessage) *http.Request {
	tb.Helper()
	if m.Form == nil {
		return httptest.NewRequestWithContext(tb.Context(), http.MethodGet, slo+"?"+m.Query, nil)
	}
	return post(tb, slo, m.Form.Encode())
}

func made(tb testing.TB, build func(samlforge.LogoutOptions) (samlforge.LogoutMessage, error), o samlforge.LogoutOptions) samlforge.LogoutMessage {
	tb.Helper()
	m, err := build(o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestLogoutRequestsAreRead(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, binding := range bindings {
		a := partingAttempt(t, p)
		got, err := p.ReadLogout(t.Context(), carried(t, made(t, samlforge.LogoutRequest, goodbye(t, binding))), a)
		if err != nil {
			t.Fatalf("ReadLogout() by %s = %v, want the request; checks: %+v", binding, err, a.Trail.Checks)
		}
		want := sso.Logout{
			ID: "_logout", Until: now.Add(8 * time.Minute), Subject: "a1b2", SubjectFormats: []string{persistent}, IdPSessions: []string{"_session"},
			RelayState: "theirs", Binding: binding,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ReadLogout() by %s (-want +got):\n%s", binding, diff)
		}
	}
}

func TestLogoutResponsesAreRead(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, binding := range bindings {
		o := goodbye(t, binding)
		o.InResponseTo, o.RelayState = "_ours", state
		got, err := p.ReadLogout(t.Context(), carried(t, made(t, samlforge.LogoutResponse, o)), partingAttempt(t, p))
		if err != nil || got.Answers != "_ours" || got.RelayState != state || got.Subject != "" {
			t.Errorf("ReadLogout() by %s = %+v, %v, want an answer to _ours", binding, got, err)
		}
	}
}

// TestSAML_170_To_175_LogoutScenarios plays every named forgery of a logout message, by each of its bindings. What only names somebody else
// may be read: whom it ends is for the sessions to say.
func TestSAML_170_To_175_LogoutScenarios(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, s := range samlforge.LogoutScenarios() {
		for _, binding := range s.Bindings {
			t.Run(s.ID+"/"+binding[strings.LastIndex(binding, ":")+1:], func(t *testing.T) {
				t.Parallel()
				o := goodbye(t, binding)
				o.InResponseTo = "_ours"
				m, err := s.Build(o, binding, once(t, tools))
				if err != nil {
					t.Fatal(err)
				}
				got, err := p.ReadLogout(t.Context(), carried(t, m), partingAttempt(t, p))
				switch {
				case err != nil && reasonOf(err) == sso.Broken:
					t.Errorf("ReadLogout() of %q = %v, want a reason", s.Title, err)
				case err == nil && s.Message == samlforge.SAMLResponse && got.Answers != "_ours": // refused by who knows what was asked
				case err == nil && s.Outcome == samlforge.Refuse:
					t.Errorf("ReadLogout() of %q = %+v, want a refusal", s.Title, got)
				case err == nil && s.ID != "SAML-174-order" && got.Subject == "a1b2" && got.SubjectFormats[0] == persistent && got.IdPSessions[0] == "_session":
					t.Errorf("ReadLogout() of %q = %+v, want anybody else", s.Title, got)
				}
			})
		}
	}
}

// mutated has the provider sign a change of its request.
func mutated(o samlforge.LogoutOptions, f func(root *etree.Element)) samlforge.LogoutOptions {
	o.BeforeSign = func(doc *etree.Document) { f(doc.Root()) }
	return o
}

func TestSAML_172_173_WhatARequestHasToSay(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for name, f := range map[string]func(*etree.Element){
		"no ID":                func(r *etree.Element) { r.RemoveAttr("ID") },
		"no destination":       func(r *etree.Element) { r.RemoveAttr("Destination") },
		"no issue instant":     func(r *etree.Element) { r.RemoveAttr("IssueInstant") },
		"an unreadable expiry": func(r *etree.Element) { r.CreateAttr("NotOnOrAfter", "tomorrow") },
		"an encrypted name":    func(r *etree.Element) { swap(r, "saml:NameID", `<saml:EncryptedID/>`) },
		"an encrypted one too": func(r *etree.Element) { r.AddChild(parsed(`<saml:EncryptedID/>`)) },
		"a base id":            func(r *etree.Element) { swap(r, "saml:NameID", `<saml:BaseID/>`) },
		"two names":            func(r *etree.Element) { r.AddChild(parsed(`<saml:NameID>owner</saml:NameID>`)) },
		"an empty name":        func(r *etree.Element) { r.SelectElement("saml:NameID").SetText("") },
		"a name of another SP": func(r *etree.Element) {
			r.SelectElement("saml:NameID").CreateAttr("SPNameQualifier", "https://other.test")
		},
		"an empty index":        func(r *etree.Element) { r.AddChild(parsed(`<samlp:SessionIndex/>`)) },
		"a hundred and one":     func(r *etree.Element) { repeat(r, 101) },
		"an issuer of a format": func(r *etree.Element) { r.SelectElement("saml:Issuer").CreateAttr("Format", persistent) },
	} {
		for _, binding := range bindings {
			if name == "no ID" && binding == samlforge.PostBinding {
				continue // nobody can sign it
			}
			m := made(t, samlforge.LogoutRequest, mutated(goodbye(t, binding), f))
			if got, err := p.ReadLogout(t.Context(), carried(t, m), partingAttempt(t, p)); err == nil || reasonOf(err) == sso.Broken {
				t.Errorf("ReadLogout() of a request with %s = %+v, %v, want a refusal", name, got, err)
			}
		}
	}
}

func swap(root *etree.Element, tag, xml string) {
	root.RemoveChild(root.SelectElement(tag))
	root.AddChild(parsed(xml))
}

func repeat(root *etree.Element, n int) {
	for range n {
		root.AddChild(parsed(`<samlp:SessionIndex>_other</samlp:SessionIndex>`))
	}
}

func TestLogoutFormsAreHeldToTheBinding(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	honest := made(t, samlforge.LogoutRequest, goodbye(t, samlforge.PostBinding)).Form
	with := func(name string, values ...string) url.Values {
		f := url.Values{"SAMLRequest": honest["SAMLRequest"], "RelayState": honest["RelayState"]}
		f[name] = values
		return f
	}
	for name, r := range map[string]*http.Request{
		"no message":              post(t, slo, "RelayState=x"),
		"two requests":            post(t, slo, with("SAMLRequest", honest.Get("SAMLRequest"), honest.Get("SAMLRequest")).Encode()),
		"a response as well":      post(t, slo, with("SAMLResponse", honest.Get("SAMLRequest")).Encode()),
		"the wrong parameter":     post(t, slo, url.Values{"SAMLResponse": honest["SAMLRequest"]}.Encode()),
		"two states":              post(t, slo, with("RelayState", "a", "b").Encode()),
		"a long state":            post(t, slo, with("RelayState", strings.Repeat("x", 81)).Encode()),
		"an artifact":             post(t, slo, with("SAMLart", "x").Encode()),
		"a query":                 post(t, slo+"?a=b", honest.Encode()),
		"no base64":               post(t, slo, with("SAMLRequest", "%%%").Encode()),
		"a large document":        post(t, slo, with("SAMLRequest", base64.StdEncoding.EncodeToString(make([]byte, 300<<10))).Encode()),
		"a large form":            post(t, slo, with("x", strings.Repeat("x", 600<<10)).Encode()),
		"nothing by redirect":     httptest.NewRequestWithContext(t.Context(), http.MethodGet, slo, nil),
		"a large query":           httptest.NewRequestWithContext(t.Context(), http.MethodGet, slo+"?SAMLRequest="+strings.Repeat("A", 600<<10), nil),
		"another method":          httptest.NewRequestWithContext(t.Context(), http.MethodPut, slo, strings.NewReader(honest.Encode())),
		"a signed state too long": carried(t, made(t, samlforge.LogoutRequest, longState(goodbye(t, samlforge.RedirectBinding)))),
	} {
		if got, err := p.ReadLogout(t.Context(), r, partingAttempt(t, p)); err == nil || reasonOf(err) == sso.Broken {
			t.Errorf("ReadLogout() of %s = %+v, %v, want a refusal", name, got, err)
		}
	}
	if _, err := p.ReadLogout(t.Context(), post(t, slo, honest.Encode()), partingAttempt(t, p)); err != nil {
		t.Errorf("ReadLogout() of the honest form = %v, want nil", err)
	}
}

func longState(o samlforge.LogoutOptions) samlforge.LogoutOptions {
	o.RelayState = strings.Repeat("x", 81)
	return o
}

// TestLogoutNeedsATurn: hostile logout messages take the same few turns as hostile responses.
func TestLogoutNeedsATurn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	leave := p.Occupy()
	defer leave()
	_, err := p.ReadLogout(t.Context(), carried(t, made(t, samlforge.LogoutRequest, goodbye(t, samlforge.PostBinding))), partingAttempt(t, p))
	if reasonOf(err) != sso.SSOBusy || errs.As(err).RetryAfter == 0 {
		t.Errorf("ReadLogout() = %v, want %s", err, sso.SSOBusy)
	}
}

func TestLegacyLogoutIsNoted(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, binding := range bindings {
		o := goodbye(t, binding)
		o.Signing = samlforge.Signing{Method: samlforge.RSASHA1, Digest: samlforge.SHA1}
		a := partingAttempt(t, p)
		a.Connection.SAML.LegacySHA1 = &now
		got, err := p.ReadLogout(t.Context(), carried(t, made(t, samlforge.LogoutRequest, o)), a)
		if err != nil || len(got.Legacy) != 1 || got.Legacy[0] != saml.LegacySHA1 {
			t.Errorf("ReadLogout() with SHA-1 by %s = %v, %v, want its use noted", binding, got.Legacy, err)
		}
	}
}
