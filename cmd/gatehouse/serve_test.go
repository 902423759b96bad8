package main_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// serve runs the server and returns a client to it.
func (w world) serve(tb testing.TB, env []string, args ...string) (*process, *client) {
	tb.Helper()
	p := start(tb, program(env, append([]string{"serve"}, args...)...))
	addr := p.says(tb, p.stderr, `"msg":"listening","address":"([^"]+)"`)[1]
	c := newClient("http://" + addr)
	c.host = "login.example.com"
	return p, c
}

// ready waits until the server says whether it is ready as wanted.
func (c *client) ready(tb testing.TB, want int) {
	tb.Helper()
	var got answer
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = c.get(tb, "/readyz"); got.status == want {
			return
		}
	}
	tb.Fatalf("/readyz = %d %s, want %d", got.status, got.body, want)
}

func TestServeNamesEverythingThatIsMissingAtOnce(t *testing.T) {
	t.Parallel()
	got := fail(t, nil, "serve")
	for _, name := range []string{
		"GATEHOUSE_DATABASE_URL", "GATEHOUSE_MASTER_KEYS", "GATEHOUSE_ROOT_SECRET", "GATEHOUSE_BASE_URL", "GATEHOUSE_SMTP_URL",
	} {
		if !strings.Contains(got, name+" is missing") {
			t.Errorf("serve without an environment said %q, want it to name %s", got, name)
		}
	}
	if check := fail(t, nil, "config", "check"); check != got {
		t.Errorf("config check said %q, want the same as serve: %q", check, got)
	}
}

func TestServeRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	example := "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
	for _, tt := range []struct{ name, value, want string }{
		{"GATEHOUSE_MASTER_KEYS", "k1:" + example, "GATEHOUSE_MASTER_KEYS: key 1 (k1): an example or low-entropy key"},
		{"GATEHOUSE_MASTER_KEYS", example, "GATEHOUSE_MASTER_KEYS: key 1: want id:base64"},
		{"GATEHOUSE_MASTER_KEYS", "k1:c2hvcnQ=", "GATEHOUSE_MASTER_KEYS: key 1 (k1): not the base64 of 32 bytes"},
		{"GATEHOUSE_ROOT_SECRET", example, "GATEHOUSE_ROOT_SECRET: an example or low-entropy key"},
		{"GATEHOUSE_ROOT_SECRET", "changeme", "GATEHOUSE_ROOT_SECRET: not the base64 of 32 bytes"},
		{"GATEHOUSE_BASE_URL", "http://login.example.com", "GATEHOUSE_BASE_URL must be https"},
		{"GATEHOUSE_BASE_URL", "login.example.com", "GATEHOUSE_BASE_URL is not a URL"},
		{"GATEHOUSE_BASE_URL", "https://user:password@login.example.com", "GATEHOUSE_BASE_URL is not a URL"},
		{"GATEHOUSE_BASE_URL", "https://login.example.com/?a=b", "GATEHOUSE_BASE_URL is not a URL"},
		{"GATEHOUSE_SMTP_URL", "smtp://mail.example.com", "GATEHOUSE_MAIL_FROM is missing"},
		{"GATEHOUSE_GOOGLE_CLIENT_ID", "id", "GATEHOUSE_GOOGLE_CLIENT_ID and GATEHOUSE_GOOGLE_CLIENT_SECRET go together"},
		{"GATEHOUSE_TRUSTED_PROXIES", "10.0.0.0/8,everyone", `GATEHOUSE_TRUSTED_PROXIES: "everyone" is not a network`},
		{"GATEHOUSE_IDP_PORTS", "443,70000", `GATEHOUSE_IDP_PORTS: "70000" is not a port like 8443`},
		{"GATEHOUSE_IDP_NETWORKS", "10.0.0.0/99", `GATEHOUSE_IDP_NETWORKS: "10.0.0.0/99" is not a network`},
		{"GATEHOUSE_EGRESS_PROXY", "socks5://proxy", "GATEHOUSE_EGRESS_PROXY is not an http or https URL"},
		{"GATEHOUSE_CORS_ORIGINS", "https://app.example.com/,*", `GATEHOUSE_CORS_ORIGINS: "https://app.example.com/" is not an origin`},
		{"GATEHOUSE_INTERNAL_HOSTS", "app:8080,http://app", `GATEHOUSE_INTERNAL_HOSTS: "http://app" is not a host`},
		{"GATEHOUSE_DATABASE_DIRECT_URL", "nonsense", "GATEHOUSE_DATABASE_DIRECT_URL is not an address"},
		{"GATEHOUSE_DATABASE_MAX_CONNS", "many", "GATEHOUSE_DATABASE_MAX_CONNS is not a number"},
		{"GATEHOUSE_DATABASE_MAX_CONNS", "1", "GATEHOUSE_DATABASE_MAX_CONNS is not a number"},
	} {
		for _, line := range []string{"serve", "config check"} {
			t.Run(fmt.Sprintf("%s %s=%s", line, tt.name, tt.value), func(t *testing.T) {
				t.Parallel()
				got := fail(t, w.with(tt.name, tt.value), args(line)...)
				if !strings.Contains(got, tt.want) || strings.Contains(got, example) || strings.Contains(got, "changeme") {
					t.Errorf("%s with %s=%s said %q, want %q and no secret", line, tt.name, tt.value, got, tt.want)
				}
			})
		}
	}
}

func TestMistakesInTheMailAddressAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.with("GATEHOUSE_SMTP_URL", "http://mail.example.com"), "GATEHOUSE_MAIL_FROM=nobody")
	got := fail(t, w.env, "serve")
	for _, want := range []string{"GATEHOUSE_SMTP_URL", "neither smtp:// nor smtps://", "the sender of mail is not an address"} {
		if !strings.Contains(got, want) {
			t.Errorf("serve said %q, want it to contain %q", got, want)
		}
	}
}

func TestAllMistakesOfACatalogAreSaidWithTheirLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nplanz: {}\nplans:\n  gold: {title: Gold}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"serve", "config check", "dev --addr 127.0.0.1:0"} {
		got := fail(t, w.env, append(args(line), "--catalog", file)...)
		want := file + `:2:1: catalog: unknown key "planz"; did you mean "plans"?; ` + file + `:4:3: unknown plan "gold": `
		if !strings.Contains(got, want) {
			t.Errorf("%s said %q, want %q", line, got, want)
		}
	}
	got := fail(t, w.with("GATEHOUSE_ROOT_SECRET", ""), "config", "check", "--catalog", file)
	if !strings.Contains(got, "GATEHOUSE_ROOT_SECRET is missing") || !strings.Contains(got, ":2:1: ") {
		t.Errorf("config check said %q, want the mistakes of the environment and of the catalog", got)
	}
}

func TestServeSaysThatItsAddressIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, flag := range []string{"--addr", "--metrics-addr"} {
		got := fail(t, w.env, "serve", flag, l.Addr().String())
		if !strings.Contains(got, "listen on "+l.Addr().String()) || !strings.Contains(got, "address already in use") {
			t.Errorf("serve %s of another said %q, want that it is in use", flag, got)
		}
	}
}

func TestServeMigratesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	version := func() string {
		return w.query(t, "SELECT max(version_id)::text FROM goose_db_version WHERE is_applied")
	}
	newest := version()
	succeed(t, w.env, "migrate", "down")
	older := version()
	_, c := w.serve(t, w.env)
	c.ready(t, http.StatusServiceUnavailable)
	if got := c.get(t, "/healthz"); got.status != http.StatusOK {
		t.Errorf("/healthz over an older schema = %d, want 200: a restart would not help", got.status)
	}
	if got := version(); got != older {
		t.Errorf("serve moved the schema from %s to %s", older, got)
	}
	got := fail(t, []string{"GATEHOUSE_HEALTHCHECK_URL=" + c.base + "/readyz"}, "healthcheck")
	if want := "the server is not ready: 503"; !strings.HasPrefix(got, want) {
		t.Errorf("healthcheck over an older schema said %q, want %q", got, want)
	}
	succeed(t, w.env, "migrate", "up")
	c.ready(t, http.StatusOK)
	if got := version(); got != newest {
		t.Errorf("the schema is at %s, want %s", got, newest)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, c := w.serve(t, w.env)
	c.ready(t, http.StatusOK)
	env := []string{"GATEHOUSE_HEALTHCHECK_URL=" + c.base + "/readyz"}
	if got := succeed(t, env, "healthcheck"); got != "" {
		t.Errorf("healthcheck printed %q, want nothing", got)
	}
	if got, want := fail(t, []string{"GATEHOUSE_HEALTHCHECK_URL=nonsense"}, "healthcheck"), "ask the server: "; !strings.HasPrefix(got, want) {
		t.Errorf("healthcheck of nothing said %q, want %q", got, want)
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Errorf("serve ended with %d after SIGTERM, want 0: %s", code, p.stderr)
	}
	if got := fail(t, env, "healthcheck"); !strings.Contains(got, "connection refused") {
		t.Errorf("healthcheck of a stopped server said %q, want that it refuses", got)
	}
}

