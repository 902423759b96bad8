package sso

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// Provider speaks one protocol with identity providers. It holds no transaction and knows nothing of people and tenants.
type Provider interface {
	// Discover finds and judges what a draft needs. A refusal is an [errs.Error] with the code connection_invalid.
	Discover(ctx context.Context, d Draft) (Endpoints, error)
	// Begin says where to send the browser. It makes no network call.
	Begin(ctx context.Context, a Attempt) (string, error)
	// Finish proves who came back with the request. A refusal is made by [Refuse].
	Finish(ctx context.Context, r *http.Request, a Attempt) (Identity, error)
}

// Purpose is what an attempt is for.
type Purpose string

// The purposes.
const (
	ForSignIn Purpose = "sign_in"
	ForLink   Purpose = "link"
	ForReauth Purpose = "reauth"
	ForTest   Purpose = "test"
)

// Attempt is what a provider needs to know of one sign-in.
type Attempt struct {
	ID          id.Attempt
	Purpose     Purpose
	Connection  Connection
	Secret      secret.Text // of the client; zero for a public client
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // of PKCE
	LoginHint   string
	// AlsoIssuer is a second spelling of the issuer that ID tokens may use. Only Google has one.
	AlsoIssuer string
	CreatedAt  time.Time
	Now        time.Time
}

// Clock is the time of the attempt, for libraries that ask for a function.
func (a Attempt) Clock() time.Time { return a.Now }

// Identity is what a provider has proven, and what it says beside that.
type Identity struct {
	Issuer  string // as configured, whatever spelling the token has
	Subject string

	Email         string // as the provider says it
	EmailVerified bool
	Name          string
	Picture       string
	HostedDomain  string // Google's hd

	SessionID string    // sid
	AuthTime  time.Time // zero if the provider does not say
	AMR       []string
}
