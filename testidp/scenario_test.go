package testidp_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// witness records all that a relying party can see of a provider in one sign-in.
type witness struct {
	provider *testidp.Provider
	verifier string
	keys     jose.JSONWebKeySet // the honest ones
}

func TestEveryScenarioDiffersFromTheHonestAnswer(t *testing.T) {
	t.Parallel()
	for _, scenario := range testidp.Scenarios() {
		t.Run(scenario.ID, func(t *testing.T) {
			t.Parallel()
			w := newWitness(t)
			honest := w.transcript(t)
			if again := w.transcript(t); !slices.Equal(honest, again) {
				t.Fatalf("two honest sign-ins differ, so that nothing can be proven:\n%q\n%q", honest, again)
			}
			if err := w.provider.Play(scenario.ID); err != nil {
				t.Fatalf("Play(%q) = %v", scenario.ID, err)
			}
			if slices.Equal(honest, w.transcript(t)) {
				t.Errorf("scenario %s (%s) answers as an honest provider does", scenario.ID, scenario.Title)
			}
		})
	}
}

func TestScenarioNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	valid := regexp.MustCompile(`^[A-Z]+-[A-Za-z0-9-]+$`)
	for _, s := range testidp.Scenarios() {
		if seen[s.ID] || !valid.MatchString(s.ID) || s.Title == "" || s.Stage == "" || s.Outcome == "" {
			t.Errorf("scenario %+v is incomplete or its ID is taken", s)
		}
		seen[s.ID] = true
	}
}

func newWitness(tb testing.TB) *witness {
	tb.Helper()
	now := time.Now()
	var s *testidp.Server
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	var err error
	s, err = testidp.New(testidp.Config{BaseURL: web.URL, Issuers: []testidp.Issuer{acme()}, Clock: func() time.Time { return now }})
	if err != nil {
		tb.Fatalf("New() = %v", err)
	}
	tb.Cleanup(web.Close)
	tb.Cleanup(s.Close)
	p := s.Provider("acme")
	user := acme().Users[0]
	// The profile has something of everything that a scenario might take away.
	user.Extra = map[string]any{"hd": "acme.example"}
	if err := p.AddUser(user); err != nil {
		tb.Fatalf("AddUser() = %v", err)
	}
	w := &witness{provider: p, verifier: oauth2.GenerateVerifier()}
	set, err := json.Marshal(map[string]any{"keys": []any{p.SigningKey().JWK()}})
	if err != nil {
		tb.Fatalf("encode keys: %v", err)
	}
	if err := json.Unmarshal(set, &w.keys); err != nil {
		tb.Fatalf("decode keys: %v", err)
	}
	return w
}

func (w *witness) transcript(tb testing.TB) []string {
	tb.Helper()
	p := w.provider
	record := []string{
		"discovery " + w.ask(tb, http.MethodGet, p.URL()+"/.well-known/openid-configuration", nil, "").summary,
	}
	back := w.authorize(tb)
	record = append(record, "callback "+scrub(back))
	answer := w.redeem(tb, back, w.verifier)
	record = append(record, "token "+answer.summary, "id token "+w.token(answer.body["id_token"]))
	record = append(record, "code again "+w.redeem(tb, back, w.verifier).summary)
	record = append(record, "other verifier "+w.redeem(tb, w.authorize(tb), "other").summary)
	record = append(record, "keys "+w.ask(tb, http.MethodGet, p.URL()+"/jwks", nil, "").summary)
	access, _ := answer.body["access_token"].(string)
	return append(record, "userinfo "+w.ask(tb, http.MethodGet, p.URL()+"/userinfo", nil, access).summary)
}

// authorize signs alice in and returns the callback URL.
func (w *witness) authorize(tb testing.TB) string {
	tb.Helper()
	sum := sha256.Sum256([]byte(w.verifier))
	back, err := w.provider.Authorize(tb.Context(), w.provider.URL()+"/authorize?"+url.Values{
		"client_id": {"web"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email profile"},
		"state": {"State"}, "nonce": {"Nonce"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode(), "alice")
	if err != nil {
		tb.Fatalf("Authorize() = %v", err)
	}
	return back
}

func (w *witness) redeem(tb testing.TB, back, verifier string) answer {
	tb.Helper()
	return w.ask(tb, http.MethodPost, w.provider.URL()+"/token", url.Values{
		"client_id": {"web"}, "client_secret": {"s3cret/+"}, "grant_type": {"authorization_code"},
		"code": {query(tb, back).Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, "")
}

type answer struct {
	summary string
	body    map[string]any
}

// ask is patient for half a second and reads one MB.
func (w *witness) ask(tb testing.TB, method, target string, form url.Values, bearer string) answer {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 500*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatalf("%s %s: %v", method, target, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+bearer)
	if form != nil {
		req.Header.Del("Authorization")
	}
	resp, err := browser(tb).Do(req)
	if err != nil {
		return answer{summary: "no answer"}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return answer{summary: "broken answer"}
	}
	a := answer{body: map[string]any{}}
	_ = json.Unmarshal(raw, &a.body) // what is not JSON has no members
	size, text := len(raw), string(raw[:min(len(raw), 64<<10)])
	if id, ok := a.body["id_token"].(string); ok && id != "" {
		text = strings.ReplaceAll(text, id, "ID-TOKEN")
	}
	a.summary = fmt.Sprintf("%d %s %q %d %s", resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location"), size, scrub(text))
	return a
}

// token shows header and claims, and whether the honest keys verify it.
func (w *witness) token(raw any) string {
	text := fmt.Sprint(raw)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return scrub(text)
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	verified := false
	if jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256}); err == nil {
		_, err := jws.Verify(w.keys.Keys[0].Public())
		verified = err == nil
	}
	return fmt.Sprintf("%s %s %t", scrub(string(header)), scrub(string(payload)), verified)
}

var noise = regexp.MustCompile(`[A-Z2-7]{26}|"at_hash":"[^"]*[^"A][^"]*"`)

// scrub removes what is random in an honest answer.
func scrub(s string) string { return noise.ReplaceAllString(s, "*") }
