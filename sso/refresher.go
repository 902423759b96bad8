package sso

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// SAMLProvider is what a provider of SAML does beside [Provider].
type SAMLProvider interface {
	// Refresh reads the metadata of a provider again, from its address, and compares it with what the connection trusts. That it cannot be
	// had or used is part of the answer; an error is a failure of our own.
	Refresh(ctx context.Context, s *SAML, now time.Time) (Refreshed, error)
	// ReadCertificates reads signing certificates that somebody pasted. A refusal is the error connection_invalid.
	ReadCertificates(text string, now time.Time) ([]SAMLCertificate, error)
	// Describe writes our metadata.
	Describe(o OwnMetadata) ([]byte, error)
}

// Refreshed is what metadata that was read again asks for. It is a proposal: what it leaves a connection without is not followed.
type Refreshed struct {
	Add     []SAMLCertificate // vouched for by a key that is trusted
	Waiting []SAMLCertificate // all that wait for an owner, in place of those that waited
	Drop    []string          // fingerprints of those that others have taken the place of
	// Urgent says that the provider lists no certificate any more that is trusted and works.
	Urgent bool

	Problem, Detail string // why the metadata is not followed, as a stable word and as a sentence
	ValidUntil      time.Time
	Next            time.Time // when to read it again; zero if it could not be used
}

// OwnMetadata is what our metadata for a connection says.
type OwnMetadata struct {
	EntityID, ACS, SLO string
	Certificates       [][]byte // DER, of the active key and of the next one
	Encryption         bool     // assertions may be encrypted for these keys
	NameIDFormat       string
}

// ErrNotSAML refuses what only SAML connections have.
var ErrNotSAML = errs.New(errs.Conflict, "connection_protocol", "Only a SAML connection has this.")

// saml is the provider of SAML, if this installation speaks it.
func (s *SignIn) saml() (SAMLProvider, error) {
	p, ok := s.providers[ProtocolSAML].(SAMLProvider)
	if !ok {
		return nil, errUnspoken
	}
	return p, nil
}
