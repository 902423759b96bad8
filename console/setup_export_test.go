package console

import (
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// setupSamples are the pages of the set-up as an owner, an administrator whose sign-in was a while ago, and the holder of a link meet them.
func setupSamples() []Sample {
	at := momentOf(time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC))
	okta, _ := guide.Find("okta", guide.SAML)
	adfs, _ := guide.Find("adfs", guide.SAML)
	entra, _ := guide.Find("entra", guide.OIDC)
	evil := `"><script>alert("1")</script>`
	var con id.Connection
	if err := con.UnmarshalText([]byte("con_0678x2k9ew0s30c9h6gp00001g")); err != nil {
		panic(err)
	}
	tested := time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC)
	draft := sso.Connection{ID: con, Protocol: sso.ProtocolSAML, Status: sso.Drafted, Name: "Okta"}
	live := sso.Connection{ID: con, Protocol: sso.ProtocolSAML, Status: sso.Optional, Name: "Okta", TestedAt: &tested}
	walkAt := func(j journey, step int) walk {
		c := &Console{prefix: "/gate"}
		return c.walkOf(viewer{principal: &authn.Principal{Kind: authn.Member, Role: "owner"}, tenant: "Acme Robotics", slug: "acme"}, j, step)
	}
	outside := func(w walk) walk { w.Outside, w.Until = true, at; return w }
	value := func(id, label, text string) copyValue { return copyValue{id, label, text} }
	base := "https://id.example.com/gate/sso/saml/" + con.String()
	drawn := func(g guide.Guide, j journey) guidePage {
		g = g.Fill(map[string]string{
			guide.ACSURL: base + "/acs", guide.EntityID: base + "/metadata", guide.MetadataURL: base + "/metadata", guide.SLOURL: base + "/slo",
			guide.LoginURL: "https://id.example.com/gate/login/acme", guide.RedirectURI: "https://id.example.com/gate/sso/oidc/" + con.String() + "/callback",
		})
		return guidePageOf(g, []copyValue{
			value("value-entity", "Entity ID, also the address of our metadata", base+"/metadata"),
			value("value-acs", "Assertion consumer service (ACS URL)", base+"/acs"), value("value-slo", "Single logout (SLO URL), optional", base+"/slo"),
		}, walkAt(j, atGuide), j)
	}
	plan := journey{guide: okta, plan: "con_1.saml.okta.t0.mac"}
	made := journey{guide: okta, connection: draft}
	details := func(j journey, t typedDetails, wrong problems) detailsPage {
		p := t.page(j, wrong)
		p.Walk = walkAt(j, atDetails)
		return p
	}
	choose := details(plan, typedDetails{name: "Okta", source: byDocument, document: "<EntitiesDescriptor/>"}, problems{
		"This cannot be saved yet", "", []problem{{"metadata", "The document describes 2 identity providers. Choose below which of them your people sign in at."}},
	})
	choose.Choices = choicesOf([]string{"https://idp.acme.example/a", evil}, "")
	oidcPlan := journey{guide: entra, plan: "con_1.oidc.entra.t0.mac"}
	stale := details(made, typedDetails{name: "Okta", source: asStored}, problems{})
	stale.Walk.Stale, stale.Stored = true, "http://www.okta.com/exk1a2b3c4"
	builtinLent := lent{roles: []tenants.GrantableRole{{Role: "viewer"}, {Role: "member"}, {Role: "admin"}}}
	own := lent{roles: append(builtinLent.roles, tenants.GrantableRole{Role: "rol_00000000000000000000000001", Name: "Front desk"}, tenants.GrantableRole{Role: "rol_00000000000000000000000002", Name: evil})}
	mapping := mappingPageOf(own, made, typedMapping{
		sso.ClaimMapping{Email: "email", Name: "name", Groups: "groups"}, []sso.GroupRole{{Group: "Engineering", Role: "admin"}, {Group: evil, Role: "viewer"}}, true, "member", 3,
	}, problems{})
	mapping.Walk = walkAt(made, atMapping)
	wrongMapping := mappingPageOf(builtinLent, made, typedMapping{
		sso.ClaimMapping{Email: "sub"}, nil, false, "owner", 3,
	}, problems{"This cannot be saved yet", "", []problem{{"email", "Use the name of a claim about the person."}, {"default_role", "Use admin, member or viewer: an owner is never made by a provider."}}})
	_, moved := outdatedForm()
	oldMapping := mappingPageOf(own, made, typedMapping{sso.ClaimMapping{Email: "email"}, nil, true, "member", 4}, moved)
	oldMapping.Walk = walkAt(made, atMapping)
	wrongMapping.Walk = walkAt(made, atMapping)
	newDomain := field{ID: "domain", Label: "Domain", Type: "text", Hint: "Exactly what stands after the @, such as company.com. A sub-domain is another domain."}
	badDomain := newDomain
	badDomain.Value, badDomain.Problem = "gmail.com", "Everybody can have an address there, so nobody can claim it."
	record, text := value("record-dom_1", "Name of the TXT record for acme.example", "_gatehouse-challenge.acme.example"),
		value("text-dom_1", "Value of the TXT record for acme.example", "gatehouse-domain-verification=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHP")
	done := activatePageOf(viewer{principal: &authn.Principal{Kind: authn.Member, Role: "owner"}}, journey{guide: okta, connection: live}, sso.Proof{People: 2, Owners: 1}, true, walkAt(journey{guide: okta, connection: live}, atActivate), problems{})
	done.SignIn = value("sign-in", "The organization's own sign-in page", "https://id.example.com/gate/login/acme")
	refused := activatePageOf(viewer{principal: &authn.Principal{Kind: authn.Member, Role: "admin"}}, journey{guide: okta, connection: live}, sso.Proof{}, true, walkAt(journey{guide: okta, connection: live}, atActivate), problems{"Nothing was changed", "Two different people, one of them an owner, must have signed in through this connection before it can be required.", nil})
	refused.SignIn = done.SignIn
	return []Sample{
		{"setup-providers", providersPage{Walk: walkAt(journey{}, atProvider), Providers: providerCards()}},
		{"setup-providers-outside", providersPage{Walk: outside(walkAt(journey{}, atProvider)), Providers: providerCards()}},
		{"setup-protocols", protocolsPage{walkAt(journey{guide: guide.Guide{Name: "Okta"}}, atProvider), "okta", []protocolCard{protocolCardOf(guide.SAML), protocolCardOf(guide.OIDC)}}},
		{"setup-protocols-one", protocolsPage{walkAt(journey{guide: guide.Guide{Name: "Google Workspace"}}, atProvider), "google", []protocolCard{protocolCardOf(guide.SAML)}}},
		{"setup-guide", drawn(okta, plan)},
		{"setup-guide-metadata", drawn(adfs, journey{guide: adfs, plan: "con_1.saml.adfs.t0.mac"})},
		{"setup-guide-saved", drawn(adfs, journey{guide: adfs, connection: draft})},
		{"setup-details", details(plan, typedDetails{name: "Okta", source: byAddress}, problems{})},
		{"setup-details-choose", choose},
		{"setup-details-hand", details(plan, typedDetails{name: evil, source: byHand, entityID: evil, signOn: "ftp://x", cert: evil}, problems{
			"This cannot be saved yet", "The provider cannot be reached.", []problem{{"sso_url", "It must be an https address."}, {"certificates", "A certificate in this text is damaged: copy it again, from its BEGIN to its END line."}},
		})},
		{"setup-details-oidc", details(oidcPlan, typedDetails{name: "Microsoft Entra ID", issuer: "https://login.microsoftonline.com/common/v2.0", client: "8a1d"}, problems{
			"This cannot be saved yet", "", []problem{{"issuer", advise("entra_multi_tenant_issuer", "Use the issuer of one directory: common, organizations and consumers speak for other companies too.")}},
		})},
		{"setup-details-stale", stale},
		{"setup-mapping", mapping},
		{"setup-mapping-outdated", oldMapping},
		{"setup-mapping-problem", wrongMapping},
		{"setup-domains", domainsPage{Walk: walkAt(made, atDomains), MayAdd: true, New: newDomain, Next: "/gate/setup/con_1/test", Proven: true, Domains: []domainCard{
			{ID: "dom_1", Name: "acme.example", Status: "Waiting", Record: record, Text: text, Finding: "There is no TXT record at this name. It may take some minutes to appear after you have set it.", Checked: at, Deadline: "We look by ourselves until", Until: at},
			{ID: "dom_2", Name: "robots.example", Status: "Proven", Verified: true, Finding: "The record is there.", Checked: at},
			{ID: "dom_3", Name: "acme.test", Status: "Proven", Verified: true, Operator: true},
			{ID: "dom_4", Name: evil, Status: "Not found", Failed: true, Record: value("record-dom_4", evil, evil), Text: value("text-dom_4", evil, evil)},
		}}},
		{"setup-domains-empty", domainsPage{Walk: outside(walkAt(made, atDomains)), MayAdd: true, New: badDomain, Next: "/gate/setup/con_1/test", Problems: problems{"The domain is not proven", "", []problem{{"domain", badDomain.Problem}}}}},
		{"setup-test", trialsPage{Walk: walkAt(made, atTest), Draft: true, Save: "/gate/setup/con_1/testers", Next: "/gate/setup/con_1/activate", Testers: field{ID: "testers", Label: "Testers", Value: "alice@acme.example\nbob@acme.example", Optional: true, Hint: "One address a line."}, Trials: []trialRow{
			{At: at, Who: "alice@acme.example", Passed: true, Sentence: "The provider's answer was accepted."},
			{At: at, Who: evil, Code: "audience_mismatch", Sentence: "The provider's answer was meant for another application.", Fix: okta.Mistakes[0].Fix, Fixer: "The administrator of the identity provider"},
			{At: at, Pending: true, Sentence: "Nobody has come back from the provider. If you saw an error there, the instructions say what it means."},
		}}},
		{"setup-test-empty", trialsPage{Walk: outside(walkAt(made, atTest)), Open: true, Save: "/gate/setup/con_1/testers", Next: "/gate/setup/con_1/activate", Testers: field{ID: "testers", Label: "Testers", Problem: "One of these is no address: alice"}}},
		{"setup-activate", activatePageOf(viewer{principal: &authn.Principal{Kind: authn.Member, Role: "owner"}}, made, sso.Proof{People: 1}, false, walkAt(made, atActivate), problems{})},
		{"setup-activate-done", done},
		{"setup-activate-problem", refused},
	}
}

// VeiledTrial is a test as the holder of a set-up link sees it.
func VeiledTrial(a sso.Record) sso.Record { return veiledTrial(a) }
