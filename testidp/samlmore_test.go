package testidp_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func decode(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatalf("decode %q: %v", text, err)
	}
	return raw
}

func pageOf(tb testing.TB, resp *http.Response) string {
	tb.Helper()
	return page(tb, resp)
}

func TestSAMLScenarioNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range append(testidp.Scenarios(), testidp.SAMLScenarios()...) {
		if seen[s.ID] || s.Stage == "" || s.Fault == nil {
			t.Errorf("scenario %+v is incomplete or its ID is taken", s)
		}
		seen[s.ID] = true
	}
}

func TestPlaySAMLScenario(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, nil)
	party, client := samlParty(t, p), browser(t)
	if page := page(t, get(t, client, p.URL()+"/scenario")); !strings.Contains(page, `id="scenario-SAML-003"`) {
		t.Error("scenario page does not offer SAML-003")
	}
	post(t, client, p.URL()+"/scenario", url.Values{"id": {"SAML-003"}})
	target, _ := ask(t, party, nil)
	forged, err := p.RespondSAML(t.Context(), target, "alice")
	if err != nil {
		t.Fatalf("RespondSAML() = %v", err)
	}
	if text := string(forged.Document); strings.Count(text, "<saml:Assertion ") != 2 || !strings.Contains(text, ">b-1<") {
		t.Errorf("response = %s, want two assertions, one about bob", text)
	}
	p.Behave()
	target, id := ask(t, party, nil)
	honest, err := p.RespondSAML(t.Context(), target, "alice")
	if err != nil {
		t.Fatalf("RespondSAML() = %v", err)
	}
	read(t, party, honest, id)
	// A scenario that needs encryption is played in a mode that has it.
	if err := p.Play("SAML-083-blank"); err != nil {
		t.Fatalf("Play() = %v", err)
	}
	target, _ = ask(t, party, nil)
	if forged, err = p.RespondSAML(t.Context(), target, "alice"); err != nil || !strings.Contains(string(forged.Document), "EncryptedAssertion") {
		t.Errorf("RespondSAML() = %s, %v, want an encrypted assertion", forged.Document, err)
	}
}

func TestSAMLKeyRollover(t *testing.T) {
	t.Parallel()
	issuer := acme()
	issuer.SAMLKey, issuer.SignedMetadata = samlforge.P256, true
	p := listen(t, issuer).Provider("acme")
	certificates := func() int {
		raw, err := p.SAMLMetadata()
		if err != nil {
			t.Fatalf("SAMLMetadata() = %v", err)
		}
		if !strings.Contains(string(raw), "<ds:SignatureValue>") {
			t.Errorf("metadata is not signed: %s", raw)
		}
		var m saml.EntityDescriptor
		if err := xml.Unmarshal(raw, &m); err != nil {
			t.Fatalf("read metadata: %v", err)
		}
		return len(m.IDPSSODescriptors[0].KeyDescriptors)
	}
	first, err := p.SAMLKey()
	if err != nil || certificates() != 1 {
		t.Fatalf("SAMLKey() = %v with %d certificates, want one", err, certificates())
	}
	next, err := p.AnnounceSAMLKey()
	if err != nil || certificates() != 2 {
		t.Fatalf("AnnounceSAMLKey() = %v with %d certificates, want two", err, certificates())
	}
	if now, _ := p.SAMLKey(); now != first {
		t.Error("an announced key signs already")
	}
	if err := p.RotateSAML(false); err != nil {
		t.Fatalf("RotateSAML() = %v", err)
	}
	if now, _ := p.SAMLKey(); now != next || certificates() != 2 {
		t.Error("after RotateSAML(false) the announced key does not sign, or the old one is gone")
	}
	if err := p.RotateSAML(true); err != nil || certificates() != 1 {
		t.Errorf("after RotateSAML(true) there are %d certificates (%v), want one", certificates(), err)
	}
}

func TestReadServiceProvider(t *testing.T) {
	t.Parallel()
	party := samlParty(t, samlProvider(t, nil))
	party.LogoutBindings = []string{saml.HTTPPostBinding}
	raw, err := xml.Marshal(party.Metadata())
	if err != nil {
		t.Fatalf("encode metadata: %v", err)
	}
	sp, err := testidp.ReadServiceProvider(raw)
	if err != nil || sp.EntityID != spEntity || len(sp.ACS) == 0 || sp.ACS[0] != spACS || sp.SLO != spSLO || sp.Encryption == nil ||
		len(sp.Signing) == 0 || sp.SLOBinding != samlforge.PostBinding {
		t.Errorf("ReadServiceProvider() = %+v, %v, want what the metadata says", sp, err)
	}
}

