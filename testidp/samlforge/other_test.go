package samlforge_test

import (
	"encoding/xml"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	post := samlforge.Post{ACS: acs, Document: build(t, options(t)), RelayState: "state"}
	honest := post.Form().Encode()
	seen := map[string]bool{}
	for _, r := range samlforge.Requests() {
		if seen[r.ID] || r.Title == "" || r.Outcome == "" {
			t.Errorf("request %s is incomplete or its ID is taken", r.ID)
		}
		seen[r.ID] = true
		got, err := r.Build(post)
		if err != nil {
			t.Fatalf("%s: Build() = %v", r.ID, err)
		}
		var body []byte
		if got.Body != nil {
			body, err = io.ReadAll(got.Body)
		}
		plain := got.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && got.Method == "POST" && got.URL.RawQuery == ""
		if err != nil || plain && string(body) == honest {
			t.Errorf("%s (%s) is the honest request (%v)", r.ID, r.Title, err)
		}
	}
}

func logoutOptions(tb testing.TB) samlforge.LogoutOptions {
	tb.Helper()
	return samlforge.LogoutOptions{
		IdP: idp, Destination: "https://sp.test/slo", Now: time.Now(), Subject: samlforge.NameID{Value: "alice@honest.test"},
		SessionIndex: "_s", InResponseTo: requestID, Key: must(tb, idpKey), ID: "_l", RelayState: "state",
	}
}

func TestLogoutScenarios(t *testing.T) {
	t.Parallel()
	shared := must(t, tools)
	seen := map[string]bool{}
	for _, s := range samlforge.LogoutScenarios() {
		if seen[s.ID] || s.Title == "" || s.Outcome == "" || len(s.Bindings) == 0 {
			t.Errorf("scenario %s is incomplete or its ID is taken", s.ID)
		}
		seen[s.ID] = true
		for _, binding := range s.Bindings {
			o := logoutOptions(t)
			got, err := s.Build(o, binding, shared)
			if err != nil {
				t.Fatalf("%s: Build(%s) = %v", s.ID, binding, err)
			}
			o.Binding = binding
			honest, err := samlforge.LogoutRequest(o)
			if s.Message == samlforge.SAMLResponse {
				honest, err = samlforge.LogoutResponse(o)
			}
			if err != nil {
				t.Fatalf("honest message: %v", err)
			}
			if got.Query == honest.Query && got.Form.Encode() == honest.Form.Encode() {
				t.Errorf("%s (%s) is the honest message", s.ID, s.Title)
			}
		}
	}
}

func TestHonestLogoutResponseIsAccepted(t *testing.T) {
	t.Parallel()
	o := logoutOptions(t)
	m, err := samlforge.LogoutResponse(o)
	if err != nil {
		t.Fatalf("LogoutResponse() = %v", err)
	}
	raw, err := samlforge.Metadata(samlforge.MetadataOptions{EntityID: idp, Signing: certs(o.Key)})
	if err != nil {
		t.Fatalf("Metadata() = %v", err)
	}
	var metadata saml.EntityDescriptor
	if err := xml.Unmarshal(raw, &metadata); err != nil {
		t.Fatalf("read metadata: %v", err)
	}
	slo, _ := url.Parse(o.Destination)
	party := saml.ServiceProvider{SloURL: *slo, IDPMetadata: &metadata}
	if err := party.ValidateLogoutResponseForm(m.Form.Get("SAMLResponse")); err != nil {
		t.Errorf("ValidateLogoutResponseForm() = %v", err)
	}
}

func TestMetadataScenarios(t *testing.T) {
	t.Parallel()
	shared, now := must(t, tools), time.Now()
	o := samlforge.MetadataOptions{
		EntityID: idp, Signing: certs(must(t, idpKey)), Key: must(t, spKey), ID: "_m",
		SSO: []samlforge.Endpoint{{Binding: samlforge.RedirectBinding, Location: "https://idp.test/sso"}},
	}
	honest, err := samlforge.Metadata(o)
	if err != nil {
		t.Fatalf("Metadata() = %v", err)
	}
	seen := map[string]bool{}
	for _, s := range samlforge.MetadataScenarios() {
		if seen[s.ID] || s.Title == "" || s.Outcome == "" {
			t.Errorf("scenario %s is incomplete or its ID is taken", s.ID)
		}
		seen[s.ID] = true
		got, err := s.Build(o, now, shared)
		if err != nil {
			t.Fatalf("%s: Build() = %v", s.ID, err)
		}
		if string(got) == string(honest) {
			t.Errorf("%s (%s) is the honest document", s.ID, s.Title)
		}
		if strings.HasPrefix(s.ID, "SAML-160") && len(got) > 1<<20 {
			t.Errorf("%s has %d bytes: too large to prove anything but that", s.ID, len(got))
		}
	}
}
