package sessions

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const (
	algorithm = "ES256"
	// tokenType is ours alone, so that no other JWT, whoever signed it, passes for an access token (RFC 8725, 3.11).
	tokenType = "gatehouse-access+jwt"
	// maxToken is what a browser keeps of a cookie.
	maxToken = 4096
)

// headerOf is the first segment of all tokens of a key. It has nothing that varies, so a token's header is compared and not interpreted:
// another alg, a crit, a jku or an embedded key never match.
func headerOf(kid KeyID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + algorithm + `","kid":"` + string(kid) + `","typ":"` + tokenType + `"}`))
}

// payload is the second segment.
type payload struct {
	jwt.RegisteredClaims
	Tenant     id.Tenant        `json:"tid"`
	Membership id.Membership    `json:"mid"`
	Session    id.Session       `json:"sid"`
	Role       rbac.Role        `json:"role"`
	Plan       billing.Plan     `json:"plan"`
	Method     string           `json:"method"`
	AMR        []string         `json:"amr,omitempty"`
	AuthTime   *jwt.NumericDate `json:"auth_time"`
	Act        *actor           `json:"act,omitempty"` // RFC 8693, 4.1
	ActingFor  id.User          `json:"acting_for,omitzero"`

	user id.User // the subject, once it was read
}

type actor struct {
	Subject id.User `json:"sub"`
}

// Validate implements jwt.ClaimsValidator: it is called when the signature and the registered claims are good.
func (p *payload) Validate() error {
	if err := p.user.UnmarshalText([]byte(p.Subject)); err != nil {
		return fmt.Errorf("read the subject: %w", err)
	}
	if p.user.IsZero() || p.Tenant.IsZero() || p.Membership.IsZero() || p.Session.IsZero() || p.ID == "" || p.IssuedAt == nil || p.AuthTime == nil {
		return errors.New("a claim is missing")
	}
	return nil
}

func (p *payload) claims() *Claims {
	c := &Claims{
		Tenant: p.Tenant, User: p.user, Membership: p.Membership, Session: p.Session, Role: p.Role, Plan: p.Plan, Method: p.Method,
		AMR: p.AMR, AuthTime: p.AuthTime.Time, ActingFor: p.ActingFor, ID: p.ID, IssuedAt: p.IssuedAt.Time, Expires: p.ExpiresAt.Time,
	}
	if p.Act != nil {
		c.Actor = p.Act.Subject
	}
	return c
}

// accessTokens makes and reads access tokens.
type accessTokens struct {
	issuer, audience string
	parser           *jwt.Parser
}

func newAccessTokens(issuer, audience string, clock func() time.Time) accessTokens {
	// Each of these is off by default in the library.
	return accessTokens{issuer: issuer, audience: audience, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(), jwt.WithTimeFunc(clock),
	)}
}

// mint signs what c says, until c.Expires.
func (a accessTokens) mint(c Claims, key *signingKey) (string, error) {
	p := payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: a.issuer, Audience: jwt.ClaimStrings{a.audience}, Subject: c.User.String(), ID: secret.RandomText(16),
			IssuedAt: jwt.NewNumericDate(c.IssuedAt), NotBefore: jwt.NewNumericDate(c.IssuedAt), ExpiresAt: jwt.NewNumericDate(c.Expires),
		},
		Tenant: c.Tenant, Membership: c.Membership, Session: c.Session, Role: c.Role, Plan: c.Plan, Method: c.Method, AMR: c.AMR,
		AuthTime: jwt.NewNumericDate(c.AuthTime), ActingFor: c.ActingFor,
	}
	if !c.Actor.IsZero() {
		p.Act = &actor{c.Actor}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode an access token: %w", err)
	}
	input := key.header + "." + base64.RawURLEncoding.EncodeToString(body)
	sig, err := sign(input, key.private)
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
