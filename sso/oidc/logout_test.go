package oidc_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken is one to which nobody can object, but for a change. A nil value takes a claim away.
func logoutToken(tb testing.TB, idp *testidp.Provider, change map[string]any) string {
	tb.Helper()
	return signed(tb, idp, map[string]any{"typ": "logout+jwt"}, change)
}

func signed(tb testing.TB, idp *testidp.Provider, header, change map[string]any) string {
	tb.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": idp.URL(), "aud": "gatehouse", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": "t1", "sub": "alice", "sid": "s1",
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	token, err := idp.Sign(header, claims)
	must(tb, err)
	return token
}

// null is a claim that is there and says nothing.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestALogoutTokenIsRead(t *testing.T) {
	t.Parallel()
	p, _, idp, _ := newProvider(t)
	a := sso.Attempt{Connection: connect(t, p, idp), Now: time.Now()}
	for name, test := range map[string]struct {
		change map[string]any
		want   sso.Logout
	}{
		"both":     {nil, sso.Logout{ID: "t1", Subject: "alice", IdPSessions: []string{"s1"}}},
		"sub only": {map[string]any{"sid": nil}, sso.Logout{ID: "t1", Subject: "alice"}},
		"sid only": {map[string]any{"sub": nil, "aud": []string{"gatehouse"}}, sso.Logout{ID: "t1", IdPSessions: []string{"s1"}}},
	} {
		got, err := p.ReadLogoutToken(t.Context(), logoutToken(t, idp, test.change), a)
		if err != nil || got.Until.Before(a.Now.Add(10*time.Minute)) {
			t.Fatalf("ReadLogoutToken() with %s = %+v, %v, want it to be remembered for as long as it could be used", name, got, err)
		}
		got.Until = time.Time{}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("ReadLogoutToken() with %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBCL_02_To_06_08_10_11_ClaimsOfALogoutToken(t *testing.T) {
	t.Parallel()
	p, _, idp, _ := newProvider(t)
	a := sso.Attempt{Connection: connect(t, p, idp), Now: time.Now()}
	events := func(v any) map[string]any { return map[string]any{"events": v} }
	for name, change := range map[string]map[string]any{
		"BCL-02 another issuer":        {"iss": "https://other.test"},
		"BCL-02 no issuer":             {"iss": nil},
		"BCL-02 another audience":      {"aud": "other"},
		"BCL-02 one audience too many": {"aud": []string{"gatehouse", "other"}},
		"BCL-02 no audience":           {"aud": nil},
		"BCL-03 no events":             events(nil),
		"BCL-03 another event":         events(map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}),
		"BCL-03 no event at all":       events(map[string]any{}),
		"BCL-04 an event of null":      events(map[string]any{logoutEvent: nil}),
		"BCL-04 an event of a list":    events(map[string]any{logoutEvent: []any{}}),
		"BCL-04 an event of text":      events(map[string]any{logoutEvent: "{}"}),
		"BCL-04 events of null":        events(null{}),
		"BCL-04 a list of events":      events([]any{logoutEvent}),
		"BCL-05 a nonce":               {"nonce": "n"},
		"BCL-05 a nonce of null":       {"nonce": null{}},
		"BCL-06 no jti":                {"jti": nil},
		"BCL-06 an empty jti":          {"jti": ""},
		"BCL-06 a jti of a number":     {"jti": 1},
		"BCL-08 from tomorrow":         {"iat": time.Now().Add(24 * time.Hour).Unix(), "exp": time.Now().Add(25 * time.Hour).Unix()},
		"BCL-08 from an hour ago":      {"iat": time.Now().Add(-time.Hour).Unix()},
		"BCL-08 expired":               {"exp": time.Now().Add(-time.Second).Unix()},
		"BCL-08 without an end":        {"exp": nil},
		"BCL-08 for a year":            {"exp": time.Now().AddDate(1, 0, 0).Unix()},
		"BCL-08 not yet":               {"nbf": time.Now().Add(time.Hour).Unix()},
		"BCL-08 no iat":                {"iat": nil},
		"BCL-10 an ID token":           {"events": nil, "nonce": "n", "auth_time": time.Now().Unix()},
		"BCL-11 neither sub nor sid":   {"sub": nil, "sid": nil},
		"BCL-11 both empty":            {"sub": "", "sid": ""},
		"BCL-11 sub of null":           {"sub": null{}, "sid": nil},
		"BCL-11 an empty sid":          {"sid": ""},
		"BCL-11 a list of subjects":    {"sub": []string{"alice"}},
		"another spelling of sub":      {"SUB": "owner"},
	} {
		got, err := p.ReadLogoutToken(t.Context(), logoutToken(t, idp, change), a)
		if err == nil || sso.ReasonOf(err) == sso.Broken {
			t.Errorf("ReadLogoutToken() with %s = %+v, %v, want a refusal", name, got, err)
		}
	}
	if n := idp.Requests(testidp.JWKS); n > 1 { // by connect
		t.Errorf("claims that nobody had to verify made us fetch the keys %d times, want once, when the connection was saved", n)
	}
}

