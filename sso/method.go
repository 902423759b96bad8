package sso

import (
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// How a session was made, as sessions and policies name it.
const (
	MethodOIDC   = "oidc"
	MethodSAML   = "saml"
	MethodGoogle = "google"
	MethodLink   = "link"
)

func methodOf(c id.Connection) string {
	if c == id.Google {
		return MethodGoogle
	}
	return MethodOIDC
}

// ownsAccount says whether a session stands for the whole person. One that a tenant's provider made stands for the person in that
// tenant only: the provider may say what it likes about its people, and nothing about their other tenants.
func ownsAccount(p *authn.Principal) bool {
	return p.Method == MethodGoogle || p.Method == MethodLink
}
