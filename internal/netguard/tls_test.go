package netguard_test

import (
	"crypto/tls"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func TestSSRF_22_InvalidTLS(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*tls.Config, *authority){
		"self-signed": func(c *tls.Config, _ *authority) { c.Certificates = []tls.Certificate{selfSigned(t, provider)} },
		"other root": func(c *tls.Config, _ *authority) {
			c.Certificates = []tls.Certificate{newAuthority(t).issue(t, provider, time.Hour)}
		},
		"expired": func(c *tls.Config, a *authority) {
			c.Certificates = []tls.Certificate{a.issue(t, provider, -time.Hour)}
		},
		"wrong name": func(c *tls.Config, a *authority) {
			c.Certificates = []tls.Certificate{a.issue(t, "other.example.com", time.Hour)}
		},
		"parent's name": func(c *tls.Config, a *authority) {
			c.Certificates = []tls.Certificate{a.issue(t, "example.com", time.Hour)}
		},
		"TLS 1.0": func(c *tls.Config, _ *authority) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"TLS 1.1": func(c *tls.Config, _ *authority) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, hello, func(server *httptest.Server, _ *netguard.Policy, root *authority) { change(server.TLS, root) })
			if status, _, got := get(t, w.Client(netguard.Limits{}), w.url("/")); got != netguard.TLSFailure {
				t.Errorf("GET = %d, %q, want %q", status, got, netguard.TLSFailure)
			}
		})
	}
}

func TestSSRF_22_NoOptionSkipsVerification(t *testing.T) {
	t.Parallel()
	for _, options := range []any{netguard.Policy{}, netguard.Limits{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(options)) {
			name := strings.ToLower(field.Name)
			if strings.Contains(name, "insecure") || strings.Contains(name, "skip") || strings.Contains(name, "verify") {
				t.Errorf("%T has the option %s, want none that weakens TLS", options, field.Name)
			}
		}
	}
}
