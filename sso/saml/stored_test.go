package saml_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func discover(tb testing.TB, p *saml.Provider, d sso.SAMLDraft) *sso.SAML {
	tb.Helper()
	found, err := p.Discover(tb.Context(), sso.Draft{Protocol: sso.ProtocolSAML, SAML: &d})
	if err != nil {
		tb.Fatal(err)
	}
	return found.SAML
}

func TestADraftWithoutASourceKeepsTheProvider(t *testing.T) {
	t.Parallel()
	reads := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reads++
		fmt.Fprint(w, metadataOf(t, func(o *samlforge.MetadataOptions) { o.Key = once(t, spKey) }))
	}))
	t.Cleanup(server.Close)
	p := newProvider(t)
	old := discover(t, p, sso.SAMLDraft{MetadataURL: server.URL, SHA1: true})
	long := now.AddDate(-1, 0, 0)
	old.LegacySHA1, old.Certificates[0].AddedAt = &long, long
	old.Certificates = append(old.Certificates, sso.SAMLCertificate{DER: once(t, spKey).Cert.Raw, Fingerprint: "by hand", ByHand: true})
	old.Metadata.Declined = []string{"declined"}
	snapshot := *old

	got := discover(t, p, sso.SAMLDraft{Stored: old, SHA1: true, InclusiveC14N: true, ForceAuthn: true})
	want := snapshot
	want.LegacyInclusive, want.ForceAuthn = &now, true
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("a draft that names no source (-want +got):\n%s", diff)
	}
	if reads != 1 {
		t.Errorf("the metadata was read %d times, want once", reads)
	}
	if got := discover(t, p, sso.SAMLDraft{Stored: old}); got.LegacySHA1 != nil {
		t.Error("a legacy switch that was taken back is still on")
	}
	// Another key to hold the metadata to: it is read again before that is believed.
	got = discover(t, p, sso.SAMLDraft{Stored: old, PinnedKey: fingerprint(once(t, spKey).Cert)})
	if reads != 2 || got.Metadata.PinnedKey != fingerprint(once(t, spKey).Cert) || !got.Certificates[0].AddedAt.Equal(long) ||
		len(got.Certificates) != 2 || !got.Certificates[1].ByHand || len(got.Metadata.Declined) != 1 {
		t.Errorf("with a pinned key = %+v after %d reads", got, reads)
	}
	pasted := discover(t, p, sso.SAMLDraft{Metadata: metadataOf(t, nil)})
	for name, d := range map[string]sso.SAMLDraft{
		"a key that signs nothing": {Stored: old, PinnedKey: fingerprint(once(t, idpKey).Cert)},
		"another entity":           {Stored: old, EntityID: "https://other.test"},
		"another entity, pasted":   {Stored: pasted, EntityID: "https://other.test"},
		"a key for what is pasted": {Stored: pasted, PinnedKey: fingerprint(once(t, spKey).Cert)},
		"transient names":          {Stored: old, NameIDFormat: samlforge.Transient},
	} {
		if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); errs.CodeOf(err) != "connection_invalid" {
			t.Errorf("Discover(%s) = %v, want connection_invalid", name, err)
		}
	}
}

func TestOnePartCanBeTypedAlone(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	old := discover(t, p, sso.SAMLDraft{Metadata: metadataOf(t, func(o *samlforge.MetadataOptions) {
		o.SLO = []samlforge.Endpoint{{Binding: sso.BindingPOST, Location: "https://idp.corp.test/slo"}}
	})})
	other := once(t, spKey).Cert
	got := discover(t, p, sso.SAMLDraft{Stored: old, Certificates: pemOf(other)})
	if len(got.Certificates) != 1 || got.Certificates[0].Fingerprint != fingerprint(other) || cmp.Diff(old.SSO, got.SSO)+cmp.Diff(old.SLO, got.SLO) != "" {
		t.Errorf("with another certificate = %+v, want the same endpoints", got)
	}
	got = discover(t, p, sso.SAMLDraft{Stored: old, SSOURL: "https://new.corp.test/sso"})
	if got.SSO[0].Location != "https://new.corp.test/sso" || cmp.Diff(old.Certificates, got.Certificates)+cmp.Diff(old.SLO, got.SLO) != "" {
		t.Errorf("with another address = %+v, want the same certificates", got)
	}
	d := sso.SAMLDraft{Stored: old, EntityID: "https://other.test", SSOURL: "https://new.corp.test/sso"}
	if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); errs.CodeOf(err) != "connection_invalid" {
		t.Errorf("another entity without its certificates = %v, want connection_invalid", err)
	}
}

