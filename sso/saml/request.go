package saml

import (
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/beevik/etree"

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

// element is an AuthnRequest after SAML 2.0 Core, section 3.4.1, with its children in the order of the schema.
func (r Request) element() *etree.Element {
	el := etree.NewElement("samlp:AuthnRequest")
	el.CreateAttr("xmlns:samlp", nsProtocol)
	el.CreateAttr("xmlns:saml", nsAssertion)
	el.CreateAttr("ID", r.ID)
	el.CreateAttr("Version", version)
	el.CreateAttr("IssueInstant", r.IssuedAt.UTC().Format("2006-01-02T15:04:05Z"))
	el.CreateAttr("Destination", r.Destination)
	el.CreateAttr("AssertionConsumerServiceURL", r.ACS)
	el.CreateAttr("ProtocolBinding", sso.BindingPOST)
	if r.ForceAuthn {
		el.CreateAttr("ForceAuthn", "true")
	}
	el.CreateElement("saml:Issuer").SetText(r.Issuer)
	policy := el.CreateElement("samlp:NameIDPolicy")
	policy.CreateAttr("AllowCreate", "true")
	if r.NameIDFormat != "" {
		policy.CreateAttr("Format", r.NameIDFormat)
	}
	if len(r.AuthnContexts) > 0 {
		context := el.CreateElement("samlp:RequestedAuthnContext")
		context.CreateAttr("Comparison", "exact")
		for _, class := range r.AuthnContexts {
			context.CreateElement("saml:AuthnContextClassRef").SetText(class)
		}
	}
	return el
}
