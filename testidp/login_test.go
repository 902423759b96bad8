package testidp_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp"
)

const callback = "http://127.0.0.1:9999/callback"

// acme is an issuer with one client and two people. ES256 keeps the many tests fast.
func acme() testidp.Issuer {
	return testidp.Issuer{
		Name: "acme", Algorithm: testidp.ES256,
		Users: []testidp.User{
			{Login: "alice", Email: "alice@acme.example", EmailVerified: true, Name: "Alice", Groups: []string{"admins"}},
			{Login: "bob", Subject: "b-1", Email: "bob@acme.example", EmailVerified: "true", AMR: []string{"pwd", "otp"}},
		},
		Clients: []testidp.Client{{ID: "web", Secret: "s3cret/+", RedirectURIs: []string{callback}}},
	}
}

func listen(tb testing.TB, issuers ...testidp.Issuer) *testidp.Server {
	tb.Helper()
	s, stop, err := testidp.Listen("127.0.0.1:0", issuers...)
	if err != nil {
		tb.Fatalf("Listen() = %v", err)
	}
	tb.Cleanup(stop)
	return s
}

// party is an honest relying party made of libraries that others wrote.
type party struct {
	oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
}

func newParty(tb testing.TB, p *testidp.Provider, clientID, secret string) *party {
	tb.Helper()
	provider, err := oidc.NewProvider(tb.Context(), p.URL())
	if err != nil {
		tb.Fatalf("discover %s: %v", p.URL(), err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &party{
		Config: oauth2.Config{
			ClientID: clientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: callback,
			Scopes: []string{"openid", "email", "profile"},
		},
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: clientID}),
	}
}

// exchange redeems the code of a callback URL and verifies the ID token.
func (c *party) exchange(ctx context.Context, tb testing.TB, back, verifier string) (*oidc.IDToken, *oauth2.Token) {
	tb.Helper()
	token, err := c.Exchange(ctx, query(tb, back).Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		tb.Fatalf("exchange code: %v", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := c.verifier.Verify(ctx, raw)
	if err != nil {
		tb.Fatalf("verify ID token: %v", err)
	}
	return id, token
}

func query(tb testing.TB, raw string) url.Values {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		tb.Fatalf("parse %q: %v", raw, err)
	}
	return u.Query()
}

func TestLoginWithEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{testidp.RS256, testidp.PS256, testidp.ES256, testidp.EdDSA} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			issuer := acme()
			issuer.Clients[0].Algorithm = alg
			p := listen(t, issuer).Provider("acme")
			rp := newParty(t, p, "web", "s3cret/+")
			verifier := oauth2.GenerateVerifier()
			back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oidc.Nonce("no"), oauth2.S256ChallengeOption(verifier)), "alice")
			if err != nil {
				t.Fatalf("Authorize() = %v", err)
			}
			if got := query(t, back); got.Get("state") != "st" || got.Get("iss") != p.URL() {
				t.Errorf("callback = %v, want state st and iss %s", got, p.URL())
			}
			id, token := rp.exchange(t.Context(), t, back, verifier)
			if id.Subject != "alice" || id.Nonce != "no" || !slices.Equal(id.Audience, []string{"web"}) {
				t.Errorf("ID token = %+v, want alice, nonce no, audience web", id)
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Errorf("at_hash: %v", err)
			}
			info, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil || info.Subject != "alice" || info.Email != "alice@acme.example" || !info.EmailVerified {
				t.Errorf("userinfo = %+v, %v, want alice and her e-mail", info, err)
			}
		})
	}
}

func TestClaimsOfAPerson(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	verifier := oauth2.GenerateVerifier()
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "bob")
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	id, _ := rp.exchange(t.Context(), t, back, verifier)
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		t.Fatalf("Claims() = %v", err)
	}
	for _, name := range []string{"auth_time", "sid", "iat", "exp"} {
		if claims[name] == nil {
			t.Errorf("claim %s is missing", name)
		}
	}
	if claims["sub"] != "b-1" || claims["email_verified"] != "true" || len(claims["amr"].([]any)) != 2 {
		t.Errorf("claims = %v, want sub b-1, email_verified as a string, two methods", claims)
	}
}

func TestGoogleProfile(t *testing.T) {
	t.Parallel()
	p := listen(t, testidp.Issuer{
		Name: "google", Profile: testidp.Google, Algorithm: testidp.ES256,
		Users:   []testidp.User{{Login: "g", Email: "g@acme.example", EmailVerified: true, HostedDomain: "acme.example"}},
		Clients: []testidp.Client{{ID: "web", Secret: "x"}},
	}).Provider("google")
	rp := newParty(t, p, "web", "x")
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st"), "g") // Google does not insist on PKCE
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	if query(t, back).Has("iss") {
		t.Errorf("callback %s has iss, which Google does not promise", back)
	}
	id, _ := rp.exchange(t.Context(), t, back, "")
	var claims struct{ HD, Azp string }
	if err := id.Claims(&claims); err != nil || claims.HD != "acme.example" || claims.Azp != "web" {
		t.Errorf("claims = %+v, %v, want hd and azp", claims, err)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	old := p.SigningKey()
	token, err := p.Sign(nil, map[string]any{"iss": p.URL(), "aud": "web", "sub": "alice", "exp": 4102444800})
	if err != nil {
		t.Fatalf("Sign() = %v", err)
	}
	if err := p.Rotate(false); err != nil {
		t.Fatalf("Rotate(false) = %v", err)
	}
	if p.SigningKey() == old {
		t.Error("Rotate(false) left the signing key in use")
	}
	if _, err := rp.verifier.Verify(t.Context(), token); err != nil {
		t.Errorf("after Rotate(false), a token of the old key: %v", err)
	}
	if err := p.Rotate(true); err != nil {
		t.Fatalf("Rotate(true) = %v", err)
	}
	if _, err := newParty(t, p, "web", "s3cret/+").verifier.Verify(t.Context(), token); err == nil {
		t.Error("after Rotate(true), a token of the old key is still good")
	}
}

func get(tb testing.TB, client *http.Client, target string) *http.Response {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil)
	if err != nil {
		tb.Fatalf("GET %s: %v", target, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatalf("GET %s: %v", target, err)
	}
	tb.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}
