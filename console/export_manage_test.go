package console

import (
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// manageSamples are the pages for what owners and administrators set beside the connections.
func manageSamples() []Sample {
	at := time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC)
	evil := `<script>alert("1")</script>`
	return slices.Concat(advancedSamples(at, evil), setupLinkSamples(momentOf(at), evil), routingSamples(evil), invitationSamples(momentOf(at), evil), memberSamples(momentOf(at), evil), roleSamples(momentOf(at), evil), usageSamples(evil))
}

func advancedSamples(at time.Time, evil string) []Sample {
	key := func(slot sso.KeySlot, n byte, days int) sso.ConnectionKey {
		return sso.ConnectionKey{
			ID: id.From[id.ConnectionKey]([16]byte{15: n}), Slot: slot, Certificate: []byte{n}, CreatedAt: at.AddDate(0, 0, days-1096), NotAfter: at.AddDate(0, 0, days),
		}
	}
	shown := func(groups []switchGroup) []switchGroup {
		for _, g := range groups {
			for i := range g.Rows {
				g.Rows[i].State = onBadge(g.Rows[i])
			}
		}
		return groups
	}
	metadata := copyValue{"metadata", "Our metadata, for the provider", "https://id.example.com/gate/sso/saml/con_1/metadata"}
	keys := []sso.ConnectionKey{key(sso.ActiveKey, 1, 24), key(sso.NextKey, 2, 1095), key(sso.RetiredKey, 3, -3)}
	return []Sample{
		{"advanced", advancedPage{
			ID: "con_1", Name: "Acme Okta", State: badge{"Optional", good}, Mayact: true, Metadata: metadata, Keys: keyRowsOf(keys, at), Moves: keyMovesOf(keys),
			Groups: shown([]switchGroup{
				{"accepted", "What the provider may send", "Both are off until you need them.", []switchRow{
					{Key: "encryption", Name: "Encrypted assertions", Text: "Assertions may come encrypted.", On: true},
					{Key: "idp_initiated", Name: "Sign-in that the provider starts", Text: "For tiles.", Danger: "Foreign accounts.", Confirm: "Accept sign-ins that nobody here has asked for"},
				}},
				{"legacy", "Legacy switches", "Use them to move, not to stay.", []switchRow{
					{Key: "sha1", Name: "Signatures with SHA-1", Danger: "It can be forged.", Confirm: "Accept it", On: true, Legacy: true, Since: momentOf(at), Used: momentOf(at), By: "Olivia Acme"},
					{Key: "response_only", Name: "Response signed, assertion not", Danger: "The envelope counts.", Confirm: "Accept it", Legacy: true},
				}},
			}),
		}},
		{"advanced-evil", advancedPage{
			ID: "con_1", Name: evil, State: badge{evil, calm}, Metadata: metadata, Problem: evil, Keys: keyRowsOf(keys[:1], at), Moves: keyMovesOf(keys[:1]),
			Groups: []switchGroup{{"legacy", evil, evil, []switchRow{{Key: "sha1", Name: evil, Text: evil, Danger: evil, On: true, Legacy: true, By: evil}}}},
		}},
	}
}

func setupLinkSamples(at moment, evil string) []Sample {
	email := field{ID: "email", Label: "E-mail of who sets it up", Type: "email", Hint: "The link is mailed there.", Optional: true}
	wrong := email
	wrong.Value, wrong.Problem = evil, "This is not an e-mail address that can be used."
	return []Sample{
		{"setup-links", setupLinksPage{
			Made: madeLink{copyValue{"made-link", "The link", "https://id.example.com/gate/setup/open#ghs_1"}, "it@acme.example", at}, Mayact: true, Email: email,
			Connections: []option{{Label: "A new one", Chosen: true}, {Value: "con_1", Label: "Acme Okta"}}, Lives: chosen(linkLives(), "7"), Older: "?before=stl_4",
			Rows: []setupLinkRow{
				{ID: "stl_1", For: "it@acme.example", Connection: "A new connection", By: "Olivia Acme", State: badge{"Not opened yet", careful}, Made: at, Until: at, Open: true},
				{ID: "stl_2", For: "Handed over", Connection: "Acme Okta", By: "The operator", State: badge{"In use", good}, Made: at, Until: at, Opened: at, Ends: at, Used: at, Open: true},
				{ID: "stl_3", For: "x@acme.example", Connection: "A new connection", By: "Olivia Acme", State: badge{"Used up", calm}, Made: at, Until: at, Opened: at, Ends: at},
				{ID: "stl_4", For: evil, Connection: evil, By: evil, State: badge{"Revoked", bad}, Made: at, Until: at, Over: at},
			},
		}},
		{"setup-links-none", setupLinksPage{
			Again: again{true, "/gate/reauthenticate", "/sso/setup-links"}, Mayact: true, Email: wrong, Lives: chosen(linkLives(), "1"),
			Problems: problems{"No link was made", "", []problem{{"email", wrong.Problem}}},
		}},
	}
}

