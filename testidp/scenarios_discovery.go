package testidp

import "strings"

func discoveryScenarios() []Scenario {
	doc := func(name string, value any) func(*Provider) Fault {
		return always(Fault{Discovery: assign(name, value)})
	}
	row := func(id, title string, outcome Outcome, f func(*Provider) Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InDiscovery, Outcome: outcome, Fault: f}
	}
	return []Scenario{
		row("OIDC-009-plain", "offers PKCE with plain only", Accept, doc("code_challenge_methods_supported", []string{"plain"})),
		row("OIDC-009-none", "does not speak of PKCE", Accept,
			always(Fault{Discovery: func(m map[string]any) { delete(m, "code_challenge_methods_supported") }})),
		row("OIDC-048", "templated issuer of a multi-tenant provider", Refuse,
			doc("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0")),
		row("OIDC-100", "another issuer in the document", Refuse, doc("issuer", "https://other.test")),
		row("OIDC-100-slash", "the issuer with a slash behind it", Refuse,
			always(Fault{Discovery: func(m map[string]any) { m["issuer"] = m["issuer"].(string) + "/" }})),
		row("OIDC-102-javascript", "authorization endpoint is a javascript: URL", Refuse,
			doc("authorization_endpoint", "javascript:alert(document.domain)//")),
		row("OIDC-102-data", "authorization endpoint is a data: URL", Refuse,
			doc("authorization_endpoint", "data:text/html,<script>alert(1)</script>")),
		row("OIDC-102-http", "token endpoint in the clear, elsewhere", Refuse, doc("token_endpoint", "http://idp.test/token")),
		row("OIDC-102-missing", "no token endpoint", Refuse,
			always(Fault{Discovery: func(m map[string]any) { delete(m, "token_endpoint") }})),
		row("OIDC-103", "authorization endpoint with a prepared query", Refuse, func(p *Provider) Fault {
			return Fault{Discovery: assign("authorization_endpoint", p.URL()+"/authorize?client_id=x&redirect_uri=https://evil.test/")}
		}),
		row("OIDC-104", "token endpoint on another host", Limit, doc("token_endpoint", "https://token.other.test/token")),
		row("OIDC-105-token", "token endpoint moves to the canary", Refuse,
			func(p *Provider) Fault { return Fault{Discovery: assign("token_endpoint", p.CanaryURL())} }),
		row("OIDC-105-keys", "key set moves to the canary", Refuse,
			func(p *Provider) Fault { return Fault{Discovery: assign("jwks_uri", p.CanaryURL())} }),
		row("OIDC-032-listed", "lists HS256 and none as signature algorithms", Limit,
			doc("id_token_signing_alg_values_supported", []string{"none", HS256})),
		row("SSRF-03-keys", "key set on a private address", Refuse, doc("jwks_uri", "https://10.0.0.1/keys")),
		row("SSRF-04-token", "token endpoint is the cloud's metadata service", Refuse,
			doc("token_endpoint", "http://169.254.169.254/latest/meta-data/")),
		row("SSRF-13-keys", "key set is a file", Refuse, doc("jwks_uri", "file:///etc/passwd")),
		row("SSRF-15-userinfo", "line breaks in an endpoint", Refuse, doc("userinfo_endpoint", "https://idp.test/\r\nX-Evil: 1")),
		row("DISC-type", "an endpoint is a number", Refuse, doc("token_endpoint", 42)),
		row("DISC-html", "a web page instead of the document", Refuse, always(Fault{Replies: map[Endpoint]Reply{
			Discovery: {ContentType: "text/html", Body: []byte("<!doctype html><title>Sign in to the internal wiki</title>")},
		}})),
		row("DISC-trailing", "more than one JSON value", Refuse, always(Fault{Replies: map[Endpoint]Reply{
			Discovery: {Body: []byte(strings.Repeat("{}", 2))},
		}})),
	}
}