// TestSAML_157_WhereBrowsersMayBeSent: a port of one's own is nothing bad for what only browsers visit; the rest of the policy holds.
func TestSAML_157_WhereBrowsersMayBeSent(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	t.Cleanup(guard.CloseIdleConnections)
	p, err := saml.New(saml.Config{Guard: guard, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for location, fine := range map[string]bool{
		"https://idp.corp.test/sso": true, "https://idp.corp.test:9031/idp/SSO.saml2": true, "https://idp.corp.test:8443/sso": true,
		"https://idp.corp.test:22/sso": false, "https://idp.corp.test:99999/sso": false, "http://idp.corp.test/sso": false,
		"https://127.0.0.1:9031/sso": false, "https://10.0.0.1:8443/sso": false, "https://169.254.169.254/sso": false, "https://localhost:8443/sso": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "//idp.corp.test/sso": false, "https://user@idp.corp.test:9031/sso": false,
		"https://idp.corp.test:9031@evil.test/sso": false, "https://idp.corp.test/sso#x": false,
	} {
		d := sso.SAMLDraft{Metadata: metadataOf(t, func(o *samlforge.MetadataOptions) {
			o.SSO = []samlforge.Endpoint{{Binding: sso.BindingRedirect, Location: location}}
		})}
		if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); (err == nil) != fine {
			t.Errorf("Discover() with the endpoint %q = %v, want permitted: %v", location, err, fine)
		}
	}
	d := sso.SAMLDraft{MetadataURL: "https://idp.corp.test:9031/metadata"}
	if _, err := p.Discover(t.Context(), sso.Draft{SAML: &d}); errs.As(err).Extra["network"] != string(netguard.BlockedPort) {
		t.Errorf("Discover() with metadata at such a port = %v %v, want that it is not fetched", err, errs.As(err).Extra)
	}
}

func TestSAML_160_SeveralProvidersAreAChoice(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	doc := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + metadataOf(t, nil) +
		metadataOf(t, func(o *samlforge.MetadataOptions) { o.EntityID = "https://second.test" }) + `</md:EntitiesDescriptor>`
	_, err := p.Discover(t.Context(), sso.Draft{SAML: &sso.SAMLDraft{Metadata: doc}})
	e := errs.As(err)
	if e.Code != "connection_invalid" || e.Extra["reason"] != "several_entities" || cmp.Diff(e.Extra["choices"], []string{idp, "https://second.test"}) != "" {
		t.Errorf("Discover() = %v %v, want a choice", err, e.Extra)
	}
	if got := discover(t, p, sso.SAMLDraft{Metadata: doc, EntityID: "https://second.test"}); got.EntityID != "https://second.test" {
		t.Errorf("Discover() with a choice = %s", got.EntityID)
	}
}

func TestSAML_155_RefreshStaysWithinThePolicy(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	t.Cleanup(guard.CloseIdleConnections)
	p, err := saml.New(saml.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody came") }))
	t.Cleanup(canary.Close)
	for _, address := range []string{canary.URL, "https://169.254.169.254/", "file:///etc/passwd", "https://[::1]/"} {
		got, err := p.Refresh(t.Context(), &sso.SAML{EntityID: idp, Metadata: sso.SAMLMetadata{URL: address}}, now)
		if err != nil || got.Problem != "unreachable" || len(got.Add)+len(got.Waiting)+len(got.Drop) != 0 || !got.Next.IsZero() {
			t.Errorf("Refresh(%s) = %+v, %v, want unreachable", address, got, err)
		}
	}
}

func pemOf(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}
