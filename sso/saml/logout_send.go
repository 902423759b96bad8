package saml

import (
	"time"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

var _ sso.Leaver = (*Provider)(nil)

const (
	// logoutLifetime is how long a LogoutRequest of ours is meant to be obeyed.
	logoutLifetime = 5 * time.Minute
	reasonUser     = "urn:oasis:names:tc:SAML:2.0:logout:user"
	instant        = "2006-01-02T15:04:05Z"
)

// AskLogout implements [sso.Leaver] by a signed LogoutRequest (SAML 2.0 Core, section 3.7.1).
func (*Provider) AskLogout(a sso.Attempt, who sso.Leaving) (sso.Departure, error) {
	s := a.Connection.SAML
	if s == nil || len(a.Keys) == 0 {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	to, ok := signOut(s, sso.BindingRedirect)
	if !ok {
		return sso.Departure{}, nil
	}
	el := envelopeTo(a, "samlp:LogoutRequest", a.RequestID, to.Location)
	el.CreateAttr("NotOnOrAfter", a.Now.Add(logoutLifetime).UTC().Format(instant))
	el.CreateAttr("Reason", reasonUser)
	name := el.CreateElement("saml:NameID")
	if who.NameIDFormat != "" {
		name.CreateAttr("Format", who.NameIDFormat)
	}
	name.SetText(who.NameID)
	if who.Session != "" {
		el.CreateElement("samlp:SessionIndex").SetText(who.Session)
	}
	return message{
		parameter: xmlsig.SAMLRequest, element: el, destination: to.Location, relayState: a.State, key: a.Keys[0].Private,
		certificate: a.Keys[0].Certificate,
	}.by(to.Binding)
}

// AnswerLogout implements [sso.SingleLogout] by a signed LogoutResponse, which goes back as the request came where the provider has such
// an endpoint.
func (*Provider) AnswerLogout(a sso.Attempt, request sso.Logout) (sso.Departure, error) {
	s := a.Connection.SAML
	if s == nil || len(a.Keys) == 0 {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	to, ok := signOut(s, request.Binding)
	if !ok {
		return sso.Departure{}, nil
	}
	if to.ResponseLocation != "" {
		to.Location = to.ResponseLocation
	}
	el := envelopeTo(a, "samlp:LogoutResponse", "_"+secret.RandomText(20), to.Location)
	el.CreateAttr("InResponseTo", request.ID)
	el.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", statusSuccess)
	return message{
		parameter: xmlsig.SAMLResponse, element: el, destination: to.Location, relayState: request.RelayState, key: a.Keys[0].Private,
		certificate: a.Keys[0].Certificate,
	}.by(to.Binding)
}

// signOut is the endpoint that logout messages go to, of one binding if there is such.
func signOut(s *sso.SAML, binding string) (sso.SAMLEndpoint, bool) {
	for _, b := range []string{binding, sso.BindingRedirect, sso.BindingPOST} {
		if to, ok := sso.Endpoint(s.SLO, b); ok && b != "" {
			return to, true
		}
	}
	return sso.SAMLEndpoint{}, false
}

// envelopeTo begins a message of ours.
func envelopeTo(a sso.Attempt, tag, id, destination string) *etree.Element {
	el := etree.NewElement(tag)
	el.CreateAttr("xmlns:samlp", nsProtocol)
	el.CreateAttr("xmlns:saml", nsAssertion)
	el.CreateAttr("ID", id)
	el.CreateAttr("Version", version)
	el.CreateAttr("IssueInstant", a.Now.UTC().Format(instant))
	el.CreateAttr("Destination", destination)
	el.CreateElement("saml:Issuer").SetText(a.EntityID)
	return el
}
