package sso

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Bindings of SAML endpoints, after SAML 2.0 Bindings, sections 3.4 and 3.5.
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// SAML is what a connection knows of its SAML identity provider, and what it asks of it. It is trusted for this connection alone: nothing
// is ever looked up by an entity ID.
type SAML struct {
	EntityID     string            `json:"entity_id"`
	SSO          []SAMLEndpoint    `json:"sso"`
	SLO          []SAMLEndpoint    `json:"slo,omitempty"`
	Certificates []SAMLCertificate `json:"certificates"`

	// RequestBinding is how the browser carries our AuthnRequest: a binding of SSO; "" prefers redirect.
	RequestBinding string `json:"request_binding,omitempty"`
	NameIDFormat   string `json:"name_id_format,omitempty"` // asked for; "" leaves it to the provider
	ForceAuthn     bool   `json:"force_authn,omitempty"`
	// AuthnContexts are the classes of which an assertion must name one; empty asks for none.
	AuthnContexts []string `json:"authn_contexts,omitempty"`
	Encryption    bool     `json:"encryption,omitempty"`    // encrypted assertions are expected and accepted
	IdPInitiated  bool     `json:"idp_initiated,omitempty"` // after a confirmation by the person

	// Legacy switches accept what is weak or unusual, since the time they hold. Each use leaves an event.
	LegacySHA1         *time.Time `json:"legacy_sha1,omitempty"`
	LegacyInclusive    *time.Time `json:"legacy_inclusive_c14n,omitempty"`
	LegacyResponseOnly *time.Time `json:"legacy_response_only,omitempty"` // only the response is signed, not the assertion

	Metadata SAMLMetadata `json:"metadata"`
}

// SAMLEndpoint is where a provider takes messages of one binding.
type SAMLEndpoint struct {
	Binding          string `json:"binding"`
	Location         string `json:"location"`
	ResponseLocation string `json:"response_location,omitempty"`
}

// SAMLCertificate is a signing certificate of a provider. One that is pending was found by a refresh and is trusted only once an owner has
// approved it.
type SAMLCertificate struct {
	DER         []byte    `json:"der"`
	Fingerprint string    `json:"fingerprint"` // SHA-256, in hex
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Subject     string    `json:"subject"`
	AddedAt     time.Time `json:"added_at"`
	Pending     bool      `json:"pending,omitempty"`
	ByHand      bool      `json:"by_hand,omitempty"` // added beside the metadata, so metadata does not take it away
}

// SAMLMetadata is where the provider's metadata comes from.
type SAMLMetadata struct {
	URL         string    `json:"url,omitempty"`
	PinnedKey   string    `json:"pinned_key,omitempty"` // fingerprint of the certificate that must sign it; "" asks for no signature
	ValidUntil  time.Time `json:"valid_until,omitzero"`
	RefreshedAt time.Time `json:"refreshed_at,omitzero"`
	NextRefresh time.Time `json:"next_refresh,omitzero"`
	Problem     string    `json:"problem,omitempty"` // why the last refresh was not followed: a stable word, and in Detail a sentence
	Detail      string    `json:"detail,omitempty"`
	Failures    int       `json:"failures,omitempty"` // of refreshes, one after the other
	// Declined are fingerprints that somebody here took away: a refresh does not bring them back.
	Declined []string `json:"declined,omitempty"`
}

// Trusted parses the certificates that are trusted now, expired ones included: what is wrong with those is found when they are used.
func (s *SAML) Trusted() ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for _, c := range s.Certificates {
		if c.Pending {
			continue
		}
		cert, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return nil, fmt.Errorf("parse certificate %s: %w", c.Fingerprint, err)
		}
		list = append(list, cert)
	}
	return list, nil
}

func (s *SAML) fingerprints() []string {
	var list []string
	for _, c := range s.trusted() {
		list = append(list, c.Fingerprint)
	}
	slices.Sort(list)
	return list
}

func (s *SAML) trusted() []SAMLCertificate {
	return slices.DeleteFunc(slices.Clone(s.Certificates), func(c SAMLCertificate) bool { return c.Pending })
}

// Endpoint finds the endpoint of a binding; of any binding with "".
func Endpoint(list []SAMLEndpoint, binding string) (SAMLEndpoint, bool) {
	for _, e := range list {
		if binding == "" || e.Binding == binding {
			return e, true
		}
	}
	return SAMLEndpoint{}, false
}
