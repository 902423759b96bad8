package testidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp"
)

func TestPKCEIsRequired(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	for name, options := range map[string][]oauth2.AuthCodeOption{
		"none": nil,
		"plain": {
			oauth2.SetAuthURLParam("code_challenge", strings.Repeat("v", 43)),
			oauth2.SetAuthURLParam("code_challenge_method", "plain"),
		},
	} {
		back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", options...), "alice")
		if err != nil {
			t.Fatalf("Authorize() with challenge %s = %v", name, err)
		}
		if got := query(t, back); got.Get("error") != "invalid_request" || got.Has("code") {
			t.Errorf("callback with challenge %s = %v, want invalid_request", name, got)
		}
	}
}

func TestCodeIsSpentOnce(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	code := func(verifier string) string {
		back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "alice")
		if err != nil {
			t.Fatalf("Authorize() = %v", err)
		}
		return query(t, back).Get("code")
	}
	verifier := oauth2.GenerateVerifier()

	first := code(verifier)
	if _, err := rp.Exchange(t.Context(), first, oauth2.VerifierOption(verifier)); err != nil {
		t.Fatalf("first exchange: %v", err)
	}
	if _, err := rp.Exchange(t.Context(), first, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("second exchange of a code succeeded")
	}
	if _, err := rp.Exchange(t.Context(), code(verifier), oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Error("exchange with another verifier succeeded")
	}
	elsewhere := *rp
	elsewhere.RedirectURL += "/other"
	if _, err := elsewhere.Exchange(t.Context(), code(verifier), oauth2.VerifierOption(verifier)); err == nil {
		t.Error("exchange with another redirect_uri succeeded")
	}
	wrong := *rp
	wrong.ClientSecret = "guess"
	if _, err := wrong.Exchange(t.Context(), code(verifier), oauth2.VerifierOption(verifier)); err == nil {
		t.Error("exchange with another secret succeeded")
	}
	if got := p.Requests(testidp.Token); got != 5 {
		t.Errorf("Requests(Token) = %d, want 5", got)
	}
}

func TestClientSecretPost(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	rp.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	verifier := oauth2.GenerateVerifier()
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "alice")
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	if _, ok := p.LastTokenRequest(); ok {
		t.Error("LastTokenRequest() reports a request before there was one")
	}
	rp.exchange(t.Context(), t, back, verifier)
	last, ok := p.LastTokenRequest()
	if !ok || last.Form.Get("client_id") != "web" || last.Form.Get("code_verifier") != verifier || last.Header.Get("Authorization") != "" {
		t.Errorf("LastTokenRequest() = %v, %t, want the posted client and verifier", last, ok)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	rp.Scopes = append(rp.Scopes, "offline_access")
	verifier := oauth2.GenerateVerifier()
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "alice")
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	_, token := rp.exchange(t.Context(), t, back, verifier)
	fresh, err := rp.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	if _, err := rp.verifier.Verify(t.Context(), fresh.Extra("id_token").(string)); err != nil {
		t.Errorf("ID token of the refresh: %v", err)
	}
	if _, err := rp.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token(); err == nil {
		t.Error("a refresh token was good twice")
	}
}

func TestAuthorizeRefusesStrangers(t *testing.T) {
	t.Parallel()
	s := listen(t, acme())
	p := s.Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	good := rp.AuthCodeURL("st", oidc.Nonce("n"), oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	for name, target := range map[string]string{
		"other issuer":   strings.Replace(good, "/acme/", "/globex/", 1),
		"other client":   strings.Replace(good, "client_id=web", "client_id=spa", 1),
		"other redirect": strings.Replace(good, url.QueryEscape(callback), url.QueryEscape("http://127.0.0.1:1/"), 1),
		"twice":          good + "&state=again",
	} {
		if back, err := p.Authorize(t.Context(), target, "alice"); err == nil {
			t.Errorf("Authorize() with %s = %q, want an error", name, back)
		}
		if got := get(t, http.DefaultClient, target).StatusCode; got != http.StatusBadRequest && got != http.StatusNotFound {
			t.Errorf("GET /authorize with %s = %d, want 400 or 404", name, got)
		}
	}
	if _, err := p.Authorize(t.Context(), good, "mallory"); err == nil {
		t.Error("Authorize() signed in a person who does not exist")
	}
}
