package testidp

import (
	"crypto/sha256"
	"crypto/sha512"
	"maps"
	"slices"
	"time"
)

const (
	codeLifetime    = time.Minute
	idTokenLifetime = 10 * time.Minute
)

// grant is what a person has given to a client: first a code, then tokens.
type grant struct {
	client      Client
	user        User
	redirectURI string
	scope       []string
	nonce       string
	challenge   string
	authTime    time.Time
	sid         string
	expires     time.Time // of the code
	used        bool      // the code
	accessToken string
}

// idClaims are the claims of an honest ID token.
func (p *Provider) idClaims(g *grant) map[string]any {
	now := p.now()
	claims := p.personClaims(g)
	maps.Copy(claims, map[string]any{
		"iss": p.URL(), "aud": g.client.ID, "iat": now.Unix(), "exp": now.Add(idTokenLifetime).Unix(),
		"auth_time": g.authTime.Unix(), "sid": g.sid, "at_hash": atHash(g.client.Algorithm, g.accessToken),
	})
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	claims["amr"] = []string{"pwd"}
	if len(g.user.AMR) > 0 {
		claims["amr"] = g.user.AMR
	}
	if p.profile == Google {
		claims["azp"] = g.client.ID
	}
	maps.Copy(claims, g.user.Extra)
	return claims
}

// personClaims are those that userinfo answers too.
func (p *Provider) personClaims(g *grant) map[string]any {
	u := g.user
	claims := map[string]any{"sub": u.subject()}
	if slices.Contains(g.scope, "email") {
		set(claims, "email", u.Email)
		if u.EmailVerified != nil {
			claims["email_verified"] = u.EmailVerified
		}
	}
	if slices.Contains(g.scope, "profile") {
		set(claims, "name", u.Name)
		set(claims, "picture", u.Picture)
		if p.profile != Google {
			claims["preferred_username"] = u.Login
		}
	}
	switch {
	case p.profile == Google:
		set(claims, "hd", u.HostedDomain)
	case len(u.Groups) > 0:
		claims["groups"] = u.Groups
	}
	maps.Copy(claims, u.Extra)
	return claims
}

// atHash is the left half of the hash that belongs to the algorithm; for Ed25519 that is SHA-512.
func atHash(algorithm, accessToken string) string {
	if algorithm == EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return encode(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return encode(sum[:len(sum)/2])
}

func set(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}
