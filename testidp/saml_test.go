package testidp_test

import (
	"encoding/xml"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const (
	spEntity = "https://sp.test/metadata"
	spACS    = "https://sp.test/acs"
	spSLO    = "https://sp.test/slo"
)

var samlKey = sync.OnceValues(func() (*samlforge.Key, error) {
	return samlforge.NewKey(samlforge.RSA2048, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
})

func spKey(tb testing.TB) *samlforge.Key {
	tb.Helper()
	key, err := samlKey()
	if err != nil {
		tb.Fatalf("NewKey() = %v", err)
	}
	return key
}

// samlProvider is acme with one service provider.
func samlProvider(tb testing.TB, change func(*testidp.ServiceProvider)) *testidp.Provider {
	tb.Helper()
	sp := testidp.ServiceProvider{EntityID: spEntity, ACS: []string{spACS}, SLO: spSLO, Encryption: spKey(tb).Cert}
	if change != nil {
		change(&sp)
	}
	issuer := acme()
	issuer.ServiceProviders = []testidp.ServiceProvider{sp}
	p := listen(tb, issuer).Provider("acme")
	p.SetSAMLKey(spKey(tb)) // one key for everything: making more takes long
	return p
}

// samlParty is a service provider that others wrote, configured by the metadata of the provider.
func samlParty(tb testing.TB, p *testidp.Provider) *saml.ServiceProvider {
	tb.Helper()
	raw, err := p.SAMLMetadata()
	if err != nil {
		tb.Fatalf("SAMLMetadata() = %v", err)
	}
	party := &saml.ServiceProvider{
		EntityID: spEntity, Key: spKey(tb).Signer, Certificate: spKey(tb).Cert, IDPMetadata: &saml.EntityDescriptor{},
		SignatureMethod: samlforge.RSASHA256,
	}
	if err := xml.Unmarshal(raw, party.IDPMetadata); err != nil {
		tb.Fatalf("read metadata: %v", err)
	}
	acs, _ := url.Parse(spACS)
	slo, _ := url.Parse(spSLO)
	party.AcsURL, party.SloURL = *acs, *slo
	return party
}

// ask makes a signed request by redirect.
func ask(tb testing.TB, party *saml.ServiceProvider, change func(*saml.AuthnRequest)) (string, string) {
	tb.Helper()
	req, err := party.MakeAuthenticationRequest(party.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		tb.Fatalf("make request: %v", err)
	}
	req.NameIDPolicy = nil
	if change != nil {
		change(req)
	}
	target, err := req.Redirect("state", party)
	if err != nil {
		tb.Fatalf("Redirect() = %v", err)
	}
	return target.String(), req.ID
}

func read(tb testing.TB, party *saml.ServiceProvider, post samlforge.Post, requestID string) *saml.Assertion {
	tb.Helper()
	got, err := party.ParseXMLResponse(post.Document, []string{requestID}, party.AcsURL)
	if err != nil {
		tb.Fatalf("response: %v", cause(err))
	}
	return got
}

func TestSAMLSignIn(t *testing.T) {
	t.Parallel()
	for _, mode := range []samlforge.Mode{
		"", samlforge.SignResponse, samlforge.SignBoth, samlforge.SignThenEncrypt, samlforge.EncryptInSigned, samlforge.EncryptInBoth,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			p := samlProvider(t, func(sp *testidp.ServiceProvider) { sp.Mode = mode })
			party := samlParty(t, p)
			target, id := ask(t, party, nil)
			post, err := p.RespondSAML(t.Context(), target, "bob")
			if err != nil {
				t.Fatalf("RespondSAML() = %v", err)
			}
			if post.ACS != spACS || post.RelayState != "state" || post.Form().Get("RelayState") != "state" {
				t.Errorf("post = %s, %q, want %s and the state", post.ACS, post.RelayState, spACS)
			}
			if got := read(t, party, post, id).Subject.NameID; got.Value != "b-1" || got.Format != samlforge.Persistent {
				t.Errorf("NameID = %+v, want the persistent b-1", got)
			}
		})
	}
}

