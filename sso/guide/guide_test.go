package guide_test

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

func TestProvidersAreThoseThatCustomersHave(t *testing.T) {
	t.Parallel()
	both := []string{guide.SAML, guide.OIDC}
	want := []guide.Provider{
		{Key: "okta", Name: "Okta", Protocols: both},
		{Key: "entra", Name: "Microsoft Entra ID", Protocols: both},
		{Key: "google", Name: "Google Workspace", Protocols: []string{guide.SAML}}, // custom apps there are SAML only
		{Key: "onelogin", Name: "OneLogin", Protocols: both},
		{Key: "jumpcloud", Name: "JumpCloud", Protocols: both},
		{Key: "pingone", Name: "PingOne", Protocols: both},
		{Key: "adfs", Name: "AD FS", Protocols: both},
		{Key: "keycloak", Name: "Keycloak", Protocols: both},
		{Key: "auth0", Name: "Auth0", Protocols: both},
		{Key: guide.Generic, Name: "Another provider", Protocols: both},
	}
	if diff := cmp.Diff(want, guide.Providers()); diff != "" {
		t.Errorf("Providers() (-want +got):\n%s", diff)
	}
}

func TestEachGuideSaysWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			if _, err := time.Parse(time.DateOnly, g.Read); err != nil {
				t.Errorf("Read = %q, want a date", g.Read)
			}
			for _, s := range g.Sources {
				if u, err := url.Parse(s.URL); err != nil || u.Scheme != "https" || s.Covers == "" {
					t.Errorf("Sources has %+v, want an https address and what it covers", s)
				}
			}
			unchecked := g.Unchecked.String()
			if len(g.Sources) == 0 && unchecked == "" {
				t.Error("the guide names neither a source nor that it has none")
			}
			const admission = "General knowledge, not checked against the vendor's documentation"
			if unchecked != "" && !strings.HasPrefix(unchecked, admission) {
				t.Errorf("Unchecked = %q, want it to begin with %q", unchecked, admission)
			}
		})
	}
}

func TestEachGuideLeadsToAllThatIsNeeded(t *testing.T) {
	t.Parallel()
	asked := map[string][]string{guide.SAML: {guide.ACSURL, guide.EntityID}, guide.OIDC: {guide.RedirectURI}}
	brought := map[string][][]string{
		guide.SAML: {{guide.BringMetadataURL, guide.BringMetadataFile}},
		guide.OIDC: {{guide.BringIssuer}, {guide.BringClientID}, {guide.BringClientSecret}},
	}
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			if len(g.Steps) < 4 {
				t.Errorf("len(Steps) = %d, want at least 4", len(g.Steps))
			}
			var used, brings []string
			for _, s := range g.Steps {
				if s.Title == "" || len(s.Text) == 0 {
					t.Errorf("step %+v has no title or no text", s)
				}
				for _, f := range s.Fields {
					if f.Label == "" || len(f.Value) == 0 {
						t.Errorf("step %q has a field without label or value", s.Title)
					}
					used = append(used, placeholders(f.Value)...)
				}
			}
			for _, need := range asked[g.Protocol] {
				if !slices.Contains(used, need) {
					t.Errorf("no field takes {{%s}}", need)
				}
			}
			for _, b := range g.Bring {
				if len(b.Where) == 0 || b.Shape == "" {
					t.Errorf("item %q does not say where it is found and what it looks like", b.What)
				}
				brings = append(brings, b.What)
			}
			for _, either := range brought[g.Protocol] {
				if !slices.ContainsFunc(either, func(what string) bool { return slices.Contains(brings, what) }) {
					t.Errorf("Bring = %q, want one of %q", brings, either)
				}
			}
			for _, foreign := range []string{guide.ACSURL, guide.EntityID, guide.MetadataURL, guide.SLOURL} {
				if g.Protocol == guide.OIDC && slices.Contains(used, foreign) {
					t.Errorf("an OIDC guide asks for {{%s}}", foreign)
				}
			}
		})
	}
}

func placeholders(t guide.Text) []string {
	var names []string
	for _, s := range t {
		if s.Placeholder != "" {
			names = append(names, s.Placeholder)
		}
	}
	return names
}

