package metadata

import (
	"crypto/x509"
	"time"
)

// The bindings that Parse keeps. Artifact, SOAP and PAOS would make the server call the provider.
const (
	Redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	Post     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// Entity is an identity provider as its metadata describes it.
type Entity struct {
	EntityID string     // byte for byte as it stood there
	SSO      []Endpoint // at least one, in the order of the document
	SLO      []Endpoint

	// Certificates are the signing certificates that have not expired, at least one. One may not be valid yet: the next one.
	Certificates []*x509.Certificate
	// Expired are the signing certificates beside them that have.
	Expired []*x509.Certificate

	ValidUntil    time.Time     // the earliest of all that apply; zero when none is stated
	CacheDuration time.Duration // the shortest of all that apply; zero when none is stated

	NameIDFormats           []string
	WantAuthnRequestsSigned bool

	// SignedBy is the fingerprint of the certificate by which the metadata's own signature was verified, or "".
	SignedBy string
}

// Endpoint is a place where a provider takes messages.
type Endpoint struct {
	Binding          string
	Location         string
	ResponseLocation string // where answers go, when it is another place; of single logout alone
}
