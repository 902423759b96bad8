package sso

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// GoogleIssuer is Google's own issuer, the default of [GoogleConfig].
const GoogleIssuer = "https://accounts.google.com"

// GoogleConfig is the installation's client at Google.
type GoogleConfig struct {
	Issuer       string // "" means GoogleIssuer
	ClientID     string
	ClientSecret secret.Text
}

func (c GoogleConfig) check() error {
	if c.ClientID == "" || c.ClientSecret.IsZero() {
		return errors.New("sign-in: Google needs a client id and a client secret")
	}
	return nil
}

// google holds the one connection that belongs to no tenant. Its endpoints are discovered when they are first needed.
type google struct {
	draft    Draft
	provider Provider
	clock    func() time.Time

	turn sync.Mutex
	last Connection
	asOf time.Time
}

const googleFresh = 24 * time.Hour

func newGoogle(cfg GoogleConfig, provider Provider) *google {
	//nolint:forbidigo // the age of a cache is no business of a transaction
	return &google{provider: provider, clock: time.Now, draft: Draft{
		Name: "Google", Issuer: or(cfg.Issuer, GoogleIssuer), ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, DefaultRole: rbac.Member,
	}}
}

// connection discovers once a day. While the provider does not answer, what it last said still holds.
func (g *google) connection(ctx context.Context) (Connection, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	now := g.clock()
	if g.last.Version > 0 && now.Sub(g.asOf) < googleFresh {
		return g.last, nil
	}
	found, err := g.provider.Discover(ctx, g.draft)
	if err != nil {
		if g.last.Version > 0 {
			return g.last, nil
		}
		return Connection{}, Refuse(ProviderUnreachable).Because(err)
	}
	g.last = Connection{
		ID: id.Google, Protocol: ProtocolOIDC, Name: g.draft.Name, Status: Optional, Issuer: g.draft.Issuer, ClientID: g.draft.ClientID,
		TokenAuth: found.Endpoints.TokenAuth, Endpoints: found.Endpoints, Version: 1,
	}
	g.asOf = now
	return g.last, nil
}

// alsoIssuer is the spelling without a scheme, which Google's older tokens have. Both are one issuer to us.
func (g *google) alsoIssuer() string {
	_, bare, _ := strings.Cut(g.draft.Issuer, "://")
	return bare
}
