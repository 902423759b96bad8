package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

func TestWEB12Host(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.ExtraHosts = []string{"gatehouse.internal:8080"} })
	for host, want := range map[string]int{
		"gatehouse.test":           200,
		"gatehouse.test:443":       200,
		"GateHouse.test":           200,
		"gatehouse.internal:8080":  200,
		"evil.test":                421,
		"gatehouse.test.evil.test": 421,
		"gatehouse.test:8443":      421,
		"gatehouse.test:80":        421,
		"gatehouse.test.":          421,
		"gatehouse.internal":       421,
		"[::1%25eth0]":             421,
		"127.0.0.1":                421,
		"":                         421,
		"gatehouse.test@evil.test": 421,
		"gatehouse.test, evil":     421,
	} {
		for _, path := range []string{"/v1/things", "/nothing"} {
			got := b.do("GET", path, "", asMember("Host", host)...)
			if path == "/nothing" && want == 200 {
				continue
			}
			if got.Code != want {
				t.Errorf("GET %s with Host %q = %d, want %d", path, host, got.Code, want)
			}
		}
	}
	b.do("GET", "/healthz", "", "Host", "10.0.0.7:8080").want(t, "a probe by address", 200, "")
	got := b.do("GET", "/home?do=redirect&to=/x", "", asBrowser("X-Forwarded-Host", "evil.test")...)
	if got.Header().Get("Location") != "/x" {
		t.Errorf("Location = %q, want a path", got.Header().Get("Location"))
	}
}

func TestWEB12HostOnTheWire(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv := httptest.NewServer(b.echo)
	t.Cleanup(srv.Close)
	auth := "Authorization: Bearer " + goodToken + "\r\n"
	for name, tt := range map[string]struct {
		request string
		want    int
	}{
		"ours":                   {"GET /v1/things HTTP/1.1\r\nHost: gatehouse.test\r\n" + auth, 200},
		"twice":                  {"GET /v1/things HTTP/1.1\r\nHost: gatehouse.test\r\nHost: evil.test\r\n" + auth, 400},
		"none":                   {"GET /v1/things HTTP/1.1\r\n" + auth, 400},
		"absolute form, evil":    {"GET http://evil.test/v1/things HTTP/1.1\r\nHost: gatehouse.test\r\n" + auth, 421},
		"absolute form, ours":    {"GET http://gatehouse.test/v1/things HTTP/1.1\r\nHost: evil.test\r\n" + auth, 200},
		"a line feed in it":      {"GET /v1/things HTTP/1.1\r\nHost: gatehouse.test\nX-Evil: 1\r\n" + auth, 200},
		"a space in it":          {"GET /v1/things HTTP/1.1\r\nHost: gatehouse.test evil.test\r\n" + auth, 400},
		"a space before a colon": {"GET /v1/things HTTP/1.1\r\nHost : evil.test\r\nHost: gatehouse.test\r\n" + auth, 400},
	} {
		if got := raw(t, srv, tt.request+"Connection: close\r\n\r\n"); got != tt.want {
			t.Errorf("Host %s = %d, want %d", name, got, tt.want)
		}
	}
}

