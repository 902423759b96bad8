package testidp

import "time"

// personScenarios are tokens that are valid but say about a person what must not be believed.
func personScenarios() []Scenario {
	row := func(id, title string, outcome Outcome, f func(*Provider) Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InIDToken, Outcome: outcome, Fault: f}
	}
	change := func(f func(map[string]any)) func(*Provider) Fault { return always(Fault{Claims: f}) }
	return []Scenario{
		row("OIDC-069", "claims to be fetched elsewhere", Accept, func(p *Provider) Fault {
			return Fault{Claims: func(m map[string]any) {
				m["_claim_names"] = map[string]any{"groups": "src"}
				m["_claim_sources"] = map[string]any{"src": map[string]any{"endpoint": p.CanaryURL()}}
			}}
		}),
		row("OIDC-070-false", "e-mail not verified", Limit, claim("email_verified", false)),
		row("OIDC-070-missing", "nothing said about the e-mail", Limit, without("email_verified")),
		row("OIDC-070-true-string", `e-mail verified by the string "true"`, Accept, claim("email_verified", "true")),
		row("OIDC-070-false-string", `e-mail verified by the string "false"`, Limit, claim("email_verified", "false")),
		row("OIDC-070-one", "e-mail verified by the number 1", Limit, claim("email_verified", 1)),
		row("OIDC-070-null", "e-mail verified is null", Limit, claim("email_verified", nil)),
		row("OIDC-071", "somebody else's e-mail, verified", Limit, change(func(m map[string]any) {
			m["email"], m["email_verified"] = "owner@victim.test", true
		})),
		row("OIDC-072", "somebody else's name in every other claim", Limit, change(func(m map[string]any) {
			m["preferred_username"], m["upn"], m["name"] = "owner@victim.test", "owner@victim.test", "owner"
		})),
		row("OIDC-073", "an account of Google's without a Workspace", Limit, change(func(m map[string]any) {
			m["email_verified"] = true
			m["email"] = "someone@acme.example"
			delete(m, "hd")
		})),
		row("OIDC-074", "a Workspace that is not the tenant's", Limit, claim("hd", "other.test")),
		row("OIDC-076", "the known e-mail with a new sub", Refuse, claim("sub", "reassigned-2")),
		row("OIDC-084-old", "signed in a day ago, whatever max_age asks", Limit, func(p *Provider) Fault {
			return Fault{Claims: func(m map[string]any) { m["auth_time"] = p.now().Add(-24 * time.Hour).Unix() }}
		}),
		row("OIDC-084-missing", "no auth_time", Limit, without("auth_time")),
		row("OIDC-084-amr", "no amr", Limit, without("amr")),
		row("XT-11", "groups that ask for ownership", Limit, claim("groups", []any{"owner", "admin"})),
		row("XT-12-type", "groups is an object", Limit, claim("groups", map[string]any{"owner": true})),
		row("XT-19", "an e-mail with two @", Limit, claim("email", "owner@victim.test@acme.example")),
		row("SSRF-28", "a picture at the canary", Accept, func(p *Provider) Fault {
			return Fault{Claims: assign("picture", p.CanaryURL())}
		}),
	}
}
