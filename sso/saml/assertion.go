package saml

import (
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Assertion is what was proven, all of it from the element that was signed.
type Assertion struct {
	ID           string
	Issuer       string
	NameID       NameID
	SessionIndex string
	AuthnInstant time.Time
	AuthnContext string
	// SessionNotOnOrAfter is when the provider's session ends; zero if it does not say.
	SessionNotOnOrAfter time.Time
	Attributes          []Attribute // in the order of the document
	// ValidUntil is when the assertion would be refused for its age: until then its ID must be remembered.
	ValidUntil time.Time
	// Fingerprint is that of the certificate that proved it: SHA-256, in hex.
	Fingerprint string
	// Legacy names the switches without which it would have been refused.
	Legacy []string
}

// The legacy switches, as events name them.
const (
	LegacySHA1         = sso.LegacySHA1
	LegacyInclusive    = sso.LegacyInclusive
	LegacyResponseOnly = sso.LegacyResponseOnly
)

// NameID is whom an assertion is about, as the provider wrote it. A logout has to name the same.
type NameID struct {
	Value           string
	Format          string
	NameQualifier   string
	SPNameQualifier string
}

// Attribute is one statement about the person. Two attributes of one name are two statements.
type Attribute struct {
	Name         string
	NameFormat   string
	FriendlyName string // for display; it finds nothing
	Values       []string
	// Structured says that a value holds more than text; it is not among Values.
	Structured bool
}
