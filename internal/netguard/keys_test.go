package netguard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// flaky hangs up while broken is set.
func flaky(broken *atomic.Bool, served *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if broken.Load() {
			panic(http.ErrAbortHandler)
		}
		hello(w, r)
	}
}

func TestSSRF_24_CircuitOpensAndCloses(t *testing.T) {
	t.Parallel()
	const cooldown = time.Second
	var broken atomic.Bool
	var served atomic.Int32
	w := newWorld(t, flaky(&broken, &served), func(server *httptest.Server, policy *netguard.Policy, _ *authority) {
		server.EnableHTTP2 = false // there the transport tries again by itself
		policy.BreakerFailures, policy.BreakerCooldown = 3, cooldown
	})
	client := w.ClientFor("con_1", netguard.Limits{})
	post := func() netguard.Reason {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url("/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, reason := do(t, client, req)
		return reason
	}
	expect := func(step string, want netguard.Reason) {
		t.Helper()
		if got := post(); got != want {
			t.Errorf("%s: POST = %q, want %q", step, got, want)
		}
	}

	expect("healthy", "")
	broken.Store(true)
	for i := range 3 {
		expect(fmt.Sprint("failure ", i+1), netguard.ConnectFailed)
	}
	before := served.Load()
	for range 20 {
		expect("open", netguard.CircuitOpen)
	}
	if got := served.Load(); got != before {
		t.Errorf("an open circuit let %d requests through, want 0", got-before)
	}
	if _, _, reason := get(t, w.ClientFor("con_2", netguard.Limits{}), w.url("/")); reason != netguard.ConnectFailed {
		t.Errorf("another key = %q, want its own circuit (%q)", reason, netguard.ConnectFailed)
	}

	time.Sleep(cooldown + 50*time.Millisecond)
	expect("probe that fails", netguard.ConnectFailed)
	expect("open again", netguard.CircuitOpen)

	broken.Store(false)
	time.Sleep(cooldown + 50*time.Millisecond)
	expect("probe that succeeds", "")
	expect("closed", "")
}

func TestSSRF_24_OurOwnRefusalsDoNotOpenTheCircuit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) { policy.BreakerFailures = 2 })
	client := w.ClientFor("con_1", netguard.Limits{})
	w.answer("evil.example", []string{"127.0.0.1"})
	for range 5 {
		if _, _, got := get(t, client, w.canaryURL("evil.example")); got != netguard.BlockedAddress {
			t.Errorf("GET = %q, want %q", got, netguard.BlockedAddress)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url("/headers"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, got := do(t, client, req); got != netguard.Timeout {
			t.Errorf("GET that the caller gave up = %q, want %q", got, netguard.Timeout)
		}
	}
	if status, _, reason := get(t, client, w.url("/")); status != 200 {
		t.Errorf("GET = %d, %q, want 200", status, reason)
	}
}

func TestKeysAreForgottenWhenThereAreTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) {
		policy.MaxKeys, policy.BreakerFailures = 2, 1
	})
	fail := func(key string) netguard.Reason {
		_, _, reason := get(t, w.ClientFor(key, netguard.Limits{}), at("unknown.example", w.port, "/"))
		return reason
	}
	for i, step := range []struct {
		key  string
		want netguard.Reason
	}{
		{"a", netguard.DNSFailure},
		{"a", netguard.CircuitOpen},
		{"b", netguard.DNSFailure},
		{"a", netguard.CircuitOpen}, // a is the more recent now
		{"c", netguard.DNSFailure},  // forgets b
		{"a", netguard.CircuitOpen},
		{"b", netguard.DNSFailure}, // forgets c
	} {
		if got := fail(step.key); got != step.want {
			t.Errorf("step %d: GET of key %s = %q, want %q", i, step.key, got, step.want)
		}
	}
}

func TestKeysInUseAreNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) { policy.MaxKeys = 1 })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url("/body"), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.ClientFor("a", netguard.Limits{}).Do(req)
	if err != nil {
		t.Fatalf("GET = %v", err)
	}
	if _, _, got := get(t, w.ClientFor("b", netguard.Limits{}), w.url("/")); got != netguard.TooBusy {
		t.Errorf("GET of a second key = %q, want %q", got, netguard.TooBusy)
	}
	_ = res.Body.Close()
	if status, _, reason := get(t, w.ClientFor("b", netguard.Limits{}), w.url("/")); status != 200 {
		t.Errorf("GET of a second key once the first is idle = %d, %q, want 200", status, reason)
	}
}
