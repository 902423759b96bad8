package saml

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
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
	if len(r.RelayState) > maxRelayState {
		return sso.Departure{}, errors.New("saml: the state of a request is too long")
	}
	switch r.Binding {
	case sso.BindingRedirect:
		return r.redirect()
	case sso.BindingPOST:
		return r.post()
	default:
		return sso.Departure{}, errors.New("saml: no binding for a request")
	}
}

// redirect signs the query, after SAML 2.0 Bindings, section 3.4.4.1. What the address brings along stays in front of it.
func (r Request) redirect() (sso.Departure, error) {
	doc, err := written(r.element())
	if err != nil {
		return sso.Departure{}, err
	}
	query, err := xmlsig.SignQuery(xmlsig.Message{Parameter: xmlsig.SAMLRequest, XML: doc, RelayState: r.RelayState}, r.Key)
	if err != nil {
		return sso.Departure{}, fmt.Errorf("sign request: %w", err)
	}
	to, err := url.Parse(r.Destination)
	if err != nil {
		return sso.Departure{}, errors.New("saml: the destination of a request is no address")
	}
	brought := to.Query()
	if slices.ContainsFunc([]string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"}, brought.Has) {
		return sso.Departure{}, errors.New("saml: the destination of a request brings parameters of the binding along")
	}
	to.Fragment, to.RawFragment = "", ""
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += query
	return sso.Departure{URL: to.String()}, nil
}

// post signs the element, after SAML 2.0 Bindings, section 3.5.4.
func (r Request) post() (sso.Departure, error) {
	signed, err := xmlsig.Sign(r.element(), r.Key, r.Certificate)
	if err != nil {
		return sso.Departure{}, fmt.Errorf("sign request: %w", err)
	}
	doc, err := written(signed)
	if err != nil {
		return sso.Departure{}, err
	}
	form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(doc)}}
	if r.RelayState != "" {
		form.Set("RelayState", r.RelayState)
	}
	return sso.Departure{URL: r.Destination, Form: form}, nil
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

// written is an element as a document.
func written(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el)
	text, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return text, nil
}
