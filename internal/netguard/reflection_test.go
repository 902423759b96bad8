package netguard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func TestSSRF_25_ErrorsTellNothingOfTheOtherSide(t *testing.T) {
	t.Parallel()
	const body = "internal-page-canary"
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://internal-location-canary.example/")
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write([]byte(body))
	})
	w.answer("private.example", []string{"10.1.2.3"})
	w.answer("closed.example", []string{providerAddress})
	for _, target := range []string{
		w.url("/"), at("private.example", w.port, "/"), at("closed.example", w.canary.port, "/"), at("closed.example", w.port, "/"),
		at("unknown.example", w.port, "/"),
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.Client(netguard.Limits{}).Do(req)
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("GET %s = %d, want an error", target, res.StatusCode)
			continue
		}
		shown := strings.ReplaceAll(everyForm(t, err), target, "") // *url.Error repeats what the customer typed
		for _, leak := range []string{
			body, "canary", "302", "Found", "10.1.2.3", providerAddress, "10.9.8.7", strconv.Itoa(w.port), "connection refused", "x509", "no such host",
			"connect:", "dial",
		} {
			if strings.Contains(shown, leak) {
				t.Errorf("the error of GET %s shows %q: %s", target, leak, shown)
			}
		}
	}
}

// withoutTime drops the digits that a port could be found in.
func withoutTime(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// everyForm prints an error and all errors within it in the ways that logs and pages do.
func everyForm(t *testing.T, err error) string {
	t.Helper()
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	for link := err; link != nil; {
		fmt.Fprintf(&out, "%v %+v %s %q\n", link, link, link, link)
		logger.Info("request", "error", link)
		if guarded, ok := link.(*netguard.Error); ok { //nolint:errorlint // walks the chain itself
			encoded, err := json.Marshal(guarded)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(encoded)
			fmt.Fprintf(&out, "%#v", guarded)
		}
		wrapped, ok := link.(interface{ Unwrap() error })
		if !ok {
			break
		}
		link = wrapped.Unwrap()
	}
	return out.String()
}
