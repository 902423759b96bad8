package netguard_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func TestRequestsCarryNothingOfOthers(t *testing.T) {
	t.Parallel()
	type seen struct{ Proto, Host, UserAgent, Cookie, Encoding string }
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "tracker", Value: "1"})
		_ = json.NewEncoder(w).Encode(seen{
			r.Proto, r.Host, r.UserAgent(), r.Header.Get("Cookie"), r.Header.Get("Accept-Encoding"),
		})
	})
	client := w.Client(netguard.Limits{})
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url("/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "internal.example"
		req.Header.Set("User-Agent", "curl")
		req.Header.Set("Cookie", "session=1")
		req.Header.Set("Accept-Encoding", "br")
		_, content, reason := do(t, client, req)
		var got seen
		if err := json.Unmarshal([]byte(content), &got); err != nil {
			t.Fatalf("GET = %q, %q: %v", content, reason, err)
		}
		want := seen{"HTTP/2.0", provider + ":" + strconv.Itoa(w.port), "Gatehouse", "", "gzip"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the provider saw (-want +got):\n%s", diff)
		}
		if req.Header.Get("Cookie") == "" || req.Host != "internal.example" {
			t.Error("the caller's request was changed, want a copy")
		}
	}
}

func TestBodyOfRefusedRequestIsClosed(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	body := &closing{}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1/", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, got := do(t, guard.Client(netguard.Limits{}), req); got != netguard.BlockedAddress || !body.closed {
		t.Errorf("POST = %q with its body closed %t, want %q and true", got, body.closed, netguard.BlockedAddress)
	}
}

type closing struct{ closed bool }

func (*closing) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closing) Close() error           { c.closed = true; return nil }

func TestDevReachesThisMachineByItsOwnNames(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(server.Close)
	port := server.Listener.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	guard := netguard.NewDev(netguard.Policy{})
	t.Cleanup(guard.CloseIdleConnections)
	for _, host := range []string{"127.0.0.1", "localhost", "acme.localhost"} {
		target := "http://" + host + ":" + strconv.Itoa(int(port)) + "/"
		if status, content, reason := get(t, guard.Client(netguard.Limits{}), target); status != 200 || content != "hello" {
			t.Errorf("GET %s = %d %q, %q, want 200 hello", target, status, content, reason)
		}
	}
}
