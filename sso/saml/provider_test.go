package saml_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const state = "t0123456789.0123456789012345678901234567890123456789012"

func newProvider(tb testing.TB) *saml.Provider {
	tb.Helper()
	guard := netguard.NewDev(netguard.Policy{})
	tb.Cleanup(guard.CloseIdleConnections)
	p, err := saml.New(saml.Config{Guard: guard, Clock: func() time.Time { return now }})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// metadataOf describes the honest provider.
func metadataOf(tb testing.TB, change func(*samlforge.MetadataOptions)) string {
	tb.Helper()
	o := samlforge.MetadataOptions{
		EntityID: idp, Signing: []*x509.Certificate{once(tb, idpKey).Cert},
		SSO: []samlforge.Endpoint{{Binding: sso.BindingPOST, Location: "https://idp.corp.test/sso"}, {Binding: sso.BindingRedirect, Location: "https://idp.corp.test/sso"}},
	}
	if change != nil {
		change(&o)
	}
	doc, err := samlforge.Metadata(o)
	if err != nil {
		tb.Fatal(err)
	}
	return string(doc)
}

// attempt is one that a person started over a connection which Discover has made.
func attempt(tb testing.TB, p *saml.Provider, d sso.SAMLDraft) sso.Attempt {
	tb.Helper()
	if d.Metadata == "" {
		d.Metadata = metadataOf(tb, nil)
	}
	found, err := p.Discover(tb.Context(), sso.Draft{Protocol: sso.ProtocolSAML, SAML: &d})
	if err != nil {
		tb.Fatal(err)
	}
	return sso.Attempt{
		ID: id.New[id.Attempt](), Purpose: sso.ForSignIn, RedirectURI: acs, EntityID: sp, State: state, RequestID: request,
		Connection: sso.Connection{ID: id.New[id.Connection](), Protocol: sso.ProtocolSAML, Issuer: idp, SAML: found.SAML},
		Keys:       []sso.Key{{Private: once(tb, spKey).Signer.(*rsa.PrivateKey), Certificate: once(tb, spKey).Cert}},
		Trail:      &sso.Trail{}, CreatedAt: now.Add(-time.Minute), Now: now,
	}
}

func returned(tb testing.TB, doc []byte) *http.Request {
	tb.Helper()
	return post(tb, "/acs", url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {state}}.Encode())
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	a.Connection.Claims.Groups = "groups"
	to, err := p.Begin(t.Context(), a)
	if err != nil || to.Form != nil || !strings.Contains(to.URL, "&Signature=") {
		t.Fatalf("Begin() = %+v, %v, want a signed redirect", to, err)
	}
	o := honest(t)
	o.SessionNotOnOrAfter = now.Add(time.Hour)
	doc := build(t, o)
	r := returned(t, doc)
	if got, err := p.State(r); err != nil || got != state {
		t.Fatalf("State() = %q, %v, want %q", got, err, state)
	}
	who, err := p.Finish(t.Context(), r, a)
	if err != nil {
		t.Fatal(err)
	}
	if who.Issuer != idp || who.Subject != "a1b2" || who.Email != "alice@corp.test" || !who.EmailVerified || who.Name != "Alice & Co" ||
		strings.Join(who.Groups, " ") != "admins staff" || who.GroupsMissing || who.SessionID != "_session" || who.Assertion != "_assertion" ||
		!who.NotAfter.Equal(now.Add(time.Hour)) || !who.AuthTime.Equal(now) || !who.AssertionUntil.After(now) || len(who.Claims) != 3 {
		t.Errorf("Finish() = %+v, want Alice", who)
	}
	if !a.Trail.Proven || string(a.Trail.Document) != string(doc) || a.Trail.Failed().Name != "" || len(a.Trail.Checks) < 20 {
		t.Errorf("the trail is %+v, want all checks passed", a.Trail.Checks)
	}
}

// TestTrailShowsAllThatIsWrong: the first refusal is the reason; what else is wrong is there too, and nothing of it is long or invisible.
func TestTrailShowsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	doc := build(t, edited(honest(t), write("saml:Audience", "https://other.test/\u202e"+strings.Repeat("x", 5000)), set(data, "Recipient", "https://other.test")))
	_, err := p.Finish(t.Context(), returned(t, doc), a)
	if reasonOf(err) != sso.RecipientMismatch {
		t.Errorf("Finish() = %v, want %s", err, sso.RecipientMismatch)
	}
	var failed []string
	for _, c := range a.Trail.Checks {
		if !c.OK {
			failed = append(failed, c.Name)
		}
		if len([]rune(c.Got)) > 300 || strings.Contains(c.Got, "\u202e") {
			t.Errorf("check %s shows %q", c.Name, c.Got)
		}
	}
	if got := strings.Join(failed, " "); got != "recipient audience" || a.Trail.Failed().Expected != acs || a.Trail.Failed().Got != "https://other.test" {
		t.Errorf("failed checks = %q, the first %+v, want recipient and audience", got, a.Trail.Failed())
	}
}

