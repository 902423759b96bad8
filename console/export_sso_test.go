package console

import (
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// Legible is how the page of a document shows it.
func Legible(kind, text string) string { return legible(sso.Document{Kind: kind, Text: []byte(text)}) }

// ssoSamples are the pages on which administrators look after single sign-on.
func ssoSamples(at moment, request, evil string) []Sample {
	row := attemptRow{"att_1", at, "alice@acme.example", badge{"Refused", bad}, "The provider's answer is for another application", "audience_mismatch", "Started here", "Acme Okta", request}
	lost := attemptRow{"att_2", at, "Not known", badge{"Never came back", careful}, "", "", "Started here", "Acme Okta", request}
	worst := attemptRow{"att_3", at, evil, badge{evil, bad}, evil, evil, evil, evil, evil}
	hint, _ := guide.HintFor("okta", guide.SAML, string(sso.AudienceMismatch))
	changes := []sso.Change{{Field: "state", From: "testing", To: "optional"}, {Field: "certificates", From: "", To: "0a1b2c3d4e5f"}}
	cause := causeView{
		"14 people failed since 9 March 09:12 UTC because the provider's certificate has changed.", "signature_key_unknown", "0a1b2c", "3d4e5f", "An administrator of the organization, here",
		"Import its new metadata.", "Okta",
		guide.Text{{Text: "Open "}, {Text: "Sign On", Bold: true}, {Text: " and copy "}, {Text: "https://x", Code: true}},
		at,
	}
	return []Sample{
		{"connections", connectionsPage{Tenant: "Acme Robotics", MayWrite: true, Rows: []connectionRow{
			{"con_1", "Acme Okta", "SAML 2.0", "Okta", badge{"Required", good}, []string{"acme.example", "acme.test"}, at, 132, 14, badge{"12 days left", bad}},
			{"con_2", "Contractors", "OpenID Connect", "Google Workspace", badge{"Draft", calm}, nil, moment{}, 0, 0, badge{}},
		}}},
		{"connections-none", connectionsPage{Tenant: "Acme Robotics", MayWrite: true, Besides: []wayTo{{"Set-up links", "Let somebody outside connect a provider", "/sso/setup-links"}, {"Routing", "Over which connection who signs in", "/sso/routing"}}}},
		{"connections-evil", connectionsPage{Tenant: evil, Rows: []connectionRow{{evil, evil, evil, evil, badge{evil, calm}, []string{evil}, at, 1, 1, badge{evil, good}}}}},
		{"connection", connectionPage{
			ID: "con_1", Name: "Acme Okta", Protocol: "SAML 2.0", Provider: "Okta", Issuer: "http://www.okta.com/exk1", State: badge{"Optional", good}, Steps: stepsOf(sso.Optional),
			Forward: []stateMove{{"required", "Make it the only way in", []string{"Everybody has to use this connection. People who use Google today will have to use it too."}, "1 of 2 people have signed in so far.", true}},
			Back:    []stateMove{{"testing", "Back to testers only", []string{"Only the testers can sign in through it."}, "", false}, {"disabled", "Switch it off", []string{"Nobody can sign in through it."}, "", true}},
			Proof:   []proofItem{{"An owner has signed in: Olivia", true}, {"A second person signs in through it", false}},
			Problem: "Two different people must have signed in.", Watch: watchNotice{at, changes}, Frozen: at, Owner: true, Mayact: true,
			Pulse:  pulseView{at, 132, 14, barsOf([]sso.Hour{{At: time.Date(2026, 3, 9, 13, 0, 0, 0, time.UTC), Succeeded: 12}, {At: time.Date(2026, 3, 9, 14, 0, 0, 0, time.UTC), Succeeded: 3, Refused: 14}})},
			Causes: []causeView{cause}, Attempts: []attemptRow{row, lost},
			Certificates: []certificateRow{
				{"Theirs", "signs what the provider sends", "CN=okta", "0A:1B", "0a1b", at, at, badge{"12 days left", bad}, 96, false},
				{"Theirs", "was found in the provider's metadata, and is not trusted yet", "CN=okta 2", "3D:4E", "3d4e", at, at, badge{"1000 days left", good}, 1, true},
				{"Ours", "signs our requests", "Gatehouse", "AA:BB", "aabb", at, at, badge{"700 days left", good}, 33, false},
			},
			Metadata: metadataView{"https://acme.okta.example/metadata", "It names another entity ID.", at, at},
			Domains:  []domainRow{{"acme.example", "Everybody of the domain", badge{"Verified", good}, moment{}}, {"acme.test", "By a routing rule", badge{"Record lost", careful}, at}},
			Settings: []testedFact{{"E-mail", "", "email"}, {"Groups", "", "groups"}}, Groups: []sso.GroupRole{{Group: "Engineering", Role: "member"}},
			SAML: true, Testers: []string{"alice@acme.example"}, Legacy: []legacyRow{{"Signatures with SHA-1", "Switch this off.", at}},
			History: []revisionRow{{at, "Olivia Acme", changes}, {at, "An API key", nil}},
		}},
		{"connection-draft", connectionPage{
			ID: "con_2", Name: "Contractors", Protocol: "OpenID Connect", Provider: "Another provider", Issuer: "https://id.example", State: badge{"Draft", calm}, Steps: stepsOf(sso.Drafted),
			Forward: []stateMove{{"testing", "Let the testers in", []string{"Only the testers can sign in through it."}, "", false}},
		}},
		{"connection-evil", connectionPage{
			ID: evil, Name: evil, Protocol: evil, Provider: evil, Issuer: evil, State: badge{evil, evil}, Forward: []stateMove{{evil, evil, []string{evil}, "", true}},
			Causes: []causeView{{evil, evil, evil, evil, evil, evil, evil, guide.Text{{Text: evil}}, at}}, Attempts: []attemptRow{worst}, Testers: []string{evil},
			Certificates: []certificateRow{{evil, evil, evil, evil, evil, at, at, badge{evil, evil}, 5, true}}, Groups: []sso.GroupRole{{Group: evil, Role: "member"}}, Mayact: true,
		}},
		{"attempts", attemptsPage{
			Connection: "con_1", Name: "Acme Okta", Outcomes: chosen(outcomes(), "refused"), Sinces: chosen(sinces(), "24h"), Rows: []attemptRow{row, lost}, Older: "?before=att_2",
		}},
		{"attempts-all", attemptsPage{Outcomes: chosen(outcomes(), ""), Sinces: chosen(sinces(), ""), Rows: []attemptRow{row, worst}, Connected: true}},
		{"attempts-none", attemptsPage{Outcomes: chosen(outcomes(), ""), Sinces: chosen(sinces(), ""), Trace: evil}},
		{"attempt", attemptPage{
			ID: "att_1", Trace: request, Connection: "con_1", Name: "Acme Okta", Outcome: badge{"Refused", bad}, Heading: "Sign-in refused",
			Sentence: "Because the provider's answer is for another application.", At: at, Owner: true, Kind: "SAML response",
			Diagnosis: diagnosis{
				"audience_mismatch", "Audience", "https://id.example.com/sso/saml/con_1/metadata", "https://other.example", "Your sign-in could not be verified.",
				"The administrator of the identity provider", "Set the audience to this connection's entity ID.", "Okta", hint,
			},
			Stages: stagesOf(sso.Record{ID: id.Attempt{}, Stage: sso.Returned, Outcome: sso.Refused, Reason: sso.AudienceMismatch, CreatedAt: time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC)}),
			Failed: []testedCheck{{"Audience", "https://id.example.com", evil, false}},
			Passed: []testedCheck{{"Signature", "", "RSA-SHA256", true}, {"Status", "", "", true}},
			Facts:  []testedFact{{"Person", "", "alice@acme.example"}, {"Browser", "", "Firefox on Linux"}}, Claims: []sso.Claim{{Name: "email", Values: []string{"•••@acme.example"}}},
		}},
		{"attempt-lost", attemptPage{
			ID: "att_2", Trace: request, Outcome: badge{"Never came back", careful}, Heading: "Sign-in never came back", Sentence: "The person did not return.", At: at,
			Stages: stagesOf(sso.Record{Stage: sso.Redirected, Outcome: sso.Pending}),
		}},
		{"document", documentPage{Attempt: "att_1", Kind: "SAML response", Text: "<samlp:Response>\n<script>alert(1)</script>", At: at, Size: 4711}},
		{"reauth", reauthPage{Email: "alice@acme.example", ReturnTo: "/sso/con_1"}},
	}
}
