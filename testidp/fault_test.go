package testidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp"
)

func TestFaultLastsForItsTimes(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	p.Misbehave(testidp.Fault{Times: 2, Replies: map[testidp.Endpoint]testidp.Reply{testidp.JWKS: {Status: http.StatusTeapot}}})
	for i, want := range []int{http.StatusTeapot, http.StatusTeapot, http.StatusOK} {
		get(t, http.DefaultClient, p.URL()+"/.well-known/openid-configuration") // another endpoint has its own count
		if got := get(t, http.DefaultClient, p.URL()+"/jwks").StatusCode; got != want {
			t.Errorf("answer %d = %d, want %d", i+1, got, want)
		}
	}
	if got := p.Requests(testidp.JWKS); got != 3 {
		t.Errorf("Requests(JWKS) = %d, want 3", got)
	}
	p.Misbehave(testidp.Fault{Replies: map[testidp.Endpoint]testidp.Reply{testidp.JWKS: {Status: http.StatusTeapot}}})
	p.Behave()
	if got := get(t, http.DefaultClient, p.URL()+"/jwks").StatusCode; got != http.StatusOK {
		t.Errorf("after Behave() = %d, want 200", got)
	}
}

func TestFaultTouchesOneProviderOnly(t *testing.T) {
	t.Parallel()
	s := listen(t, acme())
	other, err := s.AddIssuer(testidp.Issuer{Name: "globex", Algorithm: testidp.EdDSA})
	if err != nil {
		t.Fatalf("AddIssuer() = %v", err)
	}
	if err := s.Provider("acme").Play("OIDC-110-keys"); err != nil {
		t.Fatalf("Play() = %v", err)
	}
	if got := get(t, http.DefaultClient, other.URL()+"/jwks").StatusCode; got != http.StatusOK {
		t.Errorf("key set of the other provider = %d, want 200", got)
	}
}

func TestCanarySeesWhoFollows(t *testing.T) {
	t.Parallel()
	s := listen(t, acme())
	p := s.Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	if err := p.Play("SSRF-09"); err != nil {
		t.Fatalf("Play() = %v", err)
	}
	verifier := oauth2.GenerateVerifier()
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier)), "alice")
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	if _, err := rp.Exchange(t.Context(), query(t, back).Get("code"), oauth2.VerifierOption(verifier)); err == nil {
		t.Error("exchange with a redirecting token endpoint succeeded")
	}
	if got := s.CanaryHits(); got != 1 { // x/oauth2 with its default client follows
		t.Errorf("CanaryHits() = %d, want 1", got)
	}
}

func TestCallbackCanBeSentElsewhere(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	// The classic mix-up, OIDC-012: the answer goes to the callback of another connection.
	p.Misbehave(testidp.Fault{
		Callback:    func(v url.Values) { v.Del("iss") },
		CallbackURL: func(u string) string { return strings.Replace(u, "/callback", "/other", 1) },
	})
	back, err := p.Authorize(t.Context(), rp.AuthCodeURL("st", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), "alice")
	if err != nil || !strings.HasPrefix(back, "http://127.0.0.1:9999/other?") || strings.Contains(back, "iss=") {
		t.Errorf("Authorize() = %q, %v, want the other callback without iss", back, err)
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := testidp.New(testidp.Config{BaseURL: "http://127.0.0.1:1", Issuers: []testidp.Issuer{
		{Name: "Acme"},
		{Name: "globex", Algorithm: testidp.HS256},
		{Name: "initech", Algorithm: testidp.ES256, Users: []testidp.User{{}}, Clients: []testidp.Client{{ID: "a", RedirectURIs: []string{"/x"}}}},
	}})
	for _, want := range []string{`"Acme"`, "HS256", "without a login", `"/x"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() = %v, want a word about %s", err, want)
		}
	}
	for _, base := range []string{"", "127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1?x"} {
		if _, err := testidp.New(testidp.Config{BaseURL: base}); err == nil {
			t.Errorf("New() took the base URL %q", base)
		}
	}
}

func TestListenStaysOnLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		if _, stop, err := testidp.Listen(addr); err == nil {
			stop()
			t.Errorf("Listen(%q) succeeded", addr)
		}
	}
	s, stop, err := testidp.Listen("localhost:0", acme())
	if err != nil || !strings.HasPrefix(s.Provider("acme").URL(), "http://localhost:") {
		t.Fatalf("Listen(localhost:0) = %v, %v", s, err)
	}
	stop()
	stop()
}

func TestBaseURLMayHaveAPath(t *testing.T) {
	t.Parallel()
	s, err := testidp.New(testidp.Config{BaseURL: "http://127.0.0.1:1/idp", Issuers: []testidp.Issuer{acme()}})
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	if got, want := s.Provider("acme").URL(), "http://127.0.0.1:1/idp/acme"; got != want {
		t.Errorf("URL() = %q, want %q", got, want)
	}
}
