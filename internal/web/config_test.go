package web_test

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// newProduct is an application of somebody else, with a server for it that has no rows yet.
func newProduct(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	server, err := web.New(web.Config{
		BaseURL: "https://product.test/auth", DB: b.db, Access: b.access, Sessions: b.sessions, Keyring: b.keyring,
		Log: telemetry.NewLogger(b.log, nil),
	})
	if err != nil {
		t.Fatalf("New = %v", err)
	}
	b.server, b.echo = server, echo.New()
	return b
}

func principal(c echo.Context) string { return authn.From(c.Request().Context()).Subject() }

func TestNewReportsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := web.New(web.Config{
		BaseURL: "http://gatehouse.test", ExtraHosts: []string{"A.test", "b/c"}, InternalHosts: []string{"", "c@d"}, Origins: []string{"*", "https://*.test", "https://a.test/x", "null"},
		MaxInFlight: -1,
	})
	if err == nil {
		t.Fatal("New = nil, want mistakes")
	}
	for _, want := range []string{
		"want https (http only on a loopback host)", `extra host "A.test"`, `extra host "b/c"`, `internal host ""`, `internal host "c@d"`, "no database", "no access", "no sessions",
		"no keyring", "requests in flight",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want %q too", err, want)
		}
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for base, good := range map[string]bool{
		"https://a.test": true, "https://a.test/": true, "https://a.test:8443/auth": true, "http://localhost:8080": true, "http://127.0.0.1:1": true,
		"http://[::1]:8080": true, "http://demo.localhost": true,
		"": false, "a.test": false, "//a.test": false, "ftp://a.test": false, "http://a.test": false, "https://A.test": false, "https://u:p@a.test": false,
		"https://a.test?x=1": false, "https://a.test#x": false, "https://a.test//x": false, "https://a.test/{id}": false, "http://localhost.evil.test": false,
	} {
		_, err := web.New(web.Config{BaseURL: base, DB: b.db, Access: b.access, Sessions: b.sessions, Keyring: b.keyring})
		if (err == nil) != good {
			t.Errorf("New(base %q) = %v, want it accepted: %v", base, err, good)
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for origin, good := range map[string]bool{
		"https://app.test": true, "https://app.test:8443": true, "http://localhost:3000": true,
		"*": false, "null": false, "https://*.test": false, "https://app.test/": false, "https://app.test/x": false, "http://app.test": false, "https://App.test": false, "": false,
	} {
		_, err := web.New(web.Config{BaseURL: baseURL, Origins: []string{origin}, DB: b.db, Access: b.access, Sessions: b.sessions, Keyring: b.keyring})
		if (err == nil) != good {
			t.Errorf("New(origin %q) = %v, want it accepted: %v", origin, err, good)
		}
	}
}

func TestHTTPServerHasEveryTimeout(t *testing.T) {
	t.Parallel()
	srv := web.NewHTTPServer("127.0.0.1:0", http.NotFoundHandler(), telemetry.NewLogger(&lines{}, nil))
	for name, d := range map[string]bool{
		"ReadHeaderTimeout": srv.ReadHeaderTimeout > 0, "ReadTimeout": srv.ReadTimeout > 0, "WriteTimeout": srv.WriteTimeout > 0,
		"IdleTimeout": srv.IdleTimeout > 0, "MaxHeaderBytes": srv.MaxHeaderBytes > 0, "ErrorLog": srv.ErrorLog != nil,
	} {
		if !d {
			t.Errorf("%s is not set", name)
		}
	}
}

// nowhere is a connection that no longer knows where it came from.
type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return nil }

func TestAConnectionWithoutAnAddressEndsNoServer(t *testing.T) {
	t.Parallel()
	srv := web.NewHTTPServer("127.0.0.1:0", http.NotFoundHandler(), telemetry.NewLogger(&lines{}, nil))
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	if got := srv.ConnContext(t.Context(), nowhere{ours}); got == nil {
		t.Error("ConnContext() = nil, want a context")
	}
}

func TestCanonicalLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("POST", "/v1/once", body, asMember("User-Agent", "x")...).want(t, "POST", 201, "")
	b.do("GET", "/v1/things?limit=77", "", asMember()...).want(t, "GET", 200, "")
	b.do("GET", "/secret/path?code=abc", "").want(t, "GET", 404, "not_found")
	got := slices.Collect(strings.Lines(b.log.String()))
	if len(got) != 3 {
		t.Fatalf("lines = %q, want 3", got)
	}
	for i, wants := range [][]string{
		{
			`"msg":"request"`, `"method":"POST"`, `"route":"POST /v1/once"`, `"status":201`, `"tenant":"` + b.tenant.ID.String() + `"`, `"kind":"member"`,
			`"principal":"` + b.member.Membership.String() + `"`, `"sql":2`, `"duration_ms":`, `"address":"192.0.2.1"`,
		},
		{`"route":"GET /v1/things"`, `"sql":0`},
		{`"route":"unmatched"`, `"status":404`, `"code":"not_found"`},
	} {
		for _, want := range wants {
			if !strings.Contains(got[i], want) {
				t.Errorf("line %d = %s, want %s", i+1, got[i], want)
			}
		}
	}
	for _, leak := range []string{"/secret", "code=", "limit=", goodToken} {
		if strings.Contains(b.log.String(), leak) {
			t.Errorf("log = %s, want no %q", b.log.String(), leak)
		}
	}
}