// A link and a key from the command line are all that a script needs.
func TestTheOwnersLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme := w.tenant(t, "acme", "team")
	_, c := w.serve(t, w.env)
	if got := c.me(t); got != "Unauthorized" {
		t.Fatalf("/v1/me before the link = %s, want 401", got)
	}
	_, credential, _ := strings.Cut(acme.Link, "#")
	for range 2 { // mail scanners open links
		if got := c.get(t, "/login/link"); got.status != http.StatusOK {
			t.Fatalf("GET /login/link = %d %s", got.status, got.body)
		}
	}
	if got := c.post(t, "/login/link", url.Values{"link": {credential}}); got.status != http.StatusSeeOther {
		t.Fatalf("POST /login/link = %d %s, want a redirect", got.status, got.body)
	}
	for _, want := range []string{"owner@acme.example", `"owner"`, acme.Tenant, acme.Owner, `"team"`} {
		if got := c.me(t); !strings.Contains(got, want) {
			t.Errorf("/v1/me after the link = %s, want %s in it", got, want)
		}
	}
	other := newClient(c.base)
	other.host = c.host
	if got := other.post(t, "/login/link", url.Values{"link": {credential}}); got.status != http.StatusGone || len(other.cookies) != 0 {
		t.Errorf("the link again = %d with cookies %v, want 410 and none", got.status, other.cookies)
	}
	_, another, _ := strings.Cut(succeed(t, w.env, "tenant", "link", "--tenant", "acme", "--member", "owner@acme.example"), "#")
	if got := other.post(t, "/login/link", url.Values{"link": {strings.TrimSpace(another)}}); got.status != http.StatusSeeOther {
		t.Errorf("a new link = %d %s, want a redirect", got.status, got.body)
	}
}

func TestServeNeverTalksHTTPToProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	idp, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{Name: "acme", Clients: []testidp.Client{{ID: "gatehouse", Secret: "a secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w.tenant(t, "acme", "enterprise")
	key := w.key(t, "acme", "admin").Secret
	issuer := idp.Provider("acme").URL()
	for _, networks := range []string{"", "10.0.0.0/8"} {
		_, c := w.serve(t, w.with("GATEHOUSE_IDP_NETWORKS", networks))
		c.key = key
		status, out := c.call(t, http.MethodPost, "/v1/connections", map[string]any{
			"name": "Acme", "issuer": issuer, "client_id": "gatehouse", "client_secret": "a secret",
		})
		if text := fmt.Sprint(out); status != http.StatusUnprocessableEntity || out["code"] != "connection_invalid" || !strings.Contains(text, "https") {
			t.Errorf("POST /v1/connections with %s = %d %s, want that only https is allowed", issuer, status, text)
		}
	}
	if n := idp.Provider("acme").Requests(testidp.Discovery); n != 0 {
		t.Errorf("the provider was asked %d times, want never", n)
	}
}

func TestKeysRotateReachesARunningServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c := w.serve(t, w.env)
	c.ready(t, http.StatusOK)
	kid := decode[map[string]string](t, succeed(t, w.env, "keys", "rotate", "--json"))["kid"]
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if set := c.get(t, "/.well-known/jwks.json").body; strings.Contains(set, kid) && strings.Count(set, `"kid"`) == 2 {
			return
		}
	}
	t.Errorf("the running server does not publish %s beside the old key", kid)
}
