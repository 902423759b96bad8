package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// What helps development is not there in what runs in production: no flag, no variable and no address switches it on.
func TestSEC_09_ServeHasNoSwitchForDevelopment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, flag := range []string{
		"--insecure-loopback-providers", "--insecure", "--dev", "--demo", "--data=x", "--idp-addr=127.0.0.1:0", "--debug", "--pprof", "--clock=2000-01-01",
		"--skip-verify", "--outbox",
	} {
		if got := fail(t, w.env, "serve", flag); !strings.Contains(got, "unknown flag") {
			t.Errorf("serve %s said %q, want that there is no such flag", flag, got)
		}
	}

	idp, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{Name: "acme", Clients: []testidp.Client{{ID: "gatehouse", Secret: "a secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w.tenant(t, "acme", "enterprise")
	key := w.key(t, "acme", "admin").Secret
	env := w.env
	for _, name := range []string{"DEV", "DEBUG", "INSECURE", "INSECURE_LOOPBACK_PROVIDERS", "DEMO", "OUTBOX", "SKIP_VERIFY", "TEST", "PPROF"} {
		env = append(env, "GATEHOUSE_"+name+"=true")
	}
	// A clock that could be set would bring ended sessions and keys back.
	env = append(env, "GATEHOUSE_CLOCK=2000-01-01T00:00:00Z", "GATEHOUSE_NOW=2000-01-01T00:00:00Z", "FAKETIME=2000-01-01", "GODEBUG=http2debug=1")
	_, c := w.serve(t, env)
	c.key = key
	status, out := c.call(t, http.MethodPost, "/v1/connections", map[string]any{
		"name": "Acme", "issuer": idp.Provider("acme").URL(), "client_id": "gatehouse", "client_secret": "a secret",
	})
	if status != http.StatusUnprocessableEntity || idp.Provider("acme").Requests(testidp.Discovery) != 0 {
		t.Errorf("a connection over http = %d %v, want a refusal and no request", status, out)
	}
	for _, path := range []string{"/dev/mail", "/dev", "/debug/pprof/", "/debug/vars", "/metrics", "/clock", "/_/scenarios", "/acme/.well-known/openid-configuration"} {
		if got := c.get(t, path); got.status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got.status)
		}
	}
	last := w.query(t, "SELECT to_char(max(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM events")
	if at, err := time.Parse(time.RFC3339, last); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("the latest event is of %s: the clock was set", last)
	}
}
