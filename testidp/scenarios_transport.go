package testidp

import "time"

func transportScenarios() []Scenario {
	row := func(id, title string, e Endpoint, reply Reply) Scenario {
		return Scenario{
			ID: id, Title: title, Stage: InTransport, Outcome: Refuse,
			Fault: always(Fault{Replies: map[Endpoint]Reply{e: reply}}),
		}
	}
	canary := "/" + canaryPath
	secret := []byte(`{"error":"secret of an internal page"}`)
	return []Scenario{
		row("SSRF-08-discovery", "discovery redirects to the canary", Discovery, Reply{Redirect: canary}),
		row("SSRF-08-keys", "key set redirects to the canary", JWKS, Reply{Redirect: canary}),
		row("SSRF-08-userinfo", "userinfo redirects to the canary", UserInfo, Reply{Redirect: canary, Status: 307}),
		row("SSRF-09", "token endpoint redirects code and secret to the canary", Token, Reply{Redirect: canary, Status: 307}),
		row("SSRF-17-discovery", "discovery of 1 GB", Discovery, Reply{Pad: 1 << 30}),
		row("SSRF-17-keys", "key set of 1 GB", JWKS, Reply{Pad: 1 << 30}),
		row("SSRF-17-userinfo", "userinfo of 1 GB", UserInfo, Reply{Pad: 1 << 30}),
		row("SSRF-18-drip", "discovery of one byte a second", Discovery, Reply{Drip: time.Second}),
		row("SSRF-18-hang", "discovery never answers", Discovery, Reply{Hang: true}),
		row("SSRF-18-token", "token endpoint never answers", Token, Reply{Hang: true}),
		row("SSRF-18-userinfo", "userinfo never answers", UserInfo, Reply{Hang: true}),
		row("SSRF-19-discovery", "discovery is a compression bomb", Discovery, Reply{Pad: 1 << 28, Gzip: true}),
		row("SSRF-19-keys", "key set is a compression bomb", JWKS, Reply{Pad: 1 << 28, Gzip: true}),
		row("SSRF-19-token", "token response is a compression bomb", Token, Reply{Pad: 1 << 28, Gzip: true}),
		row("SSRF-20", "10 MB of response headers", Discovery, Reply{HeaderFlood: 10 << 20}),
		row("SSRF-20-token", "10 MB of response headers at the token endpoint", Token, Reply{HeaderFlood: 10 << 20}),
		row("SSRF-21", "token response of 900 KB", Token, Reply{Pad: 900 << 10}),
		row("SSRF-24", "key set never answers", JWKS, Reply{Hang: true}),
		row("OIDC-110", "discovery fails with an internal page", Discovery, Reply{Status: 500, Body: secret}),
		row("OIDC-110-token", "token endpoint fails with an internal page", Token, Reply{Status: 500, Body: secret}),
		row("OIDC-110-keys", "key set fails with an internal page", JWKS, Reply{Status: 500, Body: secret}),
		row("OIDC-114", "token endpoint refuses the client", Token, Reply{Status: 401, Body: []byte(`{"error":"invalid_client"}`)}),
		row("NET-reset", "token endpoint resets the connection", Token, Reply{Reset: true}),
		row("NET-reset-discovery", "discovery resets the connection", Discovery, Reply{Reset: true}),
	}
}