func routingSamples(evil string) []Sample {
	list := []sso.Connection{{ID: id.From[id.Connection]([16]byte{15: 1}), Name: "Acme Okta", Status: sso.Required}, {ID: id.From[id.Connection]([16]byte{15: 2}), Name: evil, Status: sso.Drafted}}
	rule := func(n byte, c int, domain string, emails ...string) sso.Rule {
		return sso.Rule{ID: id.From[id.RoutingRule]([16]byte{15: n}), ConnectionID: list[c].ID, Domain: domain, Emails: emails}
	}
	emails := field{ID: "emails", Label: "Addresses", Hint: "One a line."}
	wrong := emails
	wrong.Value, wrong.Problem = evil, "Use addresses at the organization's domains."
	return []Sample{
		{"routing", routingPage{
			Mayact: true, Whom: "domain", Domains: []option{{Value: "acme.example", Label: "acme.example", Chosen: true}}, Emails: emails,
			Connections: []option{{Value: "con_1", Label: "Acme Okta"}, {Value: "con_2", Label: evil, Chosen: true}},
			Rows: ruleRowsOf([]sso.Rule{
				rule(1, 0, "", "a@acme.example", "b@acme.example", "c@acme.example", evil), rule(2, 0, "", "d@acme.example"), rule(3, 1, "acme.example"), rule(4, 0, ""),
			}, list),
		}},
		{"routing-none", routingPage{
			Again: again{true, "/gate/reauthenticate", "/sso/routing"}, Mayact: true, Whom: "emails", Domains: []option{{Value: "acme.example", Label: "acme.example"}},
			Emails: wrong, Connections: []option{{Value: "con_1", Label: "Acme Okta"}}, Problems: problems{"Nothing was changed", "", []problem{{"emails", wrong.Problem}}},
		}},
	}
}

func invitationSamples(at moment, evil string) []Sample {
	email := field{ID: "email", Label: "E-mail", Type: "email", Hint: "Only who proves this address can accept."}
	wrong := email
	wrong.Value, wrong.Problem = evil, "This is not an e-mail address that can be used."
	return []Sample{
		{"invitations", invitationsPage{
			Tenant: "Acme Robotics", Email: email, Roles: []roleOption{{"member", "Member", true}, {"owner", "Owner", false}, {"rol_1", evil, false}}, Older: "?before=inv_3",
			Rows: []invitationRow{
				{ID: "inv_1", Email: "new@acme.example", Role: "member", By: "Olivia Acme", State: badge{"Waiting", careful}, Sent: at, Until: at, Mayact: true},
				{ID: "inv_2", Email: "boss@acme.example", Role: "owner", By: "An API key", State: badge{"Expired", bad}, Sent: at, Until: at, Sends: "3 times"},
				{ID: "inv_3", Email: evil, Role: evil, By: evil, State: badge{"Waiting", careful}, Sent: at, Until: at, Mayact: true},
			},
		}},
		{"invitations-none", invitationsPage{
			Tenant: evil, Email: wrong, Roles: []roleOption{{"viewer", "Viewer", true}},
			Problems: problems{"That was not done", "", []problem{{"email", wrong.Problem}}},
		}},
	}
}
