package netguard_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// redirecting answers /to?status=..&location=.. with that redirect, /loop with itself, and /end with "arrived".
func redirecting(w http.ResponseWriter, r *http.Request) {
	status := map[string]int{"301": 301, "302": 302, "303": 303, "307": 307, "308": 308}[strings.TrimPrefix(r.URL.Path, "/to/")]
	switch {
	case status != 0:
		w.Header().Set("Location", r.URL.Query().Get("location"))
		w.WriteHeader(status)
	case r.URL.Path == "/loop":
		http.Redirect(w, r, "/loop", http.StatusFound)
	default:
		_, _ = w.Write([]byte("arrived " + r.Header.Get("Authorization")))
	}
}

func TestSSRF_08_RedirectsAreNotFollowedByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redirecting)
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		for _, location := range []string{"/end", w.canaryURL("127.0.0.1"), "", "//"} {
			got, content, reason := get(t, w.Client(netguard.Limits{}), w.url("/to/"+status)+"?location="+location)
			if got != 0 || reason != netguard.RedirectRefused {
				t.Errorf("GET with %s to %q = %d %q, %q, want %q", status, location, got, content, reason, netguard.RedirectRefused)
			}
		}
	}
}

func TestSSRF_08_FollowedRedirectIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redirecting)
	w.answer("evil.example", []string{"127.0.0.1"})
	client := w.Client(netguard.Limits{Redirects: 3})
	for location, want := range map[string]netguard.Reason{
		w.canaryURL("127.0.0.1"):                           netguard.BlockedAddress,
		w.canaryURL("evil.example"):                        netguard.BlockedAddress,
		w.canaryURL("127.1"):                               netguard.BlockedAddress,
		strings.Replace(w.url("/end"), "https", "http", 1): netguard.BlockedScheme,
		"file:///etc/passwd":                               netguard.BlockedScheme,
		"https://" + provider + ":22/":                     netguard.BlockedPort,
		"https://user:pass@" + provider + "/":              netguard.InvalidURL,
	} {
		for _, status := range []string{"301", "302", "303", "307", "308"} {
			_, content, got := get(t, client, w.url("/to/"+status)+"?location="+location)
			if got != want {
				t.Errorf("GET with %s to %s = %q, %q, want %q", status, location, content, got, want)
			}
		}
	}
}

func TestSSRF_08_AtMostThreeRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redirecting)
	hop := func(n int) string {
		path := "/end"
		for range n {
			path = "/to/302?location=" + strings.NewReplacer("?", "%3F", "=", "%3D", "%", "%25").Replace(path)
		}
		return w.url("") + path
	}
	for hops, want := range map[int]netguard.Reason{0: "", 1: "", 2: "", 3: "", 4: netguard.RedirectRefused} {
		if _, content, got := get(t, w.Client(netguard.Limits{Redirects: 100}), hop(hops)); got != want {
			t.Errorf("GET over %d redirects = %q, %q, want %q", hops, content, got, want)
		}
	}
	if _, _, got := get(t, w.Client(netguard.Limits{Redirects: 3}), w.url("/loop")); got != netguard.RedirectRefused {
		t.Errorf("GET /loop = %q, want %q", got, netguard.RedirectRefused)
	}
}

func TestSSRF_08_AuthorizationStaysAtItsHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redirecting)
	for location, want := range map[string]string{"/end": "arrived Bearer x", w.url("/end"): "arrived Bearer x"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url("/to/302")+"?location="+location, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer x")
		if _, got, reason := do(t, w.Client(netguard.Limits{Redirects: 1}), req); got != want {
			t.Errorf("GET redirected to %s = %q, %q, want %q", location, got, reason, want)
		}
	}
}

func TestSSRF_09_TokenRequestIsNeverRedirected(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			arrived.Add(1)
			return
		}
		redirecting(w, r)
	})
	client := w.Client(netguard.Limits{Redirects: 3})
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		for _, location := range []string{w.canaryURL("127.0.0.1"), w.url("/end")} {
			for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodGet} {
				req, err := http.NewRequestWithContext(t.Context(), method, w.url("/to/"+status)+"?location="+location,
					strings.NewReader("client_secret=hunter2&code=c"))
				if err != nil {
					t.Fatal(err)
				}
				if _, _, got := do(t, client, req); got != netguard.RedirectRefused {
					t.Errorf("%s with a body and %s to %s = %q, want %q", method, status, location, got, netguard.RedirectRefused)
				}
			}
		}
	}
	if n := arrived.Load(); n != 0 {
		t.Errorf("the secret was sent on %d times, want 0", n)
	}
}
