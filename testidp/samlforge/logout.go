package samlforge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"
)

// LogoutOptions describe a LogoutRequest or a LogoutResponse of the identity provider. IdP, Destination and Now are needed.
type LogoutOptions struct {
	IdP         string
	Destination string
	Now         time.Time
	ID          string // default: random
	RelayState  string
	// Subject and SessionIndex say who is logged out, by a request; an empty SessionIndex is not sent.
	Subject      NameID
	SessionIndex string
	// NotOnOrAfter of a request; default: Now and 5 minutes.
	NotOnOrAfter time.Time
	// InResponseTo is the request that a response answers; an empty Status is Success.
	InResponseTo string
	Status       string
	// Key signs; nil leaves the message unsigned. Binding is RedirectBinding or, by default, PostBinding.
	Key     *Key
	Signing Signing
	Binding string
	// OtherDestination and OtherIdP are what a forgery says. They have defaults that nobody owns.
	OtherDestination, OtherIdP string

	// BeforeSign and AfterSign change the document; Wire rewrites it before it is encoded.
	BeforeSign, AfterSign func(*etree.Document)
	Wire                  func([]byte) []byte
}

// LogoutMessage is what the browser carries: a query of the redirect binding, or a form.
type LogoutMessage struct {
	Query string
	Form  url.Values
}

// LogoutRequest asks the service provider to log a person out.
func LogoutRequest(o LogoutOptions) (LogoutMessage, error) {
	o = o.filled()
	root := o.root("samlp:LogoutRequest")
	root.CreateAttr("NotOnOrAfter", stamp(o.NotOnOrAfter))
	put(root, nameID(o.Subject))
	if o.SessionIndex != "" {
		put(root, textual("samlp:SessionIndex", o.SessionIndex))
	}
	return o.message(SAMLRequest, root)
}

// LogoutResponse answers the service provider's own request.
func LogoutResponse(o LogoutOptions) (LogoutMessage, error) {
	o = o.filled()
	root := o.root("samlp:LogoutResponse")
	setSome(root, "InResponseTo", o.InResponseTo)
	put(root, put(element("samlp:Status"), element("samlp:StatusCode", "Value", o.Status)))
	return o.message(SAMLResponse, root)
}

func (o LogoutOptions) filled() LogoutOptions {
	for _, field := range []struct {
		value *string
		or    string
	}{
		{&o.ID, NewID()},
		{&o.Status, StatusSuccess},
		{&o.Binding, PostBinding},
		{&o.OtherDestination, "https://sp.other.test/slo"},
		{&o.OtherIdP, "https://idp.other.test/metadata"},
	} {
		if *field.value == "" {
			*field.value = field.or
		}
	}
	if o.NotOnOrAfter.IsZero() {
		o.NotOnOrAfter = o.Now.Add(5 * time.Minute)
	}
	return o
}

func (o LogoutOptions) root(tag string) *etree.Element {
	return put(element(tag, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion,
		"ID", o.ID, "Version", "2.0", "IssueInstant", stamp(o.Now), "Destination", o.Destination), textual("saml:Issuer", o.IdP))
}

// message signs and encodes: in the document for the post binding, over the query for the redirect binding.
func (o LogoutOptions) message(name Parameter, root *etree.Element) (LogoutMessage, error) {
	doc := etree.NewDocument()
	doc.SetRoot(root)
	if o.BeforeSign != nil {
		o.BeforeSign(doc)
	}
	if o.Key != nil && o.Binding == PostBinding {
		if err := sign(doc.Root(), o.Key, o.Signing); err != nil {
			return LogoutMessage{}, fmt.Errorf("sign logout message: %w", err)
		}
	}
	if o.AfterSign != nil {
		o.AfterSign(doc)
	}
	raw, err := doc.WriteToBytes()
	if err != nil {
		return LogoutMessage{}, fmt.Errorf("write logout message: %w", err)
	}
	raw = rewrite(o.Wire, raw)
	switch o.Binding {
	case PostBinding:
		form := url.Values{string(name): {base64.StdEncoding.EncodeToString(raw)}}
		if o.RelayState != "" {
			form.Set("RelayState", o.RelayState)
		}
		return LogoutMessage{Form: form}, nil
	case RedirectBinding:
		query, err := Query(name, raw, o.RelayState, o.Key, o.Signing.Method)
		if err != nil {
			return LogoutMessage{}, fmt.Errorf("sign logout message: %w", err)
		}
		return LogoutMessage{Query: query}, nil
	default:
		return LogoutMessage{}, errors.New("unknown binding " + o.Binding)
	}
}
