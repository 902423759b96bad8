package sessions_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// wrong is a change of a header or of claims; a nil value takes the member away.
func wrong(from, change map[string]any) map[string]any {
	m := maps.Clone(from)
	for k, v := range change {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	return m
}

// TestAForgedTokenIsGood proves that the hostile tests below are refused for what they change and for nothing else.
func TestAForgedTokenIsGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	c, err := verify(t, b.sessions, f.token(t, f.header(), b.claims()))
	if err != nil || c.Tenant != b.tenant.ID {
		t.Fatalf("Verify = %+v, %v, want the claims", c, err)
	}
}

func TestSES_01_AlgNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "ES256 ", "es256", "ES384"} {
		header := wrong(f.header(), map[string]any{"alg": alg})
		unsigned := segment(t, header) + "." + segment(t, b.claims()) + "."
		for _, token := range []string{unsigned, f.token(t, header, b.claims())} {
			_, err := verify(t, b.sessions, token)
			b.refused("Verify with alg "+alg, err, sessions.ErrToken)
		}
	}
	good := f.token(t, f.header(), b.claims())
	_, err := verify(t, b.sessions, good[:strings.LastIndexByte(good, '.')+1])
	b.refused("Verify without a signature", err, sessions.ErrToken)
	_, err = verify(t, b.sessions, f.token(t, wrong(f.header(), map[string]any{"alg": nil}), b.claims()))
	b.refused("Verify without alg", err, sessions.ErrToken)
}

func TestSES_02_OurPublicKeyIsNoSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	point, err := f.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	input := segment(t, wrong(f.header(), map[string]any{"alg": "HS256"})) + "." + segment(t, b.claims())
	for _, key := range [][]byte{point, b.sessions.JWKS(), {}} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		_, err := verify(t, b.sessions, input+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
		b.refused("Verify of HS256", err, sessions.ErrToken)
	}
}

func TestSES_03_AnotherAlgorithmUnderOurKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodRS256, jwt.SigningMethodPS256} {
		input := segment(t, wrong(f.header(), map[string]any{"alg": method.Alg()})) + "." + segment(t, b.claims())
		sig, err := method.Sign(input, key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = verify(t, b.sessions, input+"."+base64.RawURLEncoding.EncodeToString(sig))
		b.refused("Verify of "+method.Alg(), err, sessions.ErrToken)
	}
}

func TestSES_03_EdgesOfTheCurve(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	input, sig := signatureOf(t, f.token(t, f.header(), b.claims()))
	n, p := elliptic.P256().Params().N, elliptic.P256().Params().P
	zero, one := big.NewInt(0), big.NewInt(1)
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	edges := []*big.Int{zero, one, n, new(big.Int).Sub(n, one), new(big.Int).Sub(p, one), r, s, new(big.Int).Sub(n, s)}
	for _, x := range edges {
		for _, y := range edges {
			if x.Cmp(r) == 0 && y.Cmp(s) == 0 {
				continue
			}
			forged := append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...)
			_, err := verify(t, b.sessions, input+"."+base64.RawURLEncoding.EncodeToString(forged))
			b.refused("Verify of an edge", err, sessions.ErrToken)
		}
	}
	for name, other := range map[string][]byte{"short": sig[:63], "long": append([]byte{0}, sig...), "doubled": append(sig, sig...)} {
		_, err := verify(t, b.sessions, input+"."+base64.RawURLEncoding.EncodeToString(other))
		b.refused("Verify of a signature that is "+name, err, sessions.ErrToken)
	}
}

func TestSES_04_KeyIDs(t *testing.T) {
	t.Parallel()
	b, elsewhere := newBench(t), newBench(t)
	f := b.forge()
	for name, kid := range map[string]any{
		"missing": nil, "empty": "", "unknown": "nobody", "a number": 7, "a path": "../../../dev/null", "SQL": "x' OR '1'='1", "NUL": f.kid + "\x00",
		"cut": f.kid[:10], "an array": []string{f.kid}, "its own name twice": f.kid + f.kid,
	} {
		_, err := verify(t, b.sessions, f.token(t, wrong(f.header(), map[string]any{"kid": kid}), b.claims()))
		b.refused("Verify with a kid that is "+name, err, sessions.ErrToken)
	}
	_, err := verify(t, b.sessions, elsewhere.start().Access)
	b.refused("Verify of another installation's token", err, sessions.ErrToken)
}

