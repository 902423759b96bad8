package netguard_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// sized answers /N with N bytes, and compresses them when asked with ?gzip.
func sized(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var out io.Writer = w
	switch {
	case r.URL.Query().Has("gzip"):
		w.Header().Set("Content-Encoding", "gzip")
		compressed := gzip.NewWriter(w)
		defer func() { _ = compressed.Close() }()
		out = compressed
	case r.URL.Query().Has("length"):
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	default:
		w.(http.Flusher).Flush() // no Content-Length
	}
	chunk := []byte(strings.Repeat("x", 64<<10))
	for size > 0 {
		n, err := out.Write(chunk[:min(size, int64(len(chunk)))])
		if err != nil {
			return
		}
		size -= int64(n)
	}
}

func http1(server *httptest.Server, _ *netguard.Policy, _ *authority) { server.EnableHTTP2 = false }

func TestSSRF_17_HugeBody(t *testing.T) {
	t.Parallel()
	for protocol, w := range map[string]*world{"h2": newWorld(t, sized), "h1": newWorld(t, sized, http1)} {
		for _, limit := range []int64{0, 1, 512 << 10, 1 << 20} {
			effective := limit
			if limit == 0 {
				effective = 256 << 10
			}
			client := w.Client(netguard.Limits{Body: limit})
			for _, query := range []string{"", "?length", "?gzip"} {
				for _, size := range []int64{0, effective - 1, effective} {
					_, content, reason := get(t, client, w.url("/"+strconv.FormatInt(size, 10))+query)
					if reason != "" || int64(len(content)) != size {
						t.Errorf("%s: %d of %d bytes%s = %d bytes, %q, want all", protocol, size, effective, query, len(content), reason)
					}
				}
				for _, size := range []int64{effective + 1, 2 * effective, 1 << 30} {
					if query == "?gzip" && size == 1<<30 {
						continue // a bomb of its own, below
					}
					_, content, reason := get(t, client, w.url("/"+strconv.FormatInt(size, 10))+query)
					if reason != netguard.BodyTooLarge || int64(len(content)) > effective {
						t.Errorf("%s: %d of %d bytes%s = %d bytes, %q, want %q", protocol, size, effective, query, len(content), reason, netguard.BodyTooLarge)
					}
				}
			}
		}
	}
}

func TestSSRF_19_CompressionBomb(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sized)
	client := w.Client(netguard.Limits{})
	for _, encoding := range []string{"", "gzip", "identity"} { // what the caller asks for makes no difference
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url("/100000000")+"?gzip", nil)
		if err != nil {
			t.Fatal(err)
		}
		if encoding != "" {
			req.Header.Set("Accept-Encoding", encoding)
		}
		if _, content, got := do(t, client, req); got != netguard.BodyTooLarge || len(content) > 256<<10 {
			t.Errorf("GET of 100 MB in 100 KB = %d bytes, %q, want %q", len(content), got, netguard.BodyTooLarge)
		}
	}
}

func TestSSRF_20_HeaderFlood(t *testing.T) {
	t.Parallel()
	flood := func(w http.ResponseWriter, _ *http.Request) {
		for i := range 160 {
			w.Header().Set("X-Flood-"+strconv.Itoa(i), strings.Repeat("x", 64<<10))
		}
	}
	for protocol, w := range map[string]*world{"h2": newWorld(t, flood), "h1": newWorld(t, flood, http1)} {
		if status, _, got := get(t, w.Client(netguard.Limits{}), w.url("/")); got != netguard.ConnectFailed {
			t.Errorf("%s: GET with 10 MB of headers = %d, %q, want %q", protocol, status, got, netguard.ConnectFailed)
		}
	}
}

func TestSSRF_21_LargeTokenAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sized)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url("/900000"), strings.NewReader("code=c"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.Client(netguard.Limits{}).Do(req)
	if err != nil {
		t.Fatalf("POST = %v, want an answer", err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if !errors.Is(err, netguard.ErrBodyTooLarge) || len(content) != 256<<10 {
		t.Errorf("reading 900 KB = %d bytes, %v, want 256 KiB and ErrBodyTooLarge", len(content), err)
	}
	if err != nil && len(err.Error()) > 200 {
		t.Errorf("the error has %d bytes, want at most 200", len(err.Error()))
	}
	if n, again := res.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(again, netguard.ErrBodyTooLarge) {
		t.Errorf("reading on = %d, %v, want the same error", n, again)
	}
}
