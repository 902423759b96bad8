package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"time"
)

// Expect is what a response has to say, down to the byte, and how it may be signed.
type Expect struct {
	Issuer   string // entity ID of the identity provider
	Audience string // entity ID of the connection here
	ACS      string // address of its assertion consumer service
	// InResponseTo is the ID of the one request that the response answers; "" for a response that nobody asked for, which is refused
	// unless IdPInitiated is set, and which then must name no request.
	InResponseTo string
	IdPInitiated bool
	Now          time.Time
	// ForceAuthn demands that the person was asked after RequestedAt.
	ForceAuthn  bool
	RequestedAt time.Time
	// AuthnContexts are the classes of which the assertion must name one; empty asks for none.
	AuthnContexts []string

	Trust Trust
	// Encryption accepts an encrypted assertion. Without it no private key is touched.
	Encryption bool
	Keys       []*rsa.PrivateKey
}

// Trust is what a connection takes as proof. The zero Trust takes nothing.
type Trust struct {
	Certificates []*x509.Certificate
	// Legacy switches. The second accepts Canonical XML 1.0 and 1.1, the third an assertion that only the response's signature covers.
	AllowSHA1, AllowInclusiveC14N, AllowResponseOnly bool
}

// check finds mistakes of the caller, which must not end in a sign-in.
func (e Expect) check() error {
	if e.Issuer == "" || e.Audience == "" || e.ACS == "" || e.Now.IsZero() || e.ForceAuthn && e.RequestedAt.IsZero() {
		return errors.New("saml: an expectation is incomplete")
	}
	return nil
}
