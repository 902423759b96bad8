package main_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnAPIKeyIsHeldToTheLimitItWasMadeWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := catalogFile(t, "version: 1\nlimits: {free: {requests: 100/h, each: 20/h}}\n")
	succeed(t, w.env, "catalog", "apply", file)
	w.tenant(t, "acme", "free")
	create := args("apikey create --tenant acme --role viewer --json --rate-limit")
	for limit, want := range map[string]string{
		"60": "a limit is written as", "0/s": "a limit is written as", "unlimited": "a limit is written as",
		"101/h": `--rate-limit "101/h" is more than the plan free allows`, "21/h": "is more than the plan free allows",
	} {
		if got := fail(t, w.env, append(create, limit)...); !strings.Contains(got, want) {
			t.Errorf("apikey create --rate-limit %s said %q, want %q", limit, got, want)
		}
	}
	if got := w.query(t, "SELECT count(*)::text FROM api_keys"); got != "0" {
		t.Errorf("refused limits left %s API keys", got)
	}
	own := decode[apiKey](t, succeed(t, w.env, append(create, "2/h")...))
	if own.RateLimit != "2/h" {
		t.Errorf("rate_limit of the key = %q, want 2/h", own.RateLimit)
	}
	_, c := w.serve(t, w.env)
	c.ready(t, http.StatusOK)
	c.key = own.Secret
	for i, want := range []int{200, 200, 429} {
		if status, got := c.call(t, http.MethodGet, "/v1/me", nil); status != want || want == 429 && (got["code"] != "rate_limited" || got["limit"] != "2/h") {
			t.Errorf("request %d = %d %v, want %d", i+1, status, got, want)
		}
	}
	c.key = w.key(t, "acme", "viewer").Secret // the tenant, and another key, have their own
	if status, got := c.call(t, http.MethodGet, "/v1/me", nil); status != 200 {
		t.Errorf("another key = %d %v, want 200", status, got)
	}
	// The version of the plan that the tenant has says what a key may have, not the newest.
	succeed(t, w.env, "catalog", "apply", catalogFile(t, "version: 1\nlimits: {free: {requests: 10/h}}\n"))
	succeed(t, w.env, append(create, "20/h")...)
}
