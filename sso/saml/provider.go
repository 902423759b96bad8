package saml

import (
	"errors"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Config is what a provider needs.
type Config struct {
	Guard  *netguard.Guard // fetches metadata, and judges addresses
	Limits Limits
	// Clock says when metadata is read; nil means time.Now. A response is judged by the time of its attempt.
	Clock func() time.Time
}

// Provider implements [sso.Provider]. It is safe for concurrent use.
type Provider struct {
	guard    *netguard.Guard
	verifier *Verifier
	clock    func() time.Time
}

var _ sso.Provider = (*Provider)(nil)

// New makes a provider.
func New(cfg Config) (*Provider, error) {
	if cfg.Guard == nil {
		return nil, errors.New("saml: no guard for outgoing requests")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now //nolint:forbidigo // the age of metadata is no business of a transaction
	}
	return &Provider{guard: cfg.Guard, verifier: NewVerifier(cfg.Limits), clock: cfg.Clock}, nil
}
