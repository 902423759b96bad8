package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/client"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestVerifyReadsTheServersTokens(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Admin)
	v, err := client.NewVerifier(client.VerifierConfig{Issuer: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Verify(t.Context(), session.Access)
	if err != nil {
		t.Fatal(err)
	}
	if c.Tenant != tenant.ID.String() || c.Member != session.Member.ID.String() || c.Session != session.Session.String() || c.Role != "admin" || c.Plan != "pro" || c.Method != "google" {
		t.Errorf("Verify = %+v", c)
	}
	for what, cfg := range map[string]client.VerifierConfig{
		"issuer":   {Issuer: s.URL + "/", KeysURL: s.URL + "/.well-known/jwks.json"},
		"audience": {Issuer: s.URL, Audience: "another"},
	} {
		other, err := client.NewVerifier(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Verify(t.Context(), session.Access); !errors.Is(err, client.ErrToken) {
			t.Errorf("Verify by another %s = %v, want ErrToken", what, err)
		}
	}
}

// issuer publishes one key, and counts who asks for it.
type issuer struct {
	key   *ecdsa.PrivateKey
	url   string
	asked atomic.Int64
	down  atomic.Bool
	ahead atomic.Int64
}

func (i *issuer) now() time.Time { return time.Now().Add(time.Duration(i.ahead.Load())) }

func newIssuer(t *testing.T) (*issuer, *client.Verifier) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	i := &issuer{key: key}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		if i.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{
			map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa", "use": "sig", "alg": "RS256"},
			map[string]string{"kty": "EC", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:]), "kid": "k", "use": "sig", "alg": "ES256"},
		}})
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	v, err := client.NewVerifier(client.VerifierConfig{Issuer: i.url, Clock: i.now})
	if err != nil {
		t.Fatal(err)
	}
	return i, v
}

func (i *issuer) claims() map[string]any {
	now := i.now().Unix()
	return map[string]any{
		"iss": i.url, "aud": i.url, "sub": "usr_1", "tid": "tnt_1", "mid": "mem_1", "sid": "ses_1", "jti": "j", "role": "member", "plan": "pro",
		"iat": now, "nbf": now, "exp": now + 300, "auth_time": now,
	}
}

const header = `{"alg":"ES256","kid":"k","typ":"gatehouse-access+jwt"}`

func (i *issuer) token(t *testing.T, header string, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sig, err := jwt.SigningMethodES256.Sign(input, i.key)
	if err != nil {
		t.Fatal(err)
	}
	n := elliptic.P256().Params().N
	if s := new(big.Int).SetBytes(sig[32:]); s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s).FillBytes(sig[32:])
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestSES_01_To_12_TheVerifierRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(t)
	good := i.token(t, header, i.claims())
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatalf("Verify of a good token = %v", err)
	}
	with := func(name string, value any) string {
		c := maps.Clone(i.claims())
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return i.token(t, header, c)
	}
	input, last, _ := strings.Cut(good[strings.IndexByte(good, '.')+1:], ".")
	input = good[:strings.IndexByte(good, '.')+1] + input
	sig, _ := base64.RawURLEncoding.DecodeString(last)
	twin := append([]byte{}, sig...)
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:])).FillBytes(twin[32:])
	public, err := i.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(input))
	now := i.now().Unix()
	for what, token := range map[string]string{
		"nothing": "", "a word": "token", "no signature": input + ".", "a zero signature": input + "." + strings.Repeat("A", 86),
		"the twin of its signature": input + "." + base64.RawURLEncoding.EncodeToString(twin),
		"an HMAC":                   input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"alg none":                  i.token(t, `{"alg":"none","kid":"k","typ":"gatehouse-access+jwt"}`, i.claims()),
		"alg HS256":                 i.token(t, `{"alg":"HS256","kid":"k","typ":"gatehouse-access+jwt"}`, i.claims()),
		"another type":              i.token(t, `{"alg":"ES256","kid":"k","typ":"JWT"}`, i.claims()),
		"a key of its own":          i.token(t, `{"alg":"ES256","kid":"k","typ":"gatehouse-access+jwt","jwk":{}}`, i.claims()),
		"a crit":                    i.token(t, `{"alg":"ES256","crit":["x"],"kid":"k","typ":"gatehouse-access+jwt"}`, i.claims()),
		"the name of an RSA key":    i.token(t, `{"alg":"ES256","kid":"rsa","typ":"gatehouse-access+jwt"}`, i.claims()),
		"an unknown key":            i.token(t, `{"alg":"ES256","kid":"other","typ":"gatehouse-access+jwt"}`, i.claims()),
		"a line end":                good[:20] + "\n" + good[20:],
		"padding":                   good + "=",
		"four segments":             good + ".e30",
		"another issuer":            with("iss", "https://evil.test"),
		"another audience":          with("aud", "https://evil.test"),
		"no audience":               with("aud", nil),
		"no end":                    with("exp", nil),
		"not yet":                   with("nbf", now+60),
		"no beginning":              with("nbf", nil),
		"made in the future":        with("iat", now+60),
		"no tenant":                 with("tid", nil),
		"a user as tenant":          with("tid", "usr_1"),
		"an empty session":          with("sid", "ses_"),
		"no id":                     with("jti", nil),
		"no time of sign-in":        with("auth_time", nil),
		"too long":                  good + strings.Repeat("A", 8000),
	} {
		if c, err := v.Verify(t.Context(), token); !errors.Is(err, client.ErrToken) || c.Tenant != "" {
			t.Errorf("Verify of a token with %s = %+v, %v, want ErrToken", what, c, err)
		}
	}
	if _, err := v.Verify(t.Context(), with("exp", now-60)); !errors.Is(err, client.ErrExpired) {
		t.Errorf("Verify of an old token = %v, want ErrExpired", err)
	}
}

func TestSES_04_UnknownKeysDoNotLoadTheServer(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(t)
	if _, err := v.Verify(t.Context(), i.token(t, header, i.claims())); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				kid := rand.Text()
				if _, err := v.Verify(t.Context(), i.token(t, `{"alg":"ES256","kid":"`+kid+`","typ":"gatehouse-access+jwt"}`, i.claims())); !errors.Is(err, client.ErrToken) {
					t.Errorf("Verify by an unknown key = %v, want ErrToken", err)
				}
			}
		})
	}
	all.Wait()
	if n := i.asked.Load(); n > 4 {
		t.Errorf("400 unknown keys asked the server %d times", n)
	}
}

func TestKeysOutliveAShortOutage(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(t)
	verify := func() error {
		_, err := v.Verify(t.Context(), i.token(t, header, i.claims()))
		return err
	}
	i.down.Store(true)
	if err := verify(); !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("Verify without keys = %v, want ErrUnavailable", err)
	}
	i.down.Store(false)
	i.ahead.Add(int64(10 * time.Second))
	if err := verify(); err != nil {
		t.Errorf("Verify when the keys are there = %v", err)
	}
	i.down.Store(true)
	for _, later := range []time.Duration{time.Minute, 20 * time.Minute, 30 * time.Minute} {
		i.ahead.Add(int64(later))
		if err := verify(); err != nil {
			t.Errorf("Verify in an outage = %v, want the keys that are known", err)
		}
	}
	i.ahead.Add(int64(20 * time.Minute))
	if err := verify(); !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("Verify by keys of an hour ago = %v, want ErrUnavailable", err)
	}
}