func TestSES_05_KeysInTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string]map[string]any{
		"jku": {"jku": issuer + "/.well-known/jwks.json"}, "x5u": {"x5u": "https://attacker.example/"}, "x5c": {"x5c": []string{"MII"}},
		"jwk": {"jwk": map[string]any{"kty": "EC", "crv": "P-256"}}, "x5t": {"x5t": "AA"}, "zip": {"zip": "DEF"}, "cty": {"cty": "JWT"},
	} {
		for who, key := range map[string]forge{"us": f, "the attacker": {f.kid, own}} {
			_, err := verify(t, b.sessions, key.token(t, wrong(f.header(), extra), b.claims()))
			b.refused("Verify with "+name+" signed by "+who, err, sessions.ErrToken)
		}
	}
	_, err = verify(t, b.sessions, forge{f.kid, own}.token(t, f.header(), b.claims()))
	b.refused("Verify under another's key", err, sessions.ErrToken)
}

func TestSES_06_RegisteredClaims(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	now := b.now().Unix()
	for name, change := range map[string]map[string]any{
		"iss missing": {"iss": nil}, "iss wrong": {"iss": issuer + "/"}, "iss a number": {"iss": 1},
		"aud missing": {"aud": nil}, "aud wrong": {"aud": "https://other.test"}, "aud empty": {"aud": []string{}},
		"exp missing": {"exp": nil}, "exp text": {"exp": "tomorrow"},
		"nbf missing": {"nbf": nil}, "nbf ahead": {"nbf": now + 60},
		"iat missing": {"iat": nil}, "iat ahead": {"iat": now + 60},
		"sub missing": {"sub": nil}, "sub empty": {"sub": ""}, "sub a tenant": {"sub": b.tenant.ID.String()},
		"tid missing": {"tid": nil}, "tid a user": {"tid": b.member.UserID.String()}, "tid a uuid": {"tid": b.tenant.ID.UUID().String()},
		"mid missing": {"mid": nil}, "sid missing": {"sid": nil}, "jti missing": {"jti": nil}, "auth_time missing": {"auth_time": nil},
	} {
		_, err := verify(t, b.sessions, f.token(t, f.header(), wrong(b.claims(), change)))
		b.refused("Verify with "+name, err, sessions.ErrToken)
	}
	_, err := verify(t, b.sessions, f.token(t, f.header(), wrong(b.claims(), map[string]any{"exp": now - 6})))
	b.refused("Verify of an expired token", err, sessions.ErrStale)
	for _, typ := range []any{nil, "JWT", "at+jwt", "GATEHOUSE-ACCESS+JWT", "logout+jwt"} {
		_, err := verify(t, b.sessions, f.token(t, wrong(f.header(), map[string]any{"typ": typ}), b.claims()))
		b.refused("Verify with another typ", err, sessions.ErrToken)
	}
}

func TestSES_07_OtherCredentialsAreNoAccessTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	i := b.start()
	link := secret.Issue(secret.PrefixSignInLink, b.tenant.ID.Bytes(), id.New[id.Link]().Bytes(), 0)
	key := secret.Issue(secret.PrefixAPIKey, b.tenant.ID.Bytes(), id.New[id.Key]().Bytes(), 1)
	idToken := f.token(t, map[string]any{"alg": "ES256", "kid": f.kid, "typ": "JWT"}, b.claims())
	other := f.token(t, f.header(), wrong(b.claims(), map[string]any{"aud": issuer + "/sso/oidc/attempts"}))
	for name, token := range map[string]string{
		"refresh": i.Refresh, "link": link.String(), "API key": key.String(), "ID token": idToken, "other purpose": other, "empty": "",
	} {
		_, err := verify(t, b.sessions, token)
		b.refused("Verify of what is "+name, err, sessions.ErrToken)
	}
	for name, token := range map[string]string{"access": i.Access, "link": link.String(), "API key": key.String()} {
		if _, err := b.refresh(token); err == nil {
			t.Errorf("Refresh with what is %s = nil, want an error", name)
		}
	}
}