// TestTrailNamesTheUnknownKey: an administrator sees that the provider's certificate has changed, and to which.
func TestTrailNamesTheUnknownKey(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	o := honest(t)
	o.Key = once(t, tools).Attacker
	_, err := p.Finish(t.Context(), returned(t, build(t, o)), a)
	c := a.Trail.Failed()
	if reasonOf(err) != sso.SignatureKeyUnknown || c.Got != fingerprint(o.Key.Cert) || c.Expected != fingerprint(once(t, idpKey).Cert) || a.Trail.Proven {
		t.Errorf("Finish() = %v with %+v, want %s with both fingerprints", err, c, sso.SignatureKeyUnknown)
	}
}

func TestSAML_131_ReauthenticationMustBeFresh(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	a.Purpose = sso.ForReauth
	to, err := p.Begin(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	_ = to
	o := honest(t)
	o.AuthnInstant = now.AddDate(0, 0, -3)
	if _, err := p.Finish(t.Context(), returned(t, build(t, o)), a); reasonOf(err) != sso.StaleAuthentication {
		t.Errorf("Finish() = %v, want %s", err, sso.StaleAuthentication)
	}
}

// TestSAML_141_150_StateThatIsNotOurs: whatever a provider puts into RelayState leads nowhere.
func TestSAML_141_150_StateThatIsNotOurs(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	a.RequestID, a.State = "", ""
	o := honest(t)
	o.InResponseTo = ""
	doc := build(t, o)
	for _, relay := range []string{
		"", "https://evil.test", "//evil.test", `/\evil.test`, "/%09/evil.test", "https:evil.test", "javascript:alert(1)", "a.b", `"><script>`,
	} {
		r := post(t, "/acs", url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {relay}}.Encode())
		if got, err := p.State(r); err != nil || got != "" {
			t.Errorf("State() of RelayState %q = %q, %v, want none", relay, got, err)
		}
		if _, err := p.Finish(t.Context(), r, a); reasonOf(err) != sso.UnsolicitedResponse {
			t.Errorf("Finish() with RelayState %q = %v, want %s", relay, err, sso.UnsolicitedResponse)
		}
	}
	on := attempt(t, p, sso.SAMLDraft{IdPInitiated: true, ForceAuthn: true})
	on.RequestID = ""
	if who, err := p.Finish(t.Context(), returned(t, doc), on); err != nil || who.Subject != "a1b2" {
		t.Errorf("Finish() where providers may start = %+v, %v, want Alice", who, err)
	}
}