// raw sends bytes as they are and returns the status.
func raw(t *testing.T, srv *httptest.Server, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("ReadResponse to %q = %v", request, err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestWEB13ForwardedHeadersOfStrangers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("GET", "/v1/things", "", asMember(
		"X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.test", "X-Forwarded-Port", "1", "X-Forwarded-Prefix", "/evil",
		"Forwarded", "for=192.0.2.9;host=evil.test;proto=http", "X-Original-URL", "/healthz", "X-Rewrite-URL", "/healthz",
		"X-Forwarded-For", "192.0.2.9", "X-Real-IP", "192.0.2.9", "X-Request-Id", "chosen-by-a-stranger",
	)...)
	got.want(t, "GET with forwarded headers", 200, "")
	if strings.Contains(got.body, "evil") || got.Header().Get("X-Request-Id") == "chosen-by-a-stranger" {
		t.Errorf("answer = %v %s, want nothing of the forwarded headers", got.Header(), got.body)
	}
	log := b.log.String()
	if strings.Contains(log, "192.0.2.9") && !strings.Contains(log, `"address":"192.0.2.1"`) || strings.Contains(log, "stranger") {
		t.Errorf("log = %s, want the address of the peer", log)
	}
}

func TestWEB13Address(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	for _, tt := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:1234", []string{"198.51.100.7"}, "192.0.2.1"},
		{"10.0.0.1:1234", nil, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:1234", []string{"203.0.113.1, 198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:1234", []string{"203.0.113.1", "198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:1234", []string{"203.0.113.1, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"10.0.0.1:1234", []string{"10.0.0.9, 10.0.0.2"}, "10.0.0.9"},
		{"10.0.0.1:1234", []string{"203.0.113.1, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.1, 198.51.100.7:99"}, "10.0.0.1"},
		{"[::ffff:10.0.0.1]:1234", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"[fd00::1]:1234", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[fe80::1%eth0]:1234", []string{"2001:db8::7"}, "fe80::1"},
		{"@", []string{"198.51.100.7"}, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		r.Header["X-Forwarded-For"] = tt.forwarded
		r.Header.Set("X-Real-IP", "203.0.113.99")
		r.Header.Set("Forwarded", "for=203.0.113.98")
		if got := b.server.Address(r); got != tt.want {
			t.Errorf("Address(peer %s, forwarded %q) = %q, want %q", tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

func TestRequestIDOfATrustedProxy(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	for given, taken := range map[string]bool{
		"0190a0b0-0000-7000": true, "short": false, "with space here": false, "line\\nbreak12": false, "<script>alert(1)": false,
		strings.Repeat("a", 65): false, "мем-мем-мем": false,
	} {
		got := b.do("GET", "/healthz", "", "X-Request-Id", given).Header().Get("X-Request-Id")
		if (got == given) != taken {
			t.Errorf("request id for %q = %q, want it taken: %v", given, got, taken)
		}
	}
	if got := b.do("GET", "/healthz", "", "X-Request-Id", "aaaaaaaaa", "X-Request-Id", "bbbbbbbbb").Header().Get("X-Request-Id"); got == "aaaaaaaaa" {
		t.Errorf("request id given twice = %q, want our own", got)
	}
}

func TestWEB14LimitIsKeyedOnTheTrustedAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.OpenLimit = ratelimit.PerHour(3) })
	spoof := func(n int) answer {
		a := fmt.Sprint("198.51.100.", n)
		return b.do("POST", "/login", "", "X-Forwarded-For", a, "X-Real-IP", a, "Forwarded", "for="+a, "True-Client-IP", a, "CF-Connecting-IP", a)
	}
	for n := range 3 {
		spoof(n).want(t, "within the limit", 200, "")
	}
	spoof(4).want(t, "beyond the limit, with a new address", 429, "rate_limited")
}

func TestWEB15LimitKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.OpenLimit = ratelimit.PerHour(2) })
	from := func(addr, path string) answer {
		r := httptest.NewRequest("POST", path, nil)
		r.Host, r.RemoteAddr = "gatehouse.test", addr
		return b.send(r)
	}
	for _, group := range [][]string{
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::2]:2", "[2001:db8:1:2:aaaa:bbbb:cccc:dddd]:3"},
		{"198.51.100.7:1", "[::ffff:198.51.100.7]:2", "198.51.100.7:3"},
	} {
		from(group[0], "/login").want(t, group[0], 200, "")
		from(group[1], "/login?x=1").want(t, group[1], 200, "")
		from(group[2], "/login?y=%2f").want(t, group[2], 429, "rate_limited")
		for _, path := range []string{"/login/", "/LOGIN", "//login", "/login%20"} {
			if got := from(group[2], path); got.Code != 404 {
				t.Errorf("POST %s = %d, want 404: there is one spelling", path, got.Code)
			}
		}
	}
}

func TestOverload(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.MaxInFlight, c.MaxTenantInFlight, c.MaxOpenInFlight = 2, 2, 1 })
	slow := make(chan answer)
	go func() { slow <- b.do("POST", "/v1/keys", `{"name":"slow"}`, asMember()...) }()
	go func() { slow <- b.do("POST", "/v1/keys", `{"name":"slow"}`, asMember()...) }()
	for b.handled.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	got := b.do("GET", "/healthz", "")
	got.want(t, "a third request", 503, "overloaded")
	if got.Header().Get("Retry-After") != "1" || got.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("headers = %v, want Retry-After and those of every answer", got.Header())
	}
	for range 2 {
		(<-slow).want(t, "the slow ones", 201, "")
	}
	b.do("GET", "/healthz", "").want(t, "afterward", 200, "")
}
