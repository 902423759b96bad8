package saml

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// message is one of ours on its way to a provider. It is always signed.
type message struct {
	parameter   xmlsig.Parameter
	element     *etree.Element
	destination string
	relayState  string
	key         crypto.Signer
	certificate *x509.Certificate
}

// by has the browser carry the message by a binding.
func (m message) by(binding string) (sso.Departure, error) {
	if len(m.relayState) > maxRelayState {
		return sso.Departure{}, errors.New("saml: the state of a message is too long")
	}
	switch binding {
	case sso.BindingRedirect:
		return m.redirect()
	case sso.BindingPOST:
		return m.post()
	default:
		return sso.Departure{}, errors.New("saml: no binding for a message")
	}
}

// redirect signs the query, after SAML 2.0 Bindings, section 3.4.4.1. What the address brings along stays in front of it.
func (m message) redirect() (sso.Departure, error) {
	doc, err := written(m.element)
	if err != nil {
		return sso.Departure{}, err
	}
	query, err := xmlsig.SignQuery(xmlsig.Message{Parameter: m.parameter, XML: doc, RelayState: m.relayState}, m.key)
	if err != nil {
		return sso.Departure{}, fmt.Errorf("sign message: %w", err)
	}
	to, err := url.Parse(m.destination)
	if err != nil {
		return sso.Departure{}, errors.New("saml: the destination of a message is no address")
	}
	brought := to.Query()
	if slices.ContainsFunc([]string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"}, brought.Has) {
		return sso.Departure{}, errors.New("saml: the destination of a message brings parameters of the binding along")
	}
	to.Fragment, to.RawFragment = "", ""
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += query
	return sso.Departure{URL: to.String()}, nil
}

// post signs the element, after SAML 2.0 Bindings, section 3.5.4.
func (m message) post() (sso.Departure, error) {
	signed, err := xmlsig.Sign(m.element, m.key, m.certificate)
	if err != nil {
		return sso.Departure{}, fmt.Errorf("sign message: %w", err)
	}
	doc, err := written(signed)
	if err != nil {
		return sso.Departure{}, err
	}
	form := url.Values{string(m.parameter): {base64.StdEncoding.EncodeToString(doc)}}
	if m.relayState != "" {
		form.Set("RelayState", m.relayState)
	}
	return sso.Departure{URL: m.destination, Form: form}, nil
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
