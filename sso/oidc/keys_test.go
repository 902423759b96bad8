package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// connect saves a connection without a database.
func connect(tb testing.TB, p *oidc.Provider, idp *testidp.Provider) sso.Connection {
	tb.Helper()
	found, err := p.Discover(tb.Context(), sso.Draft{Issuer: idp.URL(), ClientID: "gatehouse", PublicClient: true})
	must(tb, err)
	e := found.Endpoints
	return sso.Connection{
		ID: id.New[id.Connection](), Issuer: idp.URL(), ClientID: "gatehouse", Endpoints: e, TokenAuth: e.TokenAuth, Version: 1,
	}
}

// signIn plays one whole sign-in.
func signIn(tb testing.TB, p *oidc.Provider, idp *testidp.Provider, c sso.Connection) (sso.Identity, error) {
	tb.Helper()
	now := time.Now()
	a := sso.Attempt{
		ID: id.New[id.Attempt](), Purpose: sso.ForSignIn, Connection: c, RedirectURI: "http://127.0.0.1:8080/callback", State: secret.RandomText(32),
		Nonce: secret.RandomText(32), Verifier: secret.RandomText(32), CreatedAt: now, Now: now,
	}
	to, err := p.Begin(tb.Context(), a)
	must(tb, err)
	back, err := idp.Authorize(tb.Context(), to.URL, "alice")
	must(tb, err)
	return p.Finish(tb.Context(), httptest.NewRequestWithContext(tb.Context(), http.MethodGet, back, nil), a)
}

func TestSSRF_023_UnknownKeysFetchOnceAMinute(t *testing.T) {
	t.Parallel()
	p, _, idp, ahead := newProvider(t)
	c := connect(t, p, idp)
	_, err := signIn(t, p, idp, c)
	must(t, err)
	must(t, idp.Play("SSRF-23"))
	before := idp.Requests(testidp.JWKS)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := signIn(t, p, idp, c); sso.ReasonOf(err) != sso.IDTokenKey {
				t.Errorf("Finish = %v, want %s", err, sso.IDTokenKey)
			}
		})
	}
	all.Wait()
	if n := idp.Requests(testidp.JWKS) - before; n != 1 {
		t.Errorf("10 tokens with unknown keys made %d fetches, want 1", n)
	}
	ahead.Store(int64(61 * time.Second))
	_, _ = signIn(t, p, idp, c)
	if n := idp.Requests(testidp.JWKS) - before; n != 2 {
		t.Errorf("after a minute there were %d fetches, want 2", n)
	}
}

func TestOIDC_083_KeysRotate(t *testing.T) {
	t.Parallel()
	p, _, idp, ahead := newProvider(t)
	c := connect(t, p, idp)
	_, err := signIn(t, p, idp, c)
	must(t, err)
	old := idp.SigningKey()
	must(t, idp.Rotate(true))
	_, err = signIn(t, p, idp, c)
	must(t, err)
	idp.Misbehave(testidp.Fault{Key: old})
	ahead.Store(int64(2 * time.Minute))
	if _, err := signIn(t, p, idp, c); sso.ReasonOf(err) != sso.IDTokenKey {
		t.Errorf("Finish with the withdrawn key = %v, want %s", err, sso.IDTokenKey)
	}
}

func TestKeysOutliveAnOutageForADay(t *testing.T) {
	t.Parallel()
	p, _, idp, ahead := newProvider(t)
	c := connect(t, p, idp)
	_, err := signIn(t, p, idp, c)
	must(t, err)
	must(t, idp.Play("OIDC-110-keys"))
	for after, want := range map[time.Duration]sso.Reason{23 * time.Hour: "", 25 * time.Hour: sso.KeysUnavailable} {
		ahead.Store(int64(after))
		_, err := signIn(t, p, idp, c)
		if err == nil && want == "" {
			continue
		}
		if sso.ReasonOf(err) != want {
			t.Errorf("Finish %v after the last good fetch = %v, want %q", after, err, want)
		}
	}
}

func TestAllAcceptedAlgorithms(t *testing.T) {
	t.Parallel()
	p, server, _, _ := newProvider(t)
	for name, alg := range map[string]string{"rs": testidp.RS256, "ps": testidp.PS256, "es": testidp.ES256, "ed": testidp.EdDSA} {
		idp, err := server.AddIssuer(testidp.Issuer{
			Name: name, Algorithm: alg, Clients: []testidp.Client{{ID: "gatehouse"}}, Users: []testidp.User{{Login: "alice"}},
		})
		must(t, err)
		who, err := signIn(t, p, idp, connect(t, p, idp))
		if err != nil || who.Subject != "alice" || who.Issuer != idp.URL() {
			t.Errorf("%s: Finish = %+v, %v, want alice", alg, who, err)
		}
		idp.Misbehave(testidp.Fault{Sign: testidp.SignFlippedBit})
		if _, err := signIn(t, p, idp, connect(t, p, idp)); sso.ReasonOf(err) != sso.IDTokenSignature {
			t.Errorf("%s with a flipped bit: Finish = %v, want %s", alg, err, sso.IDTokenSignature)
		}
	}
}
