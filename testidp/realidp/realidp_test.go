package realidp_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

const callback = "http://127.0.0.1:9999/callback"

func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	p := realidp.StartOIDCProvider(t, realidp.Options{Tenants: []string{"acme", "globex"}, Redirects: []string{callback}})
	prove(t, p, "acme")
	prove(t, p, "globex")
}

func TestGlewlwyd(t *testing.T) {
	t.Parallel()
	p := realidp.StartGlewlwyd(t, realidp.Options{Tenants: []string{"globex", "initech"}, Redirects: []string{callback}})
	prove(t, p, "globex")
	prove(t, p, "initech")
}

// prove signs people in through the client that is there, through one that registers, and in one browser twice.
func prove(t *testing.T, p *realidp.Provider, tenant string) {
	t.Helper()
	ctx := t.Context()
	id, secret := p.Client(tenant)
	rp := relyingParty(t, p.Issuer(tenant), id, secret, callback)
	if got := rp.login(ctx, t, p, nil, "alice"); !strings.HasPrefix(got.Email, "alice@") || !got.Verified {
		t.Errorf("%s: alice = %+v, want her verified e-mail", p.Issuer(tenant), got)
	}
	if got := rp.login(ctx, t, p, nil, "mallory"); got.Verified || got.Email == "" {
		t.Errorf("%s: mallory = %+v, want an e-mail that is not verified", p.Issuer(tenant), got)
	}

	other := callback + "/" + tenant
	id, secret, err := p.Register(ctx, tenant, other)
	if err != nil {
		t.Fatalf("Register(%q) = %v", tenant, err)
	}
	rp = relyingParty(t, p.Issuer(tenant), id, secret, other)
	user := realidp.User{Login: "zoe-" + tenant, Name: "Zoe", Email: "zoe@" + tenant + ".example", EmailVerified: true}
	if err := p.AddUser(ctx, tenant, user); err != nil {
		t.Fatalf("AddUser(%q) = %v", user.Login, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("cookie jar: %v", err)
	}
	browser := &http.Client{Jar: jar}
	first := rp.login(ctx, t, p, browser, user.Login)
	second := rp.login(ctx, t, p, browser, user.Login)
	if first.Email != user.Email || first.Subject == "" || first != second {
		t.Errorf("%s: %s = %+v, then %+v, want the same person twice", p.Issuer(tenant), user.Login, first, second)
	}
}

type party struct {
	oauth2.Config
	verifier *oidc.IDTokenVerifier
}

type person struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

func relyingParty(tb testing.TB, issuer, id, secret, redirect string) *party {
	tb.Helper()
	provider, err := oidc.NewProvider(tb.Context(), issuer)
	if err != nil {
		tb.Fatalf("discover %s: %v", issuer, err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &party{
		Config: oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirect,
			Scopes: []string{"openid", "email", "profile"},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: id}),
	}
}

func (c *party) login(ctx context.Context, tb testing.TB, p *realidp.Provider, browser *http.Client, login string) person {
	tb.Helper()
	verifier, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	target := c.AuthCodeURL("the-state", oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	back, err := p.Login(ctx, browser, target, login)
	if err != nil {
		tb.Fatalf("Login(%q) = %v", login, err)
	}
	u, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, c.RedirectURL+"?") || u.Query().Get("state") != "the-state" {
		tb.Fatalf("Login(%q) = %q, %v, want the callback and its state", login, back, err)
	}
	token, err := c.Exchange(ctx, u.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		tb.Fatalf("exchange code: %v", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := c.verifier.Verify(ctx, raw)
	if err != nil {
		tb.Fatalf("verify ID token: %v", err)
	}
	if id.Nonce != nonce {
		tb.Errorf("nonce = %q, want %q", id.Nonce, nonce)
	}
	if id.AccessTokenHash != "" { // optional in the code flow
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			tb.Errorf("at_hash: %v", err)
		}
	}
	var who person
	if err := id.Claims(&who); err != nil {
		tb.Fatalf("claims: %v", err)
	}
	return who
}