func TestSES_08_AnEditedClaim(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other, _ := b.newTenant("globex")
	parts := strings.Split(b.start().Access, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	claims["tid"] = other.ID.String()
	_, err = verify(t, b.sessions, parts[0]+"."+segment(t, claims)+"."+parts[2])
	b.refused("Verify with another tenant", err, sessions.ErrToken)
}

func TestSES_09_OneSpelling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.start().Access
	if _, err := verify(t, b.sessions, token); err != nil {
		t.Fatalf("Verify = %v", err)
	}
	parts := strings.Split(token, ".")
	last := token[len(token)-1]
	bits := byte('A') // the last of 86 characters has four spare bits
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		if c != last && base64Value(c)>>4 == base64Value(last)>>4 {
			bits = c
			break
		}
	}
	for name, bad := range map[string]string{
		"padded": token + "==", "padded within": parts[0] + "=." + parts[1] + "." + parts[2], "with a space": token + " ", "after a space": " " + token,
		"with a line end": token + "\n", "with a line end within": parts[0] + "." + parts[1][:9] + "\r\n" + parts[1][9:] + "." + parts[2],
		"with a line end in the signature": parts[0] + "." + parts[1] + "." + parts[2][:9] + "\n" + parts[2][9:],
		"in capitals":                      strings.ToUpper(token), "with a dot": token + ".", "with more dots": strings.Repeat(".", 1000),
		"without a part": parts[0] + "." + parts[1], "in five parts": token + ".a.b", "with spare bits": token[:len(token)-1] + string(bits),
		"in standard base64": strings.NewReplacer("-", "+", "_", "/").Replace(token) + "+", "long": strings.Repeat("a", 1<<20),
		"long in dots": strings.Repeat(".", 1<<20), "NUL": token + "\x00", "a prefix": "Bearer " + token,
	} {
		_, err := verify(t, b.sessions, bad)
		b.refused("Verify of a token "+name, err, sessions.ErrToken)
	}
}

func base64Value(c byte) int {
	return strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", c)
}

func TestSES_26_UnknownCritical(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	for _, crit := range []any{[]string{"b64"}, []string{"exp"}, []string{}, "x"} {
		header := wrong(f.header(), map[string]any{"crit": crit, "b64": true})
		_, err := verify(t, b.sessions, f.token(t, header, b.claims()))
		b.refused("Verify with crit", err, sessions.ErrToken)
	}
}

func TestAccessTokensExpireWarmAndCold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cold := b.newSessions(b.keys, sessions.Config{})
	i := b.start()
	if _, err := verify(t, b.sessions, i.Access); err != nil {
		t.Fatalf("Verify = %v", err)
	}
	expires := i.AccessExpires.Truncate(time.Second)
	for at, want := range map[time.Duration]bool{-time.Second: true, 0: true, 4 * time.Second: true, 5 * time.Second: false, time.Hour: false} {
		b.freezeAt(expires.Add(at))
		for name, s := range map[string]*sessions.Sessions{"warm": b.sessions, "cold": cold} {
			_, err := verify(t, s, i.Access)
			if (err == nil) != want {
				t.Errorf("%s after the expiry, %s: Verify = %v, want %v", at, name, err, want)
			}
			if !want {
				b.refused("Verify", err, sessions.ErrStale)
			}
		}
	}
}

func TestAWarmVerifyAllocatesLittle(t *testing.T) { //nolint:paralleltest // it counts the allocations of the whole process
	b := newBench(t)
	token := b.start().Access
	if _, err := b.sessions.Verify(t.Context(), token); err != nil {
		t.Fatalf("Verify = %v", err)
	}
	ctx := t.Context()
	got := testing.AllocsPerRun(1000, func() {
		if _, err := b.sessions.Verify(ctx, token); err != nil {
			t.Errorf("Verify = %v", err)
		}
	})
	if got > 2 {
		t.Errorf("a warm Verify allocates %v times, want at most 2", got)
	}
}

func BenchmarkVerify(b *testing.B) {
	bench := newBench(b)
	token := bench.start().Access
	for b.Loop() {
		if _, err := bench.sessions.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
