package netguard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

func TestHonestProviderIsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hello)
	for _, target := range []string{w.url("/a"), at("IDP.example.com.", w.port, "/a")} {
		if status, content, reason := get(t, w.Client(netguard.Limits{}), target); status != 200 || content != "hello" {
			t.Errorf("GET %s = %d %q, %q, want 200 hello", target, status, content, reason)
		}
	}
}

func TestSSRF_10_Rebinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hello)
	// The port is the canary's: were the address taken from the first answer and the connection from the second, the
	// canary would hear of it. The honest address has nobody at that port.
	w.answer("rebind.example", []string{providerAddress}, []string{"127.0.0.1"})
	client := w.Client(netguard.Limits{})
	for i, want := range []netguard.Reason{netguard.ConnectFailed, netguard.BlockedAddress, netguard.BlockedAddress} {
		if _, _, got := get(t, client, w.canaryURL("rebind.example")); got != want {
			t.Errorf("GET %d = %q, want %q", i+1, got, want)
		}
	}
	for name, answer := range map[string][]string{
		"good-first.example": {providerAddress, "127.0.0.1"},
		"bad-first.example":  {"127.0.0.1", providerAddress},
		"mixed.example":      {providerAddress, "::1"},
		"mapped.example":     {providerAddress, "::ffff:127.0.0.1"},
		"many.example":       {providerAddress, providerAddress, providerAddress, providerAddress, providerAddress, "10.0.0.1"},
	} {
		w.answer(name, answer)
		if _, _, got := get(t, client, w.canaryURL(name)); got != netguard.BlockedAddress {
			t.Errorf("GET %s at %v = %q, want %q", name, answer, got, netguard.BlockedAddress)
		}
	}
}

func TestSSRF_11_LaterCallsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	// A connection that is open leads to the address that was checked. Here each request needs a new one.
	w := newWorld(t, hello, http1, func(server *httptest.Server, _ *netguard.Policy, _ *authority) {
		server.Config.SetKeepAlivesEnabled(false)
	})
	client := w.ClientFor("con_1", netguard.Limits{})
	if status, _, reason := get(t, client, w.url("/")); status != 200 {
		t.Fatalf("GET = %d, %q, want 200", status, reason)
	}
	w.answer(provider, []string{"127.0.0.1"})
	if _, _, got := get(t, client, w.url("/")); got != netguard.BlockedAddress {
		t.Errorf("GET after the name moved = %q, want %q", got, netguard.BlockedAddress)
	}
}

func TestNamesThatDoNotResolve(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hello)
	w.answer("nothing.example", []string{})
	for _, name := range []string{"unknown.example", "nothing.example"} {
		if _, _, got := get(t, w.Client(netguard.Limits{}), at(name, w.port, "/")); got != netguard.DNSFailure {
			t.Errorf("GET %s = %q, want %q", name, got, netguard.DNSFailure)
		}
	}
}
