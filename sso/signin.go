package sso

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Config is what sign-in needs.
type Config struct {
	DB       *db.DB
	Keyring  *secret.Keyring
	Root     secret.RootKey
	Sessions *sessions.Sessions
	OIDC     Provider
	SAML     Provider // nil: no connection speaks SAML
	// SAMLKey makes a key pair and its self-signed certificate for a SAML connection.
	SAMLKey func(now time.Time, name string) (*rsa.PrivateKey, *x509.Certificate, error)
	Google  *GoogleConfig // nil: nobody signs in with Google
	BaseURL string        // public, without a slash at the end; redirect URIs are made of it and of nothing else
	Log     *slog.Logger  // nil means slog.Default
	// Observe is told of each sign-in that ended: its method, and "ok" or the code of the refusal. It may be nil.
	Observe func(method, outcome string)
}

// SignIn brings people in. Make it with [New]; it is safe for concurrent use.
type SignIn struct {
	db        *db.DB
	keyring   *secret.Keyring
	pepper    secret.Pepper
	sessions  *sessions.Sessions
	providers map[string]Provider // by protocol
	samlKey   func(time.Time, string) (*rsa.PrivateKey, *x509.Certificate, error)
	google    *google
	base      string
	log       *slog.Logger
	observe   func(method, outcome string)
}

// New reports everything that is wrong with the configuration at once.
func New(cfg Config) (*SignIn, error) {
	var mistakes []error
	missing := func(is bool, what string) {
		if is {
			mistakes = append(mistakes, errors.New("sign-in: no "+what))
		}
	}
	missing(cfg.DB == nil, "database")
	missing(cfg.Keyring == nil, "keyring")
	missing(cfg.Root == secret.RootKey{}, "root key")
	missing(cfg.Sessions == nil, "sessions")
	missing(cfg.OIDC == nil, "OpenID Connect provider")
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(cfg.BaseURL, "/") {
		mistakes = append(mistakes, errors.New("sign-in: the base URL is not an address without a slash at its end"))
	}
	if cfg.Google != nil {
		mistakes = append(mistakes, cfg.Google.check())
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	s := &SignIn{
		db: cfg.DB, keyring: cfg.Keyring, pepper: cfg.Root.Derive("sso"), sessions: cfg.Sessions, base: cfg.BaseURL, samlKey: cfg.SAMLKey,
		log: cfg.Log, observe: cfg.Observe,
	}
	s.providers = map[string]Provider{ProtocolOIDC: cfg.OIDC}
	if cfg.SAML != nil {
		s.providers[ProtocolSAML] = cfg.SAML
	}
	if cfg.Google != nil {
		s.google = newGoogle(*cfg.Google, cfg.OIDC)
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.observe == nil {
		s.observe = func(string, string) {}
	}
	return s, nil
}

// CallbackURL is the one address of a connection that its provider sends people back to: the redirect URI of OpenID Connect, the assertion
// consumer service of SAML.
func (s *SignIn) CallbackURL(c Connection) string {
	switch {
	case c.ID == id.Google:
		return s.base + "/sso/google/callback"
	case c.Protocol == ProtocolSAML:
		return s.base + "/sso/saml/" + c.ID.String() + "/acs"
	default:
		return s.base + "/sso/oidc/" + c.ID.String() + "/callback"
	}
}

// EntityID is our name at a connection's SAML provider. It is also where our metadata is.
func (s *SignIn) EntityID(c id.Connection) string {
	return s.base + "/sso/saml/" + c.String() + "/metadata"
}

// LogoutURL is where a connection's SAML provider sends logout messages.
func (s *SignIn) LogoutURL(c id.Connection) string {
	return s.base + "/sso/saml/" + c.String() + "/slo"
}

// BackChannelURL is where a connection's OpenID Provider sends logout tokens.
func (s *SignIn) BackChannelURL(c id.Connection) string {
	return s.base + "/sso/oidc/" + c.String() + "/backchannel-logout"
}

// LoggedOutURL is where a connection's OpenID Provider sends the browser back to after a sign-out.
func (s *SignIn) LoggedOutURL(c id.Connection) string {
	return s.base + "/sso/oidc/" + c.String() + "/logged-out"
}

// errUnspoken refuses a connection of a protocol for which this installation is not configured. It may have been, when the connection was made.
var errUnspoken = errs.New(errs.Conflict, "connection_protocol", "This installation does not speak the protocol of the connection.")

// providerOf is who speaks a connection's protocol.
func (s *SignIn) providerOf(c Connection) (Provider, error) {
	p := s.providers[c.Protocol]
	if p == nil {
		return nil, errUnspoken
	}
	return p, nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// count tells the observer how a sign-in by a method ended.
func (s *SignIn) count(method string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = errs.CodeOf(err)
	}
	s.observe(method, outcome)
}
