package testidp

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Profile is a family of real providers whose habits an issuer copies.
type Profile string

// The profiles. Google sends azp and hd, no groups, no iss in the authorization response, and does not insist on PKCE.
const (
	Plain  Profile = ""
	Google Profile = "google"
)

// Issuer describes one provider of a server.
type Issuer struct {
	// Name is the path segment: lower-case letters, digits and hyphens.
	Name    string
	Profile Profile
	// Algorithm signs for clients that name none. Empty means RS256.
	Algorithm string
	Users     []User
	Clients   []Client

	// ServiceProviders are the relying parties that speak SAML. SAMLKey is the kind of key that signs for them; empty means
	// RSA-2048. SignedMetadata signs the metadata, with a key of its own.
	ServiceProviders []ServiceProvider
	SAMLKey          samlforge.KeyKind
	SignedMetadata   bool

	// Links are shown beside the scenarios: where to sign in, and where to see what came of it.
	Links []Link
}

// Link is a way from the provider's pages to somewhere else.
type Link struct{ Name, URL string }

// User is a person who can sign in. There are no passwords.
type User struct {
	Login   string
	Subject string // empty: the login
	Email   string
	// EmailVerified is sent as it is, since real providers send booleans, strings and numbers; nil sends nothing.
	EmailVerified any
	Name          string
	Picture       string
	// HostedDomain is Google's hd claim, sent by the Google profile only.
	HostedDomain string
	Groups       []string
	// AMR is how the person proves themselves. Empty means a password.
	AMR []string
	// Extra claims win over everything above; a nil value is sent as null.
	Extra map[string]any
}

// Client is a registered relying party.
type Client struct {
	ID string
	// Secret is empty for a public client.
	Secret string
	// RedirectURIs are compared byte by byte. Empty allows every URL on loopback.
	RedirectURIs []string
	// Algorithm signs this client's ID tokens. Empty means the issuer's.
	Algorithm string
	// PKCEOptional accepts an authorization request without code_challenge.
	PKCEOptional bool
}

var issuerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func (i Issuer) validate() error {
	var errs []error
	if !issuerName.MatchString(i.Name) || i.Name == canaryPath {
		errs = append(errs, fmt.Errorf("issuer name %q: want lower-case letters, digits and hyphens", i.Name))
	}
	if i.Profile != Plain && i.Profile != Google {
		errs = append(errs, fmt.Errorf("issuer %s: unknown profile %q", i.Name, i.Profile))
	}
	return errors.Join(errs...)
}

func (u User) subject() string {
	if u.Subject != "" {
		return u.Subject
	}
	return u.Login
}
