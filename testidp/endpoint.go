package testidp

// Endpoint names one of the addresses of a provider, for counting and for faults.
type Endpoint string

// The endpoints. Login and SAMLLogin are where the sign-in form posts to; Admin is the scenario page.
const (
	Discovery     Endpoint = "discovery"
	JWKS          Endpoint = "jwks"
	Authorization Endpoint = "authorization"
	Login         Endpoint = "login"
	Token         Endpoint = "token"
	UserInfo      Endpoint = "userinfo"
	EndSession    Endpoint = "end_session"
	Admin         Endpoint = "admin"
	SAMLMetadata  Endpoint = "saml_metadata"
	SAMLSignIn    Endpoint = "saml_sso"
	SAMLLogin     Endpoint = "saml_login"
	SAMLLogout    Endpoint = "saml_slo"
)
