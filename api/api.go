package api

import (
	"errors"
	"sync"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Config is what the handlers work with. All of it is required.
type Config struct {
	DB       *db.DB
	Access   *access.Store
	Sessions *sessions.Sessions
	Keys     *sessions.Keys
	SignIn   *sso.SignIn
	APIKeys  tenants.Keys
	Prover   tenants.Prover
	Meters   *metered.Meters
	Tickets  metered.Tickets
	Cursors  *page.Cursors
	BaseURL  string // public, without a slash at the end
}

// API holds the handlers; its Routes are what is served.
type API struct {
	Config
	drained  chan struct{} // closed when streams have to end
	draining sync.Once
}

// New checks that nothing is missing.
func New(cfg Config) (*API, error) {
	if cfg.DB == nil || cfg.Access == nil || cfg.Sessions == nil || cfg.Keys == nil || cfg.SignIn == nil || cfg.Meters == nil || cfg.Cursors == nil || cfg.BaseURL == "" ||
		cfg.Prover.DB == nil || cfg.Prover.DNS == nil || cfg.Prover.Keyring == nil {
		return nil, errors.New("api: the configuration is not complete")
	}
	return &API{Config: cfg, drained: make(chan struct{})}, nil
}