func TestSAMLLogout(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, func(sp *testidp.ServiceProvider) { sp.Signing = append(sp.Signing, sp.Encryption) })
	visit := func() (string, string) {
		post, err := p.InitiateSAML(t.Context(), spEntity, "", "", "alice")
		if err != nil {
			t.Fatalf("InitiateSAML() = %v", err)
		}
		var response saml.Response
		if err := xml.Unmarshal(post.Document, &response); err != nil {
			t.Fatalf("read response: %v", err)
		}
		return response.Assertion.Subject.NameID.Value, response.Assertion.AuthnStatements[0].SessionIndex
	}
	visit()
	logout, err := p.LogoutSAML(spEntity, "alice")
	if err != nil || !strings.HasPrefix(logout.Target, spSLO+"?SAMLRequest=") || !strings.Contains(logout.Target, "&Signature=") {
		t.Fatalf("LogoutSAML() = %+v, %v, want a signed request by redirect", logout, err)
	}
	if _, err := p.LogoutSAML(spEntity, "alice"); err == nil {
		t.Error("alice was logged out twice")
	}
	if got := p.PendingLogouts(); got != 1 {
		t.Errorf("PendingLogouts() = %d, want 1", got)
	}

	name, index := visit()
	// The service provider's request is one of the same kind, with the names exchanged.
	request := func(key *samlforge.Key) string {
		m, err := samlforge.LogoutRequest(samlforge.LogoutOptions{
			IdP: spEntity, Destination: p.URL() + "/saml/slo", Now: time.Now(), Subject: samlforge.NameID{Value: name}, SessionIndex: index,
			Key: key, Binding: samlforge.RedirectBinding, RelayState: "back",
		})
		if err != nil {
			t.Fatalf("LogoutRequest() = %v", err)
		}
		return p.URL() + "/saml/slo?" + m.Query
	}
	if _, err := p.AnswerLogout(request(nil)); err == nil {
		t.Error("an unsigned logout request was accepted")
	}
	resp := get(t, browser(t), request(spKey(t)))
	location := resp.Header.Get("Location")
	if q := query(t, location); resp.StatusCode != http.StatusSeeOther || q.Get("SAMLResponse") == "" || q.Get("RelayState") != "back" {
		t.Errorf("logout = %d %q, want a response with the state", resp.StatusCode, location)
	}
	if _, err := p.LogoutSAML(spEntity, "alice"); err == nil {
		t.Error("the session outlived its logout")
	}
}

func TestEverySAMLScenarioPlays(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, nil)
	for _, s := range testidp.SAMLScenarios() {
		if err := p.Play(s.ID); err != nil {
			t.Fatalf("Play(%q) = %v", s.ID, err)
		}
		if _, err := p.InitiateSAML(t.Context(), spEntity, "", "", "alice"); err != nil {
			t.Errorf("scenario %s: InitiateSAML() = %v", s.ID, err)
		}
	}
}

func TestSAMLRequestByPost(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, func(sp *testidp.ServiceProvider) {
		sp.SignedRequests = true
		sp.Signing = append(sp.Signing, sp.Encryption)
	})
	party := samlParty(t, p)
	req, err := party.MakeAuthenticationRequest(p.URL()+"/saml/sso", saml.HTTPPostBinding, saml.HTTPPostBinding)
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	doc := etree.NewDocument()
	doc.SetRoot(req.Element())
	raw, err := doc.WriteToBytes()
	if err != nil {
		t.Fatalf("write request: %v", err)
	}
	form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {"state"}}
	post, err := p.RespondSAMLForm(t.Context(), form, "alice")
	if err != nil || !p.LastAuthnRequest().Signed || p.LastAuthnRequest().Binding != samlforge.PostBinding {
		t.Fatalf("RespondSAMLForm() = %v after %+v, want an answer to a signed request", err, p.LastAuthnRequest())
	}
	read(t, party, post, req.ID)
	changed := strings.Replace(string(raw), req.ID, req.ID+"x", 1)
	form.Set("SAMLRequest", base64.StdEncoding.EncodeToString([]byte(changed)))
	if _, err := p.RespondSAMLForm(t.Context(), form, "alice"); err == nil {
		t.Error("a request that was changed after signing was accepted")
	}
}
