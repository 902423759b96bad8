package saml

import (
	"context"
	"errors"

	"github.com/seed-2a059015/gatehouse/sso"
)

var errNoSettings = errors.New("the connection has no SAML settings, endpoint or key")

// Begin makes the signed AuthnRequest that a connection's provider is asked by.
func (*Provider) Begin(_ context.Context, a sso.Attempt) (sso.Departure, error) {
	s := a.Connection.SAML
	if s == nil || len(a.Keys) == 0 {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	to, ok := signOn(s)
	if !ok {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	d, err := Request{
		ID: a.RequestID, IssuedAt: a.Now, Issuer: a.EntityID, ACS: a.RedirectURI, Destination: to.Location, Binding: to.Binding,
		RelayState: a.State, NameIDFormat: s.NameIDFormat, ForceAuthn: forced(a), AuthnContexts: s.AuthnContexts,
		Key: a.Keys[0].Private, Certificate: a.Keys[0].Certificate,
	}.Depart()
	if err != nil {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(err)
	}
	return d, nil
}

// signOn is the endpoint that requests go to. A redirect needs no script, so it comes first where nobody chose.
func signOn(s *sso.SAML) (sso.SAMLEndpoint, bool) {
	if s.RequestBinding != "" {
		return sso.Endpoint(s.SSO, s.RequestBinding)
	}
	if to, ok := sso.Endpoint(s.SSO, sso.BindingRedirect); ok {
		return to, true
	}
	return sso.Endpoint(s.SSO, sso.BindingPOST)
}

// forced says that the person has to prove themselves anew. Who was not asked by us could not know of that.
func forced(a sso.Attempt) bool {
	return a.Purpose == sso.ForReauth || a.Connection.SAML.ForceAuthn && a.RequestID != ""
}
