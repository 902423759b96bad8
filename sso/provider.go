package sso

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// Provider speaks one protocol with identity providers. It holds no transaction and knows nothing of people and tenants.
type Provider interface {
	// Discover finds and judges what a draft needs. A refusal is an [errs.Error] with the code connection_invalid.
	Discover(ctx context.Context, d Draft) (Found, error)
	// Begin says where to send the browser. It makes no network call.
	Begin(ctx context.Context, a Attempt) (Departure, error)
	// State reads what names the attempt from the request that the provider sent the browser back with, after a look at the form of the
	// request. It proves nothing. A refusal is made by [Refuse]; an answer that nobody asked for has the state "".
	State(r *http.Request) (string, error)
	// Finish proves who came back with the request, which State has read. What it checks goes to the attempt's trail. A refusal is made by
	// [Refuse].
	Finish(ctx context.Context, r *http.Request, a Attempt) (Identity, error)
}

// Found is what a provider was found to have when a connection is saved.
type Found struct {
	Endpoints Endpoints // of an OpenID Provider
	SAML      *SAML     // of a SAML identity provider
}

// Departure is how the browser goes to the provider: to URL, or with Form, when it is not nil, by posting its fields there.
type Departure struct {
	URL  string
	Form url.Values
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
	// RequestID is the ID of the AuthnRequest, which the assertion must answer; "" for an answer that nobody asked for.
	RequestID string
	// EntityID is our own name at the connection's SAML provider.
	EntityID string
	// LogoutURI is where the connection's SAML provider sends logout messages, and its OpenID Provider the browser after a sign-out.
	LogoutURI string
	// Keys are our keys for the connection: the first signs, all decrypt.
	Keys []Key
	// Trail collects what is checked; it may be nil.
	Trail *Trail
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

	SessionID string    // sid, or SessionIndex
	AuthTime  time.Time // zero if the provider does not say
	AMR       []string

	// Groups are those that the mapped claim names; GroupsMissing says that the claim is not there, which says nothing about groups.
	Groups        []string
	GroupsMissing bool
	// Claims is all that the provider says about the person, by name.
	Claims map[string][]string
	// NotAfter is when the provider's own session ends; zero if it does not say. No session of ours outlives it.
	NotAfter time.Time
	// NameID and NameIDFormat are what a SAML provider calls the person in a logout.
	NameID, NameIDFormat string
	// Assertion is what must not be used a second time, and until when it could be; "" if the protocol has another guard.
	Assertion      string
	AssertionUntil time.Time
	// Legacy names the legacy switches that this answer needed.
	Legacy []string
}

// Key is a key pair of ours for one connection.
type Key struct {
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
}
