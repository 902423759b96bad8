package netguard_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// sluggish answers /headers never, /body byte by byte, and anything else with "hello".
func sluggish(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/headers":
		<-r.Context().Done()
	case "/body":
		for {
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	case "/slow-hop":
		time.Sleep(200 * time.Millisecond)
		http.Redirect(w, r, "/slow-hop", http.StatusFound)
	default:
		hello(w, r)
	}
}

func TestSSRF_18_DeadlineCoversEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish)
	const limit = 300 * time.Millisecond
	client := w.Client(netguard.Limits{Timeout: limit, Redirects: 3})
	for _, path := range []string{"/headers", "/body", "/slow-hop"} {
		start := time.Now()
		_, _, got := get(t, client, w.url(path))
		if took := time.Since(start); got != netguard.Timeout || took < limit || took > 10*limit {
			t.Errorf("GET %s = %q after %v, want %q after %v", path, got, took, netguard.Timeout, limit)
		}
		if status, _, reason := get(t, client, w.url("/healthy")); status != 200 {
			t.Errorf("GET /healthy after %s = %d, %q, want 200", path, status, reason)
		}
	}
}

func TestSSRF_18_NoLimitExceedsTenSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish)
	for _, timeout := range []time.Duration{0, time.Hour} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, _, got := get(t, w.Client(netguard.Limits{Timeout: timeout}), w.url("/headers"))
			if took := time.Since(start); got != netguard.Timeout || took < 9*time.Second || took > 15*time.Second {
				t.Errorf("GET = %q after %v, want %q after 10 s", got, took, netguard.Timeout)
			}
		})
	}
}

func TestSSRF_18_PeerThatNeverSpeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hello)
	// The kernel takes the connection; nobody ever shakes hands.
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	guard := netguard.NewDev(netguard.Policy{})
	t.Cleanup(guard.CloseIdleConnections)
	start := time.Now()
	_, _, got := get(t, guard.Client(netguard.Limits{Timeout: 200 * time.Millisecond}), "https://"+silent.Addr().String()+"/")
	if took := time.Since(start); got != netguard.Timeout || took > 3*time.Second {
		t.Errorf("GET = %q after %v, want %q", got, took, netguard.Timeout)
	}
	if status, _, reason := get(t, w.Client(netguard.Limits{}), w.url("/")); status != 200 {
		t.Errorf("GET of another provider = %d, %q, want 200", status, reason)
	}
}

func TestSSRF_24_HangingPeerHoldsUpItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	const slots = 4
	arrived := make(chan struct{}, slots)
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/headers" {
			arrived <- struct{}{}
		}
		sluggish(w, r)
	}
	w := newWorld(t, handler, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) { policy.PerKeyConcurrency = slots })
	evil := w.ClientFor("con_evil", netguard.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	var hanging sync.WaitGroup
	for range slots {
		hanging.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url("/headers"), nil)
			if err != nil {
				t.Error(err)
				return
			}
			do(t, evil, req)
		})
	}
	for range slots {
		<-arrived
	}
	var waiting sync.WaitGroup
	for range 10 {
		waiting.Go(func() {
			if _, _, got := get(t, evil, w.url("/healthy")); got != netguard.TooBusy {
				t.Errorf("GET of the busy key = %q, want %q", got, netguard.TooBusy)
			}
		})
	}
	start := time.Now()
	for range 10 {
		if status, _, reason := get(t, w.ClientFor("con_victim", netguard.Limits{}), w.url("/healthy")); status != 200 {
			t.Errorf("GET of another key = %d, %q, want 200", status, reason)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("10 requests of another key took %v, want no waiting for the first", took)
	}
	waiting.Wait()
	cancel()
	hanging.Wait()
	if status, _, reason := get(t, evil, w.url("/healthy")); status != 200 {
		t.Errorf("GET of the key once it is free = %d, %q, want 200", status, reason)
	}
}

func TestSSRF_24_SlotComesBackWithoutClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) { policy.PerKeyConcurrency = 1 })
	client := w.ClientFor("con_1", netguard.Limits{Timeout: 300 * time.Millisecond})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url("/body"), nil)
	if err != nil {
		t.Fatal(err)
	}
	forgotten, err := client.Do(req)
	if err != nil {
		t.Fatalf("GET = %v", err)
	}
	t.Cleanup(func() { _ = forgotten.Body.Close() })
	if status, _, reason := get(t, client, w.url("/healthy")); status != 200 {
		t.Errorf("GET after a forgotten body = %d, %q, want 200", status, reason)
	}
}

func TestCallerWhoGaveUpIsToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sluggish)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url("/headers"), strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.Client(netguard.Limits{}).Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) || netguard.ReasonOf(err) != netguard.Timeout {
		t.Errorf("GET = %v, want context.DeadlineExceeded and %q", err, netguard.Timeout)
	}
}
