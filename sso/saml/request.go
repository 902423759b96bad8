package saml

import (
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// Request is an AuthnRequest. It is always signed: a provider that does not ask for that may start to, and one that does refuses others.
type Request struct {
	ID          string // which the response names
	IssuedAt    time.Time
	Issuer      string // our entity ID
	ACS         string
	Destination string // where it goes
	Binding     string // [sso.BindingRedirect] or [sso.BindingPOST]
	RelayState  string // opaque, at most 80 bytes

	NameIDFormat  string // "" leaves it to the provider
	ForceAuthn    bool
	AuthnContexts []string

	Key         crypto.Signer
	Certificate *x509.Certificate
}

// Depart makes the request and the way on which the browser carries it. It fails for what the caller should not have asked for.
func (r Request) Depart() (sso.Departure, error) {
	if r.ID == "" || r.Issuer == "" || r.ACS == "" || r.Destination == "" || r.IssuedAt.IsZero() || r.Key == nil || r.Certificate == nil {
		return sso.Departure{}, errors.New("saml: a request is incomplete")
	}
	return message{
		parameter: xmlsig.SAMLRequest, element: r.element(), destination: r.Destination, relayState: r.RelayState, key: r.Key,
		certificate: r.Certificate,
	}.by(r.Binding)
}

// element is an AuthnRequest after SAML 2.0 Core, section 3.4.1.
func (r Request) element() *etree.Element {
	create := true
	request := crewjam.AuthnRequest{
		ID: r.ID, Version: version, IssueInstant: r.IssuedAt.UTC().Truncate(time.Second), Destination: r.Destination,
		AssertionConsumerServiceURL: r.ACS, ProtocolBinding: sso.BindingPOST, Issuer: &crewjam.Issuer{Value: r.Issuer},
		NameIDPolicy: &crewjam.NameIDPolicy{AllowCreate: &create},
	}
	if r.ForceAuthn {
		request.ForceAuthn = &r.ForceAuthn
	}
	if r.NameIDFormat != "" {
		request.NameIDPolicy.Format = &r.NameIDFormat
	}
	if len(r.AuthnContexts) == 0 {
		return request.Element()
	}
	request.RequestedAuthnContext = &crewjam.RequestedAuthnContext{Comparison: "exact", AuthnContextClassRef: r.AuthnContexts[0]}
	el := request.Element()
	asked := el.ChildElements()[len(el.ChildElements())-1]
	for _, class := range r.AuthnContexts[1:] { // the type has room for one
		asked.CreateElement("saml:AuthnContextClassRef").SetText(class)
	}
	return el
}