func TestBCL_01_09_HeadersOfALogoutToken(t *testing.T) {
	t.Parallel()
	p, _, idp, _ := newProvider(t)
	a := sso.Attempt{Connection: connect(t, p, idp), Now: time.Now()}
	for name, header := range map[string]map[string]any{
		"BCL-01 alg none":         {"typ": "logout+jwt", "alg": "none"},
		"BCL-01 HS256":            {"typ": "logout+jwt", "alg": "HS256"},
		"BCL-01 another alg":      {"typ": "logout+jwt", "alg": "ES256"},
		"BCL-01 a key of its own": {"typ": "logout+jwt", "jwk": map[string]any{"kty": "RSA"}},
		"BCL-09 typ JWT":          {"typ": "JWT"},
		"BCL-09 no typ":           {"typ": ""},
		"BCL-09 typ at+jwt":       {"typ": "at+jwt"},
		"BCL-09 typ of a list":    {"typ": []string{"logout+jwt"}},
	} {
		got, err := p.ReadLogoutToken(t.Context(), signed(t, idp, header, nil), a)
		if err == nil || sso.ReasonOf(err) == sso.Broken {
			t.Errorf("ReadLogoutToken() with %s = %+v, %v, want a refusal", name, got, err)
		}
	}
	if _, err := p.ReadLogoutToken(t.Context(), signed(t, idp, map[string]any{"typ": "LOGOUT+JWT"}, nil), a); err != nil {
		t.Errorf("ReadLogoutToken() with the type in capitals = %v, want nil", err)
	}
	honest := logoutToken(t, idp, nil)
	for name, token := range map[string]string{
		"an empty token": "", "two parts": "a.b", "garbage": "a.b.c", "a flipped bit": honest[:len(honest)-9] + flip(honest[len(honest)-9]) + honest[len(honest)-8:],
	} {
		if got, err := p.ReadLogoutToken(t.Context(), token, a); err == nil || sso.ReasonOf(err) == sso.Broken {
			t.Errorf("ReadLogoutToken() of %s = %+v, %v, want a refusal", name, got, err)
		}
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// TestBCL_14_FloodsFetchNothing: a thousand tokens under keys that nobody published cost one more look at the key set, whatever they say.
func TestBCL_14_FloodsFetchNothing(t *testing.T) {
	t.Parallel()
	p, _, idp, _ := newProvider(t)
	a := sso.Attempt{Connection: connect(t, p, idp), Now: time.Now()}
	before := idp.Requests(testidp.JWKS)
	token := signed(t, idp, map[string]any{"typ": "logout+jwt", "kid": "nobody's"}, nil)
	for range 1000 {
		if _, err := p.ReadLogoutToken(context.WithoutCancel(t.Context()), token, a); err == nil {
			t.Fatal("ReadLogoutToken() of a token under an unknown key = nil, want a refusal")
		}
	}
	if n := idp.Requests(testidp.JWKS) - before; n > 1 {
		t.Errorf("a flood made us fetch the keys %d times, want once at most", n)
	}
}

func TestSignOutAtTheProvider(t *testing.T) {
	t.Parallel()
	p, _, idp, _ := newProvider(t)
	a := sso.Attempt{Connection: connect(t, p, idp), Now: time.Now(), State: "the state", LogoutURI: "https://gatehouse.test/logged-out"}
	to, err := p.AskLogout(a, sso.Leaving{})
	want := idp.URL() + "/end_session?client_id=gatehouse&post_logout_redirect_uri=https%3A%2F%2Fgatehouse.test%2Flogged-out&state=the+state"
	if err != nil || to.URL != want || to.Form != nil {
		t.Errorf("AskLogout() = %+v, %v, want %s", to, err, want)
	}
	a.Connection.Endpoints.EndSession = ""
	if to, err := p.AskLogout(a, sso.Leaving{}); err != nil || to.URL != "" {
		t.Errorf("AskLogout() of a provider without such an address = %+v, %v, want nothing", to, err)
	}
}
