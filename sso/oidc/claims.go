package oidc

import (
	"strings"
	"time"
	"unicode"

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
		"email", "email_verified", "xms_edov", "name", "picture", "hd", "tid",
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
