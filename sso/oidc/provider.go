package oidc

import (
	"errors"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Limits of what is read from a provider.
const (
	maxDiscovery = 256 << 10
	maxKeySet    = 512 << 10
	maxTokens    = 256 << 10
	maxUserInfo  = 64 << 10
	maxIDToken   = 64 << 10
)

// Config is what a provider needs.
type Config struct {
	Guard *netguard.Guard
	// Clock says how old cached keys are; nil means time.Now.
	Clock func() time.Time
}

// Provider implements [sso.Provider]. It is safe for concurrent use.
type Provider struct {
	guard *netguard.Guard
	keys  *keyCache
}

var _ sso.Provider = (*Provider)(nil)

// New makes a provider.
func New(cfg Config) (*Provider, error) {
	if cfg.Guard == nil {
		return nil, errors.New("oidc: no guard for outgoing requests")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now //nolint:forbidigo // the age of a cache is no business of a transaction
	}
	keys, err := newKeyCache(cfg.Guard, cfg.Clock)
	if err != nil {
		return nil, err
	}
	return &Provider{guard: cfg.Guard, keys: keys}, nil
}
