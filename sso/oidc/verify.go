package oidc

import (
	"context"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
)

// oneKey is go-oidc's key set for one token: the key is chosen before, and what was verified is kept.
type oneKey struct {
	key       key
	algorithm string
	payload   []byte
}

// VerifySignature implements go-oidc's KeySet.
func (k *oneKey) VerifySignature(_ context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.algorithm)})
	if err != nil {
		return nil, err //nolint:wrapcheck // go-oidc wraps it
	}
	k.payload, err = signed.Verify(k.key.public)
	return k.payload, err //nolint:wrapcheck // go-oidc wraps it
}

// verify proves an ID token: first its shape, then its key and signature, then its claims; go-oidc and our own reading must agree.
func (p *Provider) verify(ctx context.Context, a sso.Attempt, token string) (claims, header, error) {
	h, err := parseHeader(token, a.Connection.Endpoints.Algorithms)
	if err != nil {
		a.Trail.Fail("token header", "a JWT signed with "+strings.Join(a.Connection.Endpoints.Algorithms, ", "), h.algorithm)
		return claims{}, h, err
	}
	a.Trail.Pass("token header", h.algorithm)
	k, err := p.keys.find(ctx, a.Connection, h)
	if err != nil {
		a.Trail.Fail("signing key", "one key of "+a.Connection.Endpoints.Keys, named(h.kid))
		return claims{}, h, err
	}
	a.Trail.Pass("signing key", named(h.kid))
	one := &oneKey{key: k, algorithm: h.algorithm}
	issuers := []string{a.Connection.Issuer}
	if a.AlsoIssuer != "" {
		issuers = append(issuers, a.AlsoIssuer)
	}
	var proven *oidc.IDToken
	var refused error
	for _, issuer := range issuers {
		verifier := oidc.NewVerifier(issuer, one, &oidc.Config{
			ClientID: a.Connection.ClientID, SupportedSigningAlgs: []string{h.algorithm}, Now: a.Clock,
		})
		if proven, refused = verifier.Verify(ctx, token); refused == nil {
			break
		}
	}
	if one.payload == nil {
		a.Trail.Fail("signature", "one by that key", "another one")
		return claims{}, h, sso.Refuse(sso.IDTokenSignature).Because(errSignature)
	}
	a.Trail.Pass("signature", h.algorithm)
	a.Trail.Prove()
	a.Trail.Keep("id_token", one.payload)
	c, err := parseClaims(one.payload, mapped(a.Connection.Claims)...)
	if err != nil {
		a.Trail.Fail("claims", "each of its type, once, and in one spelling", "others")
		return claims{}, h, err
	}
	if err := c.check(a, issuers); err != nil {
		return claims{}, h, err
	}
	if refused != nil || !secret.Equal(proven.Subject, c.subject) || !secret.Equal(proven.Issuer, c.issuer) {
		return claims{}, h, sso.Refuse(sso.ClaimsInvalid).Because(errDisagree)
	}
	return c, h, nil
}

func named(kid string) string {
	if kid == "" {
		return "no key id"
	}
	return kid
}
