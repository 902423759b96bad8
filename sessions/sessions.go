package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// AccessLifetime is how long an access token is good for. With a short idle limit it is half of that limit, since only a refresh tells
// that a session is in use.
const AccessLifetime = 5 * time.Minute

const (
	defaultGrace = 10 * time.Second
	defaultCache = 50_000 // some 25 MB when full
)

// Config is what sessions are made with.
type Config struct {
	Keys     *Keys
	Root     secret.RootKey // all refresh tokens are void under another root
	Issuer   string         // the public base URL
	Audience string         // who the access tokens are for; "" means the issuer
	// Grace is how long a refresh token that was just replaced gives its successor again, to the same device; 0 means 10 s.
	Grace time.Duration
	// CacheSize is how many verified access tokens are remembered; 0 means 50,000.
	CacheSize int
	// Clock tells the time by which tokens are verified; nil means the clock of this machine. Everything else uses the database's.
	Clock func() time.Time
	// Stolen is called in the transaction that ends a session because a replaced refresh token came back, to tell its member; nil tells
	// nobody.
	Stolen func(ctx context.Context, tx *db.TenantTx, member id.Membership) error
}

// Sessions starts, refreshes and verifies sessions. Make it with [New]; it is safe for concurrent use.
type Sessions struct {
	keys    *Keys
	refresh refreshTokens
	access  accessTokens
	cache   *cache
	grace   time.Duration
	clock   func() time.Time
	stolen  func(context.Context, *db.TenantTx, id.Membership) error
}

// New reports everything that is wrong with cfg at once.
func New(cfg Config) (*Sessions, error) {
	var mistakes []error
	if cfg.Keys == nil {
		mistakes = append(mistakes, errors.New("no signing keys"))
	}
	if cfg.Root == (secret.RootKey{}) {
		mistakes = append(mistakes, errors.New("no root key"))
	}
	if cfg.Issuer == "" {
		mistakes = append(mistakes, errors.New("no issuer"))
	}
	if cfg.Grace < 0 || cfg.Grace > time.Minute {
		mistakes = append(mistakes, errors.New("the grace of refresh tokens is not between 0 and 1 minute"))
	}
	if cfg.CacheSize < 0 {
		mistakes = append(mistakes, errors.New("the size of the token cache is negative"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if cfg.Audience == "" {
		cfg.Audience = cfg.Issuer
	}
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = defaultCache
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now //nolint:forbidigo // a token is verified outside of any transaction
	}
	if cfg.Stolen == nil {
		cfg.Stolen = func(context.Context, *db.TenantTx, id.Membership) error { return nil }
	}
	return &Sessions{
		keys:    cfg.Keys,
		refresh: refreshTokens{cfg.Root.Derive("sessions/refresh")},
		access:  newAccessTokens(cfg.Issuer, cfg.Audience, cfg.Clock),
		cache:   newCache(cfg.CacheSize), grace: cfg.Grace, clock: cfg.Clock, stolen: cfg.Stolen,
	}, nil
}

// JWKS is the document of the public keys that access tokens may be signed with now. The caller must not change it.
func (s *Sessions) JWKS() []byte { return s.keys.jwks(s.clock()) }
