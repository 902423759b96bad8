package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
)

const (
	issuedWindow = 10 * time.Minute
	maxLifetime  = 24 * time.Hour
	notYetLeeway = 5 * time.Minute // as go-oidc
)

// check is what OpenID Connect Core 1.0, section 3.1.3.7, asks of a client and go-oidc leaves to it, and what go-oidc does check, once
// more, with a reason. issuers are the accepted spellings of one issuer. The first rule that does not hold refuses.
func (c claims) check(a sso.Attempt, issuers []string) error {
	for _, r := range c.rules(a, issuers) {
		if !r.holds {
			a.Trail.Fail(r.name, r.expected, r.got)
			return sso.Refuse(r.refusal)
		}
		a.Trail.Pass(r.name, r.got)
	}
	return nil
}

// rule is one check, as the trail shows it.
type rule struct {
	name          string
	holds         bool
	expected, got string
	refusal       sso.Reason
}

func (c claims) rules(a sso.Attempt, issuers []string) []rule {
	client := a.Connection.ClientID
	_, event := c.all["events"] // a log-out token (Back-Channel Logout 1.0, section 4)
	rules := []rule{
		{"issuer", slices.Contains(issuers, c.issuer), a.Connection.Issuer, c.issuer, sso.IssuerMismatch},
		// Nobody else is a trusted audience.
		{"audience", len(c.audience) == 1 && c.audience[0] == client, client, strings.Join(c.audience, " "), sso.AudienceMismatch},
		{"authorized party", !c.all.has("azp") || c.party == client, client, c.party, sso.AudienceMismatch},
		{"expiry", c.expires.After(a.Now), "after " + moment(a.Now), moment(c.expires), sso.TokenExpired},
		{
			"issue time", !c.issued.Before(a.Now.Add(-issuedWindow)) && !c.issued.After(a.Now.Add(issuedWindow)),
			"within " + issuedWindow.String() + " of " + moment(a.Now), moment(c.issued), sso.TokenTimes,
		},
		{"lifetime", c.expires.Sub(c.issued) <= maxLifetime, "at most " + maxLifetime.String(), c.expires.Sub(c.issued).String(), sso.TokenTimes},
		{
			"not before", c.notYet.IsZero() || !c.notYet.After(a.Now.Add(notYetLeeway)), "before " + moment(a.Now.Add(notYetLeeway)),
			moment(c.notYet), sso.TokenTimes,
		},
		// Neither nonce is shown: that of the attempt is a secret, and the other may be that of another attempt.
		{"nonce", a.Nonce != "" && secret.Equal(c.nonce, a.Nonce), "that of this sign-in", theirs(c.nonce, a.Nonce), sso.NonceMismatch},
		{"token type", !event, "an ID token", kindOf(event), sso.IDTokenType},
	}
	if directory := entraDirectory(a.Connection.Issuer); directory != "" {
		tid, err := c.all.text("tid")
		rules = append(rules, rule{"directory", err == nil && tid == directory, directory, tid, sso.DirectoryMismatch})
	}
	if a.Purpose == sso.ForReauth {
		since := a.CreatedAt.Add(-time.Minute)
		recent := !c.authTime.IsZero() && !c.authTime.Before(since) && !c.authTime.After(a.Now.Add(issuedWindow))
		rules = append(rules, rule{"authentication time", recent, "after " + moment(since), moment(c.authTime), sso.StaleAuthentication})
	}
	return rules
}

// moment shows a time.
func moment(t time.Time) string {
	if t.IsZero() {
		return "not sent"
	}
	return t.UTC().Format(time.RFC3339)
}

func theirs(got, want string) string {
	switch {
	case got == "":
		return "not sent"
	case secret.Equal(got, want):
		return "the same"
	default:
		return "another one"
	}
}

func kindOf(event bool) string {
	if event {
		return "a log-out token"
	}
	return "an ID token"
}

// checkAccessToken compares at_hash, if there is one, with the access token that came with the ID token.
func (c claims) checkAccessToken(a sso.Attempt, algorithm, accessToken string) error {
	if !c.all.has("at_hash") {
		return nil
	}
	if !c.boundTo(algorithm, accessToken) {
		a.Trail.Fail("access token", "that of at_hash", "another one")
		return sso.Refuse(sso.AccessTokenMismatch)
	}
	a.Trail.Pass("access token", "")
	return nil
}

func (c claims) boundTo(algorithm, accessToken string) bool {
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	short := sha256.Sum256([]byte(accessToken))
	if secret.Equal(c.atHash, half(short[:])) {
		return true
	}
	// EdDSA names no hash; SHA-512 is that of Ed25519 itself, SHA-256 what some providers take.
	long := sha512.Sum512([]byte(accessToken))
	return algorithm == "EdDSA" && secret.Equal(c.atHash, half(long[:]))
}
