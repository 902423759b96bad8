package oidc

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

// accepted are the algorithms of ID tokens. There is no other list: what a provider names beyond them is ignored.
func accepted() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

// header is the JOSE header of an ID token.
type header struct {
	algorithm string
	kid       string
}

// forbidden header members bring keys along, change what is signed, or ask for an extension that nobody here knows.
func forbidden() []string {
	return []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "epk", "p2c", "p2s", "apu", "apv", "iv", "tag"}
}

const maxKid = 255

// parseHeader reads the header of an ID token in compact form, before anything is fetched or verified for it. Few providers give it a type.
func parseHeader(token string, algorithms []string) (header, error) {
	return parseHeaderOf(token, algorithms, "", "JWT")
}

// parseHeaderOf is parseHeader for a token of one of some types.
func parseHeaderOf(token string, algorithms []string, types ...string) (header, error) {
	if len(token) > maxIDToken {
		return header{}, sso.Refuse(sso.IDTokenTooLarge)
	}
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 || slices.Contains(parts, "") {
		return header{}, sso.Refuse(sso.IDTokenMalformed)
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[0])
	if err != nil {
		return header{}, sso.Refuse(sso.IDTokenMalformed)
	}
	o, err := parseObject(text)
	if err != nil {
		return header{}, sso.Refuse(sso.IDTokenMalformed).Because(err)
	}
	if err := o.caseVariants(append(forbidden(), "alg", "kid", "typ")); err != nil {
		return header{}, sso.Refuse(sso.IDTokenMalformed).Because(err)
	}
	for _, name := range forbidden() {
		if _, there := o[name]; there {
			return header{}, sso.Refuse(sso.IDTokenMalformed)
		}
	}
	alg, err := o.text("alg")
	if err != nil || !slices.Contains(algorithms, alg) || !slices.Contains(accepted(), alg) {
		return header{algorithm: alg}, sso.Refuse(sso.IDTokenAlgorithm)
	}
	typ, err := o.text("typ")
	if err != nil || !slices.ContainsFunc(types, func(one string) bool { return strings.EqualFold(one, typ) }) {
		return header{}, sso.Refuse(sso.IDTokenType)
	}
	kid, err := o.text("kid")
	if err != nil || len(kid) > maxKid || strings.ContainsFunc(kid, func(r rune) bool { return r < ' ' || r > '~' }) {
		return header{}, sso.Refuse(sso.IDTokenKey)
	}
	return header{algorithm: alg, kid: kid}, nil
}
