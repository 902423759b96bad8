package testidp

import (
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// AuthnRequest is what a service provider asked for, as the provider understood it.
type AuthnRequest struct {
	ID          string // empty: the provider starts the sign-in
	Issuer      string
	ACS         string
	Destination string
	Binding     string
	RelayState  string
	ForceAuthn  bool
	IsPassive   bool
	// NameIDFormat is the one that was asked for, AuthnContext the classes.
	NameIDFormat string
	AuthnContext []string
	Hint         string // a NameID in the Subject
	// Signed says that a signature was there and good.
	Signed bool
}

type authnRequestXML struct {
	XMLName     xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	ID          string   `xml:"ID,attr"`
	Version     string   `xml:"Version,attr"`
	Destination string   `xml:"Destination,attr"`
	ACS         string   `xml:"AssertionConsumerServiceURL,attr"`
	Binding     string   `xml:"ProtocolBinding,attr"`
	ForceAuthn  bool     `xml:"ForceAuthn,attr"`
	IsPassive   bool     `xml:"IsPassive,attr"`
	Issuer      string   `xml:"Issuer"`
	Policy      struct {
		Format string `xml:"Format,attr"`
	} `xml:"NameIDPolicy"`
	Context []string `xml:"RequestedAuthnContext>AuthnContextClassRef"`
	Hint    string   `xml:"Subject>NameID"`
}

// authnRequest checks a request. An error of it is one that the service provider must not be told.
func (p *Provider) authnRequest(m message) (AuthnRequest, ServiceProvider, error) {
	var x authnRequestXML
	if err := m.read(&x); err != nil {
		return AuthnRequest{}, ServiceProvider{}, err
	}
	sp, err := p.party(x.Issuer)
	if err != nil {
		return AuthnRequest{}, sp, err
	}
	req := AuthnRequest{
		ID: x.ID, Issuer: x.Issuer, Destination: x.Destination, Binding: m.binding, RelayState: m.relayState,
		ForceAuthn: x.ForceAuthn, IsPassive: x.IsPassive, NameIDFormat: x.Policy.Format, AuthnContext: x.Context, Hint: x.Hint,
	}
	if req.ACS, err = sp.acs(x.ACS); err != nil {
		return req, sp, err
	}
	switch {
	case m.name != samlforge.SAMLRequest:
		return req, sp, errors.New("not a request")
	case x.ID == "" || x.Version != "2.0":
		return req, sp, errors.New("request without an ID, or not of version 2.0")
	case x.Destination != "" && x.Destination != p.URL()+"/saml/sso":
		return req, sp, fmt.Errorf("request is for %q", x.Destination)
	case x.Binding != "" && x.Binding != samlforge.PostBinding:
		return req, sp, fmt.Errorf("binding %q is not supported", x.Binding)
	case len(m.relayState) > 80:
		return req, sp, errors.New("RelayState is longer than 80 bytes (Bindings, 3.4.3)")
	}
	if req.Signed, err = p.signedBy(m, sp); err != nil {
		return req, sp, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastSAML = req
	return req, sp, nil
}

// signedBy checks the signature of a message if the service provider has certificates, or has to sign.
func (p *Provider) signedBy(m message, sp ServiceProvider) (bool, error) {
	if len(sp.Signing) == 0 && !sp.SignedRequests {
		return false, nil
	}
	err := p.verify(m, sp.Signing)
	if errors.Is(err, errUnsigned) && !sp.SignedRequests {
		return false, nil
	}
	return err == nil, err
}

// LastAuthnRequest is the last request that was accepted.
func (p *Provider) LastAuthnRequest() AuthnRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lastSAML
}
