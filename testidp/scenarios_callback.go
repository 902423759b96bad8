package testidp

import (
	"net/url"
	"strings"
)

func callbackScenarios() []Scenario {
	row := func(id, title string, f func(url.Values)) Scenario {
		return Scenario{ID: id, Title: title, Stage: InCallback, Outcome: Refuse, Fault: always(Fault{Callback: f})}
	}
	set := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
	fails := func(name, value string) func(url.Values) {
		return func(v url.Values) {
			v.Del("code")
			v.Set("error", "access_denied")
			v.Set(name, value)
		}
	}
	return []Scenario{
		row("OIDC-001", "no state", func(v url.Values) { v.Del("state") }),
		row("OIDC-002-unknown", "a state that nobody sent", set("state", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
		row("OIDC-002-truncated", "state without its last character", func(v url.Values) {
			if s := v.Get("state"); s != "" {
				v.Set("state", s[:len(s)-1])
			}
		}),
		row("OIDC-002-long", "a state of 10 KB", set("state", strings.Repeat("s", 10<<10))),
		{
			ID: "OIDC-010", Title: "token endpoint ignores PKCE", Stage: InCallback, Outcome: Accept,
			Fault: always(Fault{IgnorePKCE: true}),
		},
		{
			ID: "OIDC-011", Title: "codes may be used again, also with another verifier", Stage: InCallback, Outcome: Accept,
			Fault: always(Fault{ReuseCodes: true, IgnorePKCE: true}),
		},
		row("OIDC-014", "iss of another issuer", set("iss", "https://other.test")),
		row("OIDC-014-slash", "iss with a slash behind it", func(v url.Values) { v.Set("iss", v.Get("iss")+"/") }),
		row("OIDC-015", "no iss although discovery promises it", func(v url.Values) { v.Del("iss") }),
		row("OIDC-016-script", "an error with markup", fails("error_description", "<script>alert(document.domain)</script>")),
		row("OIDC-016-crlf", "an error with line breaks", fails("error_description", "no\r\nSet-Cookie: a=b")),
		row("OIDC-016-long", "an error of 10 KB", fails("error_description", strings.Repeat("no ", 3500))),
		row("OIDC-016-uri", "an error with a javascript: link", fails("error_uri", "javascript:alert(1)")),
		row("OIDC-016-code", "an error code that is markup", fails("error", "<img src=x onerror=alert(1)>")),
		row("OIDC-017", "an error without state", func(v url.Values) {
			fails("error", "server_error")(v)
			v.Del("state")
		}),
		row("OIDC-018-code", "two codes", func(v url.Values) { v.Add("code", "another") }),
		row("OIDC-018-state", "two states", func(v url.Values) { v.Add("state", "another") }),
		row("OIDC-018-iss", "two iss", func(v url.Values) { v.Add("iss", "https://other.test") }),
		row("OIDC-018-both", "a code and an error", set("error", "access_denied")),
		{
			ID: "OIDC-019-fragment", Title: "the answer is in the fragment", Stage: InCallback, Outcome: Refuse,
			Fault: always(Fault{CallbackURL: func(u string) string { return strings.Replace(u, "?", "#", 1) }}),
		},
		{
			ID: "OIDC-019-id-token", Title: "an ID token in the query", Stage: InCallback, Outcome: Refuse,
			Fault: func(p *Provider) Fault {
				token := made(p.Sign(nil, map[string]any{"iss": p.URL(), "sub": "front-channel"}))
				return Fault{Callback: set("id_token", token)}
			},
		},
		{
			ID: "OIDC-019-front", Title: "an ID token in the query instead of a code", Stage: InCallback, Outcome: Refuse,
			Fault: func(p *Provider) Fault {
				token := made(p.Sign(nil, map[string]any{"iss": p.URL(), "sub": "front-channel"}))
				return Fault{Callback: func(v url.Values) {
					v.Del("code")
					v.Set("id_token", token)
				}}
			},
		},
		row("FLOW-code", "a code that the token endpoint does not know", set("code", "stolen")),
		row("FLOW-empty", "an empty code", set("code", "")),
	}
}