var oidcClaim = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$`) // as a connection takes it

func TestEachPresetIsComplete(t *testing.T) {
	t.Parallel()
	formats := []string{"persistent", "email", "unspecified"} // transient is refused
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			p := g.Preset
			if p.Email == "" || p.Groups == "" || p.Name == "" && (p.FirstName == "" || p.LastName == "") {
				t.Errorf("Preset = %+v, want address, groups and name", p)
			}
			if len(p.Sending) == 0 || len(p.Limits) == 0 {
				t.Error("Preset does not say how groups are sent and where they end")
			}
			switch g.Protocol {
			case guide.SAML:
				if !slices.Contains(formats, p.NameID) {
					t.Errorf("Preset.NameID = %q, want one of %q", p.NameID, formats)
				}
			default:
				if p.NameID != "" {
					t.Errorf("Preset.NameID = %q, want none with OIDC", p.NameID)
				}
				for _, claim := range []string{p.Email, p.Name, p.FirstName, p.LastName, p.Groups} {
					if claim != "" && !oidcClaim.MatchString(claim) {
						t.Errorf("Preset has the claim %q, which no connection takes", claim)
					}
				}
			}
		})
	}
}

func TestEachMistakeHasAReasonOfARefusedSignIn(t *testing.T) {
	t.Parallel()
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			if len(g.Mistakes) < 4 {
				t.Errorf("len(Mistakes) = %d, want at least 4", len(g.Mistakes))
			}
			seen := map[string]bool{}
			reason := func(r string) {
				if got := sso.ReasonOf(sso.Refuse(sso.Reason(r))); string(got) != r || got == sso.Broken {
					t.Errorf("reason %q is none of package sso", r)
				}
				if seen[r] {
					t.Errorf("reason %q is told twice, and the second is never shown", r)
				}
				seen[r] = true
				if text, ok := g.Hint(r); !ok || len(text) == 0 {
					t.Errorf("Hint(%q) = %q, %v, want a hint", r, text, ok)
				}
			}
			for _, m := range g.Mistakes {
				if len(m.Wrong) == 0 || len(m.Symptom) == 0 || len(m.Fix) == 0 {
					t.Errorf("mistake %q is not complete", m.Reason)
				}
				reason(m.Reason)
			}
			for _, h := range g.Hints {
				reason(h.Reason)
			}
			for _, s := range g.Stops {
				if len(s.Sees) == 0 || len(s.Fix) == 0 {
					t.Errorf("stop %q is not complete", s.Sees)
				}
			}
		})
	}
}

func TestGuidesOfOneProtocolNameNoReasonOfTheOther(t *testing.T) {
	t.Parallel()
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			foreign := regexp.MustCompile(`^(id_token_|token_|userinfo_|nonce_|callback_|provider_|access_token_|keys_|claims_|subject_invalid|directory_)`)
			if g.Protocol == guide.OIDC {
				foreign = regexp.MustCompile(`^(response_|assertion_|nameid_|signature_|decryption_|encryption_|recipient_|destination_|idp_cert|unsolicited_|in_response|conditions_|attributes_|artifact_|authn_)`)
			}
			for _, m := range g.Mistakes {
				if foreign.MatchString(m.Reason) {
					t.Errorf("a %s guide tells of %q", g.Protocol, m.Reason)
				}
			}
		})
	}
}

func TestHintForFallsBackToTheGenericGuide(t *testing.T) {
	t.Parallel()
	text, ok := guide.HintFor("entra", guide.OIDC, string(sso.TokenRefused))
	if !ok || !strings.Contains(text.String(), "Certificates & secrets") {
		t.Errorf("HintFor(entra, oidc, token_refused) = %q, %v, want Entra's own menu", text, ok)
	}
	generic, ok := guide.HintFor(guide.Generic, guide.SAML, string(sso.AssertionExpired))
	if !ok {
		t.Fatal("HintFor(generic, saml, assertion_expired) has no hint")
	}
	for _, provider := range []string{"", "nobody", "google"} {
		if got, ok := guide.HintFor(provider, guide.SAML, string(sso.AssertionExpired)); !ok || got.String() != generic.String() {
			t.Errorf("HintFor(%q, saml, assertion_expired) = %q, %v, want the generic hint", provider, got, ok)
		}
	}
	if got, ok := guide.HintFor("okta", guide.SAML, "no_such_reason"); ok {
		t.Errorf("HintFor of an unknown reason = %q, want none", got)
	}
}

func TestFillPutsTheValuesOfAConnection(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		guide.ACSURL: "https://sp.example.com/acs", guide.EntityID: "https://sp.example.com/metadata", guide.MetadataURL: "https://sp.example.com/metadata",
		guide.SLOURL: "https://sp.example.com/slo", guide.RedirectURI: "https://sp.example.com/callback", guide.LoginURL: "https://sp.example.com/login/acme",
	}
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			filled := g.Fill(values)
			for _, s := range filled.Steps {
				for _, f := range s.Fields {
					if strings.Contains(f.Value.String(), "{{") {
						t.Errorf("field %q = %q after Fill", f.Label, f.Value)
					}
				}
			}
			for _, m := range filled.Mistakes {
				if text := m.Wrong.String() + m.Symptom.String() + m.Fix.String(); strings.Contains(text, "{{") {
					t.Errorf("mistake %q has %q after Fill", m.Reason, text)
				}
			}
			again, _ := guide.Find(g.Provider, g.Protocol)
			if diff := cmp.Diff(g, again); diff != "" {
				t.Errorf("Fill changed the shared guide (-before +after):\n%s", diff)
			}
		})
	}
}

func TestNoFileIsForgotten(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("guides")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(guide.All()); got != len(entries) {
		t.Errorf("All() has %d guides, want the %d files of guides/", got, len(entries))
	}
}

func TestSettingsToPasteAreJSON(t *testing.T) {
	t.Parallel()
	values := map[string]string{guide.ACSURL: "https://sp.example.com/acs", guide.EntityID: "https://sp.example.com/metadata"}
	for _, g := range guide.All() {
		t.Run(g.Provider+"/"+g.Protocol, func(t *testing.T) {
			t.Parallel()
			for _, s := range g.Fill(values).Steps {
				for _, f := range s.Fields {
					if text := f.Value.String(); strings.HasPrefix(text, `{"`) && !json.Valid([]byte(text)) {
						t.Errorf("field %q = %s, want JSON", f.Label, text)
					}
				}
			}
		})
	}
}