func TestSAMLAttributesAndFormats(t *testing.T) {
	t.Parallel()
	for names, want := range map[testidp.AttributeNames]string{
		testidp.PlainNames: "groups", testidp.EntraNames: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
		testidp.OIDNames: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
	} {
		p := samlProvider(t, func(sp *testidp.ServiceProvider) { sp.Names = names })
		party := samlParty(t, p)
		format := samlforge.EmailAddress
		target, id := ask(t, party, func(r *saml.AuthnRequest) { r.NameIDPolicy = &saml.NameIDPolicy{Format: &format} })
		post, err := p.RespondSAML(t.Context(), target, "alice")
		if err != nil {
			t.Fatalf("RespondSAML() = %v", err)
		}
		got := read(t, party, post, id)
		groups := ""
		for _, a := range got.AttributeStatements[0].Attributes {
			if a.Name == want {
				groups = a.Values[0].Value
			}
		}
		if got.Subject.NameID.Value != "alice@acme.example" || groups != "admins" {
			t.Errorf("NameID %q, %s %q, want the e-mail address and admins", got.Subject.NameID.Value, want, groups)
		}
	}
	p := samlProvider(t, nil)
	format := "urn:unknown"
	target, _ := ask(t, samlParty(t, p), func(r *saml.AuthnRequest) { r.NameIDPolicy = &saml.NameIDPolicy{Format: &format} })
	post, err := p.RespondSAML(t.Context(), target, "alice")
	if err != nil || !strings.Contains(string(post.Document), samlforge.StatusInvalidNameID) {
		t.Errorf("an unknown format is answered %s, %v, want a refusal", post.Document, err)
	}
}

var formField = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

// fields are the hidden ones of a page.
func fields(page string) url.Values {
	values := url.Values{}
	for _, match := range formField.FindAllStringSubmatch(page, -1) {
		values.Set(match[1], html.UnescapeString(match[2]))
	}
	return values
}

func TestSAMLLoginPage(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, nil)
	party, client := samlParty(t, p), browser(t)
	login := func(page, name, value string) string {
		return pageOf(t, post(t, client, p.URL()+"/saml/login", url.Values{"request": {fields(page).Get("request")}, name: {value}}))
	}
	passive := true
	target, _ := ask(t, party, func(r *saml.AuthnRequest) { r.IsPassive = &passive })
	if form := fields(pageOf(t, get(t, client, target))); form.Get("SAMLResponse") == "" {
		t.Errorf("a passive request without a session is not answered: %v", form)
	}
	target, id := ask(t, party, nil)
	page := pageOf(t, get(t, client, target))
	form := fields(login(page, "user", "alice"))
	if got, err := party.ParseXMLResponse(decode(t, form.Get("SAMLResponse")), []string{id}, party.AcsURL); err != nil ||
		got.Subject.NameID.Value != "alice" || form.Get("RelayState") != "state" {
		t.Fatalf("form = %v, %v, want a response about alice and the state", form, err)
	}
	if page := pageOf(t, get(t, client, target)); !strings.Contains(page, "Continue as alice") {
		t.Errorf("with a session, the page does not offer it:\n%s", page)
	}
	force := true
	target, _ = ask(t, party, func(r *saml.AuthnRequest) { r.ForceAuthn = &force })
	if page := pageOf(t, get(t, client, target)); strings.Contains(page, "Continue as") || !p.LastAuthnRequest().ForceAuthn {
		t.Errorf("ForceAuthn offers the old session:\n%s", page)
	}
	if raw := decode(t, fields(login(page, "cancel", "yes")).Get("SAMLResponse")); !strings.Contains(string(raw), samlforge.StatusAuthnFailed) {
		t.Errorf("cancel = %s, want AuthnFailed", raw)
	}
	page = pageOf(t, get(t, client, p.URL()+"/saml/init?RelayState=x&sp="+url.QueryEscape(spEntity)))
	form = fields(login(page, "user", "bob"))
	if raw := decode(t, form.Get("SAMLResponse")); strings.Contains(string(raw), "InResponseTo") || form.Get("RelayState") != "x" {
		t.Errorf("sign-in that the provider starts = %s, want no InResponseTo and RelayState x", raw)
	}
	forged := strings.Replace(fields(page).Get("request"), spACS, "https://evil.test/acs", 1)
	if got := post(t, client, p.URL()+"/saml/login", url.Values{"request": {forged}, "user": {"bob"}}).StatusCode; got != http.StatusBadRequest {
		t.Errorf("a form with a foreign address = %d, want 400", got)
	}
}

func TestSAMLRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, func(sp *testidp.ServiceProvider) {
		sp.SignedRequests = true
		sp.Signing = append(sp.Signing, sp.Encryption)
	})
	party := samlParty(t, p)
	signed, _ := ask(t, party, nil)
	if _, err := p.RespondSAML(t.Context(), signed, "alice"); err != nil || !p.LastAuthnRequest().Signed {
		t.Errorf("RespondSAML() of a request signed by others = %v, want it accepted as signed", err)
	}
	respond := func(change func(*saml.AuthnRequest), key *samlforge.Key) error {
		req, err := party.MakeAuthenticationRequest(p.URL()+"/saml/sso", saml.HTTPRedirectBinding, saml.HTTPPostBinding)
		if err != nil {
			t.Fatalf("make request: %v", err)
		}
		req.Signature = nil
		change(req)
		doc, err := xml.Marshal(req)
		if err != nil {
			t.Fatalf("encode request: %v", err)
		}
		query, err := samlforge.Query(samlforge.SAMLRequest, doc, "state", key, "")
		if err != nil {
			t.Fatalf("Query() = %v", err)
		}
		_, err = p.RespondSAML(t.Context(), p.URL()+"/saml/sso?"+query, "alice")
		return err
	}
	other, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatalf("NewKey() = %v", err)
	}
	honest := func(*saml.AuthnRequest) {}
	if err := respond(honest, spKey(t)); err != nil || !p.LastAuthnRequest().Signed {
		t.Errorf("a signed request = %v, want it accepted as signed", err)
	}
	for name, err := range map[string]error{
		"unsigned":      respond(honest, nil),
		"other key":     respond(honest, other),
		"other address": respond(func(r *saml.AuthnRequest) { r.AssertionConsumerServiceURL = "https://evil.test/acs" }, spKey(t)),
		"other party":   respond(func(r *saml.AuthnRequest) { r.Issuer.Value = "https://evil.test" }, spKey(t)),
		"other target":  respond(func(r *saml.AuthnRequest) { r.Destination = "https://evil.test" }, spKey(t)),
	} {
		if err == nil {
			t.Errorf("a request with %s was accepted", name)
		}
	}
}

func TestServiceProvidersByPattern(t *testing.T) {
	t.Parallel()
	p := samlProvider(t, nil)
	if err := p.AddServiceProvider(testidp.ServiceProvider{EntityID: "https://app.test/*", ACS: []string{"https://app.test/saml/*"}}); err != nil {
		t.Fatalf("AddServiceProvider() = %v", err)
	}
	if post, err := p.InitiateSAML(t.Context(), "https://app.test/a", "https://app.test/saml/a/acs", "", "alice"); err != nil ||
		!strings.Contains(string(post.Document), ">https://app.test/a<") {
		t.Errorf("InitiateSAML() = %s, %v, want a response for https://app.test/a", post.Document, err)
	}
	if _, err := p.InitiateSAML(t.Context(), "https://app.test/a", "https://evil.test/acs", "", "alice"); err == nil {
		t.Error("an address outside the pattern was accepted")
	}
}

// cause is what the library tells the operator alone.
func cause(err error) error {
	if invalid := (*saml.InvalidResponseError)(nil); errors.As(err, &invalid) {
		return invalid.PrivateErr
	}
	return err
}
