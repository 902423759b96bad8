package sso

import (
	"slices"
)

// Endpoints is what discovery found when the connection was saved. It is frozen with the connection: a provider that later says
// something else is not followed.
type Endpoints struct {
	Authorization string `json:"authorization"`
	Token         string `json:"token"`
	Keys          string `json:"keys"`
	UserInfo      string `json:"userinfo,omitempty"`
	EndSession    string `json:"end_session,omitempty"`
	// Algorithms are those of the ID token that the provider lists and Gatehouse accepts.
	Algorithms []string `json:"algorithms"`
	// TokenAuth is how the client proves itself: client_secret_basic, client_secret_post or none.
	TokenAuth string `json:"token_auth"`
	// IssParameter says that the provider promises iss in its answers (RFC 9207), so that one without it is refused.
	IssParameter bool `json:"iss_parameter"`
}

// Equal compares all that a sign-in depends on.
func (e Endpoints) Equal(o Endpoints) bool {
	return e.Authorization == o.Authorization && e.Token == o.Token && e.Keys == o.Keys && e.UserInfo == o.UserInfo &&
		e.EndSession == o.EndSession && e.TokenAuth == o.TokenAuth && e.IssParameter == o.IssParameter &&
		slices.Equal(e.Algorithms, o.Algorithms)
}
