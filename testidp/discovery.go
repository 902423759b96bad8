package testidp

import "net/http"

func (p *Provider) serveDiscovery(w http.ResponseWriter, r *http.Request, f *Fault) {
	doc := map[string]any{
		"issuer":                                p.URL(),
		"authorization_endpoint":                p.URL() + "/authorize",
		"token_endpoint":                        p.URL() + "/token",
		"userinfo_endpoint":                     p.URL() + "/userinfo",
		"jwks_uri":                              p.URL() + "/jwks",
		"end_session_endpoint":                  p.URL() + "/end_session",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": p.algorithms(),
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "email", "profile", "offline_access"},
		"claims_supported": []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "sid",
			"email", "email_verified", "name", "picture", "groups",
		},
	}
	if p.profile != Google {
		doc["authorization_response_iss_parameter_supported"] = true
	}
	if f.Discovery != nil {
		f.Discovery(doc)
	}
	p.writeJSON(w, r, f, Discovery, http.StatusOK, doc)
}
