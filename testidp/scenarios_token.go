package testidp

func tokenScenarios() []Scenario {
	row := func(id, title string, f func(map[string]any)) Scenario {
		return Scenario{ID: id, Title: title, Stage: InToken, Outcome: Refuse, Fault: always(Fault{Token: f})}
	}
	return []Scenario{
		row("OIDC-080-missing", "no id_token", func(m map[string]any) { delete(m, "id_token") }),
		row("OIDC-080-empty", "id_token is empty", assign("id_token", "")),
		row("OIDC-080-number", "id_token is a number", assign("id_token", 1)),
		row("OIDC-081-type", "token_type is not Bearer", assign("token_type", "mac")),
		row("OIDC-081-access", "no access_token", func(m map[string]any) { delete(m, "access_token") }),
		row("OIDC-081-negative", "expires_in is negative", assign("expires_in", -1)),
		row("OIDC-081-huge", "expires_in is beyond every integer", assign("expires_in", 1e300)),
		row("OIDC-081-string", "expires_in is a word", assign("expires_in", "soon")),
		row("OIDC-081-error", "200 with an error beside the tokens", assign("error", "invalid_grant")),
		row("OIDC-081-only-error", "200 with an error and no tokens", func(m map[string]any) {
			clear(m)
			m["error"] = "invalid_grant"
		}),
	}
}

func userInfoScenarios() []Scenario {
	row := func(id, title string, outcome Outcome, f Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InUserInfo, Outcome: outcome, Fault: always(f)}
	}
	return []Scenario{
		row("OIDC-077", "userinfo of another person", Refuse, Fault{UserInfo: assign("sub", "owner")}),
		row("OIDC-077-missing", "userinfo without sub", Refuse, Fault{UserInfo: func(m map[string]any) { delete(m, "sub") }}),
		row("OIDC-077-case", "userinfo with a second sub in capitals", Refuse, Fault{UserInfo: assign("SUB", "owner")}),
		row("OIDC-078", "userinfo as a JWT", Refuse, Fault{UserInfoJWT: func(map[string]any) {}}),
		row("OIDC-078-iss", "userinfo as a JWT of another issuer", Refuse, Fault{UserInfoJWT: assign("iss", "https://other.test")}),
		row("OIDC-078-aud", "userinfo as a JWT for another client", Refuse, Fault{UserInfoJWT: assign("aud", "other")}),
		row("OIDC-079", "userinfo contradicts the e-mail of the ID token", Limit, Fault{UserInfo: func(m map[string]any) {
			m["email"], m["email_verified"] = "owner@victim.test", true
		}}),
		row("USERINFO-500", "userinfo fails", Limit, Fault{Replies: map[Endpoint]Reply{
			UserInfo: {Status: 500, Body: []byte(`{"error":"internal"}`)},
		}}),
	}
}