// TestSAML_014_NoTrustAnchor: a connection without certificates trusts nobody.
func TestSAML_014_NoTrustAnchor(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := attempt(t, p, sso.SAMLDraft{})
	pending := *a.Connection.SAML
	pending.Certificates[0].Pending = true
	for what, s := range map[string]*sso.SAML{"pending": &pending, "none": {EntityID: idp}} {
		a.Connection.SAML = s
		for _, m := range []samlforge.Mode{samlforge.SignAssertion, samlforge.SignResponse, samlforge.SignBoth} {
			o := honest(t)
			o.Mode = m
			if _, err := p.Finish(t.Context(), returned(t, build(t, o)), a); err == nil {
				t.Errorf("Finish() with certificates %s in mode %s = nil, want a refusal", what, m)
			}
		}
	}
	a.Connection.SAML = nil
	if _, err := p.Finish(t.Context(), returned(t, build(t, honest(t))), a); reasonOf(err) != sso.ConnectionInactive {
		t.Errorf("Finish() without settings = %v, want %s", err, sso.ConnectionInactive)
	}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	good := metadataOf(t, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, good) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 40 {
			_, _ = w.Write(make([]byte, 64<<10))
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	cert := once(t, idpKey).Cert
	byHand := func(change func(*sso.SAMLDraft)) sso.SAMLDraft {
		d := sso.SAMLDraft{EntityID: idp, SSOURL: "https://idp.corp.test/sso", Certificates: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))}
		change(&d)
		return d
	}
	for _, test := range []struct {
		name          string
		draft         sso.SAMLDraft
		field, reason string
	}{
		{"pasted", sso.SAMLDraft{Metadata: good}, "", ""},
		{"fetched", sso.SAMLDraft{MetadataURL: server.URL + "/good"}, "", ""},
		{"by hand", byHand(func(*sso.SAMLDraft) {}), "", ""},
		{"by hand, with log-out and post", byHand(func(d *sso.SAMLDraft) { d.SLOURL, d.RequestBinding = d.SSOURL, sso.BindingPOST }), "", ""},
		{"nothing", sso.SAMLDraft{}, "certificates", "certificate_missing"},
		{"by hand without an address", byHand(func(d *sso.SAMLDraft) { d.SSOURL = "" }), "sso_url", "endpoint_refused"},
		{"by hand by script", byHand(func(d *sso.SAMLDraft) { d.SSOURL = "javascript:alert(1)" }), "sso_url", "endpoint_refused"},
		{"by hand without a name", byHand(func(d *sso.SAMLDraft) { d.EntityID = "" }), "entity_id", "entity_id_invalid"},
		{"by hand with a strange name", byHand(func(d *sso.SAMLDraft) { d.EntityID = "a b" }), "entity_id", "entity_id_invalid"},
		{"another entity", sso.SAMLDraft{Metadata: good, EntityID: "https://other.test"}, "metadata", "unknown_entity"},
		{"not there", sso.SAMLDraft{MetadataURL: server.URL + "/nothing"}, "metadata_url", "unreachable"},
		{"loop", sso.SAMLDraft{MetadataURL: server.URL + "/loop"}, "metadata_url", "unreachable"},
		{"huge", sso.SAMLDraft{MetadataURL: server.URL + "/huge"}, "metadata_url", "too_large"},
		{"inside", sso.SAMLDraft{MetadataURL: "https://169.254.169.254/latest"}, "metadata_url", "unreachable"},
		{"a file", sso.SAMLDraft{MetadataURL: "file:///etc/passwd"}, "metadata_url", "unreachable"},
		{"transient", sso.SAMLDraft{Metadata: good, NameIDFormat: samlforge.Transient}, "name_id_format", "nameid_transient"},
		{"binding", sso.SAMLDraft{Metadata: good, RequestBinding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"}, "request_binding", "binding_missing"},
		{"class", sso.SAMLDraft{Metadata: good, AuthnContexts: []string{"a b"}}, "authn_contexts", "invalid"},
		{"pinned and not signed", sso.SAMLDraft{Metadata: good, PinnedKey: fingerprint(once(t, spKey).Cert)}, "pinned_key", "metadata_untrusted"},
		{"pinned by a key that it only lists", sso.SAMLDraft{Metadata: good, PinnedKey: fingerprint(cert)}, "metadata", "metadata_unsigned"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, err := p.Discover(t.Context(), sso.Draft{Protocol: sso.ProtocolSAML, SAML: &test.draft})
			if test.reason == "" {
				if err != nil || found.SAML.EntityID != idp || len(found.SAML.SSO) == 0 || len(found.SAML.Certificates) != 1 ||
					found.SAML.Certificates[0].Fingerprint != fingerprint(cert) {
					t.Errorf("Discover() = %+v, %v, want the provider", found.SAML, err)
				}
				return
			}
			e := errs.As(err)
			if err == nil || e.Code != "connection_invalid" || e.Fields[0].Name != test.field || e.Extra["reason"] != test.reason {
				t.Errorf("Discover() = %v %+v, want %s of %s", err, e.Extra, test.reason, test.field)
			}
		})
	}
}

func TestSAML_159_DiscoverWithAPinnedKey(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	key := once(t, idpKey)
	signed := metadataOf(t, func(o *samlforge.MetadataOptions) { o.Key = key })
	d := sso.SAMLDraft{Metadata: signed, PinnedKey: strings.ToUpper(fingerprint(key.Cert))}
	if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); err != nil {
		t.Errorf("Discover() of metadata signed by the pinned key = %v, want nil", err)
	}
	other := metadataOf(t, func(o *samlforge.MetadataOptions) { o.Key = once(t, tools).Attacker })
	d.Metadata = other
	if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); errs.CodeOf(err) != "connection_invalid" {
		t.Errorf("Discover() of metadata signed by another key = %v, want connection_invalid", err)
	}
}
