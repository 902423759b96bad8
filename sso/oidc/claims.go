package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
)

// claims are those of an ID token that the protocol speaks of.
type claims struct {
	all      object
	issuer   string
	subject  string
	audience []string
	party    string // azp
	expires  time.Time
	issued   time.Time
	notYet   time.Time // nbf; zero if it is missing
	nonce    string
	atHash   string
	authTime time.Time // zero if it is missing
	amr      []string
	sid      string
}

// known are the names whose look-alikes are refused, with those that a connection maps.
func known(mapped ...string) []string {
	return append([]string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "azp", "at_hash", "auth_time", "amr", "sid", "events",
		"email", "email_verified", "name", "picture", "hd", "tid",
	}, mapped...)
}

// parseClaims reads the payload of an ID token. It proves nothing; check does.
func parseClaims(payload []byte, mapped ...string) (claims, error) {
	if len(payload) > maxIDToken {
		return claims{}, sso.Refuse(sso.IDTokenTooLarge)
	}
	o, err := parseObject(payload)
	if err != nil {
		return claims{}, sso.Refuse(sso.ClaimsInvalid).Because(err)
	}
	if err := o.caseVariants(known(mapped...)); err != nil {
		return claims{}, sso.Refuse(sso.ClaimsInvalid).Because(err)
	}
	c := claims{all: o}
	r := reader{object: o}
	c.issuer, c.party, c.nonce, c.atHash, c.sid = r.text("iss"), r.text("azp"), r.text("nonce"), r.text("at_hash"), r.text("sid")
	c.audience, c.amr = r.texts("aud", object.textOrTexts), r.texts("amr", object.texts)
	c.authTime = r.time("auth_time", false)
	if r.err != nil {
		return claims{}, sso.Refuse(sso.ClaimsInvalid).Because(r.err)
	}
	c.expires, c.issued, c.notYet = r.time("exp", true), r.time("iat", true), r.time("nbf", false)
	if r.err != nil {
		return claims{}, sso.Refuse(sso.TokenTimes).Because(r.err)
	}
	if c.subject, err = o.text("sub"); err != nil || !subjectGrammar(c.subject) {
		return claims{}, sso.Refuse(sso.SubjectInvalid)
	}
	return c, nil
}

// subjectGrammar is that of OpenID Connect Core 1.0, section 2, without control characters.
func subjectGrammar(s string) bool {
	if s == "" || len(s) > 255 || strings.TrimSpace(s) == "" {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// reader remembers the first error.
type reader struct {
	object object
	err    error
}

func (r *reader) text(name string) string {
	s, err := r.object.text(name)
	r.note(err)
	return s
}

func (r *reader) texts(name string, read func(object, string) ([]string, error)) []string {
	list, err := read(r.object, name)
	r.note(err)
	return list
}

func (r *reader) time(name string, required bool) time.Time {
	n, ok, err := r.object.seconds(name)
	if err == nil && required && !ok {
		err = errType
	}
	r.note(err)
	if !ok {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

const (
	issuedWindow = 10 * time.Minute
	maxLifetime  = 24 * time.Hour
	notYetLeeway = 5 * time.Minute // as go-oidc
)

// check is what OpenID Connect Core 1.0, section 3.1.3.7, asks of a client and go-oidc leaves to it, and what go-oidc does check, once
// more, with a reason. issuers are the accepted spellings of one issuer.
func (c claims) check(a sso.Attempt, issuers []string) error {
	switch {
	case !slices.Contains(issuers, c.issuer):
		return sso.Refuse(sso.IssuerMismatch)
	case len(c.audience) != 1 || c.audience[0] != a.Connection.ClientID: // nobody else is a trusted audience
		return sso.Refuse(sso.AudienceMismatch)
	case c.all.has("azp") && c.party != a.Connection.ClientID:
		return sso.Refuse(sso.AudienceMismatch)
	case !c.expires.After(a.Now):
		return sso.Refuse(sso.TokenExpired)
	case c.issued.Before(a.Now.Add(-issuedWindow)) || c.issued.After(a.Now.Add(issuedWindow)):
		return sso.Refuse(sso.TokenTimes)
	case c.expires.Sub(c.issued) > maxLifetime:
		return sso.Refuse(sso.TokenTimes)
	case !c.notYet.IsZero() && c.notYet.After(a.Now.Add(notYetLeeway)):
		return sso.Refuse(sso.TokenTimes)
	case a.Nonce == "" || !secret.Equal(c.nonce, a.Nonce):
		return sso.Refuse(sso.NonceMismatch)
	}
	if _, there := c.all["events"]; there { // a log-out token (Back-Channel Logout 1.0, section 4)
		return sso.Refuse(sso.IDTokenType)
	}
	if directory := entraDirectory(a.Connection.Issuer); directory != "" {
		if tid, err := c.all.text("tid"); err != nil || tid != directory {
			return sso.Refuse(sso.DirectoryMismatch)
		}
	}
	if a.Purpose == sso.ForReauth && (c.authTime.IsZero() || c.authTime.Before(a.CreatedAt.Add(-time.Minute)) ||
		c.authTime.After(a.Now.Add(issuedWindow))) {
		return sso.Refuse(sso.StaleAuthentication)
	}
	return nil
}

// checkAccessToken compares at_hash, if there is one, with the access token that came with the ID token.
func (c claims) checkAccessToken(algorithm, accessToken string) error {
	if !c.all.has("at_hash") {
		return nil
	}
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	short := sha256.Sum256([]byte(accessToken))
	if secret.Equal(c.atHash, half(short[:])) {
		return nil
	}
	// EdDSA names no hash; SHA-512 is that of Ed25519 itself, SHA-256 what some providers take.
	long := sha512.Sum512([]byte(accessToken))
	if algorithm == "EdDSA" && secret.Equal(c.atHash, half(long[:])) {
		return nil
	}
	return sso.Refuse(sso.AccessTokenMismatch)
}

// printable takes what could draw a wrong picture out of a text, and cuts it.
func printable(s string, most int) string {
	out := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(out) == most {
			break
		}
		if unicode.IsPrint(r) {
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}
