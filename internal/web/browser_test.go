package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
)

const evil = "https://evil.test"

// unsafeRows calls f with each row that changes something and that a browser could be made to call.
func (b *bench) unsafeRows(f func(method, path, body string)) {
	b.rows(func(r web.Row, method, path, body string) {
		if r.Mutates {
			f(method, path, body)
		}
	})
	f("POST", "/login", "email=a")
}

func TestWEB01CSRF(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, headers := range map[string][]string{
		"cross-site":              {"Sec-Fetch-Site", "cross-site"},
		"same-site":               {"Sec-Fetch-Site", "same-site"},
		"unknown relation":        {"Sec-Fetch-Site", "other"},
		"evil origin":             {"Origin", evil},
		"null origin":             {"Origin", "null"},
		"our name over http":      {"Origin", "http://gatehouse.test.evil.test"},
		"cross-site and evil":     {"Sec-Fetch-Site", "cross-site", "Origin", evil},
		"a sibling":               {"Sec-Fetch-Site", "same-site", "Origin", "https://blog.gatehouse.test"},
		"our name on a port":      {"Origin", baseURL + ":8443"},
		"simple request, no JSON": {"Sec-Fetch-Site", "cross-site", "Origin", evil, "Content-Type", "text/plain"},
	} {
		b.unsafeRows(func(method, path, body string) {
			b.do(method, path, body, asBrowser(headers...)...).want(t, name+": "+method+" "+path, 403, "cross_site")
		})
	}
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached = %d, want 0", n)
	}
	for name, headers := range map[string][]string{
		"same-origin": {"Sec-Fetch-Site", "same-origin"},
		"typed":       {"Sec-Fetch-Site", "none"},
		"our origin":  {"Origin", baseURL},
	} {
		b.do("POST", "/v1/things", body, asBrowser(headers...)...).want(t, name, 201, "")
	}
}

func TestWEB02NeitherHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.unsafeRows(func(method, path, body string) {
		b.do(method, path, body, asBrowser()...).want(t, method+" "+path, 403, "cross_site")
		b.do(method, path, body, "Cookie", sessions.RefreshCookie+"="+b.refresh.String()).want(t, method+" "+path+" to refresh", 403, "cross_site")
	})
	if n := b.sessions.refreshes.Load(); n != 0 {
		t.Errorf("refreshes = %d, want 0", n)
	}
	b.do("POST", "/v1/things", body, asMember()...).want(t, "a bearer token", 201, "")
	b.do("POST", "/v1/things", body, "X-API-Key", b.key.String(), "Content-Type", "application/json").want(t, "an API key", 201, "")
	b.do("POST", "/login", "email=a").want(t, "a script without cookies", 200, "")
	b.do("GET", "/v1/things", "", asBrowser()...).want(t, "a GET", 200, "")
}

func TestWEB03OnlyExactPathsAreBypassed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hostile := []string{"Sec-Fetch-Site", "cross-site", "Origin", evil}
	b.do("POST", "/sso/callback", "", asBrowser(hostile...)...).want(t, "the callback", 200, "")
	for _, path := range []string{"/sso/callback/", "//sso/callback", "/sso//callback", "/sso%2fcallback", "/sso/%63allback", "/SSO/callback", "/sso/callback/../../v1/things", "/sso/callback/x"} {
		got := b.do("POST", path, body, asBrowser(hostile...)...)
		if got.Code != 404 || got.Header().Get("Location") != "" {
			t.Errorf("POST %s = %d to %q, want 404", path, got.Code, got.Header().Get("Location"))
		}
	}
}

func TestAZ11MethodConfusion(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/things/" + id.New[id.Membership]().String()
	for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "POST", "get", "delete", "PROPFIND", "X"} {
		got := b.do(method, path, "", asMember()...)
		if got.Code != 405 || got.code() != "method_not_allowed" || !strings.Contains(got.Header().Get("Allow"), "DELETE") {
			t.Errorf("%s %s = %d %s, Allow %q, want 405", method, path, got.Code, got.body, got.Header().Get("Allow"))
		}
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		got := b.do("GET", path, "", asMember(name, "DELETE")...)
		got.want(t, "GET with "+name, 200, "")
		if !strings.Contains(got.body, "mem_") {
			t.Errorf("GET with %s = %s, want it read", name, got.body)
		}
	}
	b.do("GET", path+"?_method=DELETE", "", asMember()...).want(t, "_method in the query", 400, "unknown_parameter")
	b.do("POST", "/v1/things", `{"name":"x","_method":"DELETE"}`, asMember()...).want(t, "_method in the body", 422, "invalid_input")
}

func TestWEB06MethodOverride(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("POST", "/sign-out?_method=GET", "", asBrowser("X-HTTP-Method-Override", "GET", "Sec-Fetch-Site", "cross-site")...)
	got.want(t, "POST that says it is a GET", 403, "cross_site")
}

func TestWEB07CORS(t *testing.T) {
	t.Parallel()
	const friend = "https://app.gatehouse.test"
	b := newBench(t, func(c *web.Config) { c.Origins = []string{friend} })
	for _, origin := range []string{
		evil, "null", "https://app.evil.test", "https://app.gatehouse.test.evil", "https://appxgatehouse.test", "http://app.gatehouse.test",
		"https://app.gatehouse.test:8443", "https://APP.gatehouse.test", "https://app.gatehouse.test/", "https://x.app.gatehouse.test", "*", "",
	} {
		for _, got := range []answer{
			b.do("GET", "/v1/things", "", asMember("Origin", origin)...),
			b.do("OPTIONS", "/v1/things", "", "Origin", origin, "Access-Control-Request-Method", "POST"),
			b.do("GET", "/v1/nothing", "", "Origin", origin),
		} {
			for name := range got.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("Origin %q gets %s: %s, want none", origin, name, got.Header().Get(name))
				}
			}
		}
	}
	got := b.do("GET", "/v1/things", "", asMember("Origin", friend)...)
	if got.Code != 200 || got.Header().Get("Access-Control-Allow-Origin") != friend {
		t.Errorf("a listed origin = %d, %v, want it allowed", got.Code, got.Header())
	}
	got = b.do("OPTIONS", "/v1/things", "", "Origin", friend, "Access-Control-Request-Method", "POST")
	if got.Code != 204 || got.Header().Get("Access-Control-Allow-Origin") != friend || got.Header().Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("a listed origin's preflight = %d, %v, want 204", got.Code, got.Header())
	}
	b.do("POST", "/v1/things", body, asBrowser("Origin", friend, "Sec-Fetch-Site", "same-site")...).want(t, "a listed origin's POST", 201, "")
}

func TestWEB08VaryOrigin(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.Origins = []string{"https://app.gatehouse.test"} })
	for _, headers := range [][]string{nil, {"Origin", evil}, {"Origin", "https://app.gatehouse.test"}} {
		for _, method := range []string{"GET", "OPTIONS"} {
			got := b.do(method, "/v1/things", "", append(headers, "Access-Control-Request-Method", "GET")...)
			if !slices.Contains(got.Header().Values("Vary"), "Origin") {
				t.Errorf("%s with %v has Vary %q, want Origin", method, headers, got.Header().Values("Vary"))
			}
		}
	}
}

func TestWEB11HeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, got := range map[string]answer{
		"200":            b.do("GET", "/v1/things", "", asMember()...),
		"page":           b.do("GET", "/home", "", asBrowser()...),
		"401":            b.do("GET", "/v1/things", ""),
		"403":            b.do("POST", "/v1/roles", body, asMember()...),
		"404 route":      b.do("GET", "/nothing", ""),
		"404 API":        b.do("GET", "/v1/nothing", ""),
		"405":            b.do("TRACE", "/v1/things", ""),
		"413":            b.do("POST", "/v1/things", strings.Repeat("x", 1<<20), asMember()...),
		"421":            b.do("GET", "/v1/things", "", "Host", "evil.test"),
		"422":            b.do("POST", "/v1/things", `{}x`, asMember()...),
		"500":            b.do("POST", "/v1/fail/sql", "", asMember()...),
		"panic":          b.do("POST", "/v1/fail/panic", "", asMember()...),
		"panic in a raw": b.do("GET", "/home?do=panic", "", asBrowser()...),
		"open":           b.do("GET", "/healthz", ""),
		"OPTIONS":        b.do("OPTIONS", "/v1/things", ""),
	} {
		for header, want := range map[string]string{
			"Strict-Transport-Security": "max-age=63072000",
			"X-Content-Type-Options":    "nosniff",
			"Referrer-Policy":           "no-referrer",
			"Cache-Control":             "no-store",
		} {
			if v := got.Header().Get(header); v != want {
				t.Errorf("%s: %s = %q, want %q", name, header, v, want)
			}
		}
		csp := got.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy = %q, want a closed one", name, csp)
		}
		if got.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s has no request id", name)
		}
		if s := got.Header().Get("Server") + got.Header().Get("X-Powered-By"); s != "" {
			t.Errorf("%s names its server: %q", name, s)
		}
	}
}

// TestWEB11EmbeddingByOtherOrigins: a page of another origin can have a browser embed what needs no header, with its cookies.
func TestWEB11EmbeddingByOtherOrigins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct {
		got  answer
		want string
	}{
		"API by cookie":        {b.do("GET", "/v1/things", "", asBrowser()...), "same-origin"},
		"API by nobody":        {b.do("GET", "/v1/things", ""), "same-origin"},
		"no route":             {b.do("GET", "/v1/nothing", ""), "same-origin"},
		"page":                 {b.do("GET", "/home", "", asBrowser()...), "same-origin"},
		"page, and a token":    {b.do("GET", "/home", "", asMember()...), "same-origin"},
		"panic of a page":      {b.do("GET", "/home?do=panic", "", asBrowser()...), "same-origin"},
		"API by Authorization": {b.do("GET", "/v1/things", "", asMember()...), ""},                            // no element of a page sends it
		"API behind a proxy":   {b.do("GET", "/v1/things", "", "Authorization", "Basic YTpi"), "same-origin"}, // which a browser adds to images too
		"API by X-API-Key":     {b.do("GET", "/v1/things", "", "X-API-Key", "ghk_x"), ""},
	} {
		if got := tt.got.Header().Get("Cross-Origin-Resource-Policy"); got != tt.want {
			t.Errorf("%s: Cross-Origin-Resource-Policy = %q, want %q", name, got, tt.want)
		}
	}
}

func TestWEB10Framing(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) {
		c.HTMLError = func(c echo.Context, p web.Problem) error { return c.HTML(p.Status, p.Code) }
	})
	for _, got := range []answer{
		b.do("GET", "/home", "", asBrowser("Accept", "text/html")...),
		b.do("GET", "/home", "", "Accept", "text/html"),
		b.do("GET", "/nothing", "", "Accept", "text/html"),
		b.do("POST", "/sso/callback", ""),
	} {
		if got.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(got.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("headers = %v, want framing refused", got.Header())
		}
		if got.Header().Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("headers = %v, want a window of its own", got.Header())
		}
	}
}

func TestHeadersOfAnswersAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.do("GET", "/v1/things", "", asMember()...)
	first.Header()["Referrer-Policy"] = append(first.Header()["Referrer-Policy"], "unsafe-url")
	first.Header().Add("Cache-Control", "public")
	second := b.do("GET", "/v1/things", "", asMember()...)
	if got := second.Header().Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
		t.Errorf("Cache-Control of the next answer = %q, want no-store alone", got)
	}
}

func TestPagesDrawTheirErrors(t *testing.T) {
	t.Parallel()
	fails := false
	b := newBench(t, func(c *web.Config) {
		c.HTMLError = func(c echo.Context, p web.Problem) error {
			if fails {
				panic("template")
			}
			if p.Status == http.StatusUnauthorized {
				return c.Redirect(http.StatusSeeOther, "/login")
			}
			return c.HTML(p.Status, "<h1>"+p.Code+"</h1>"+p.RequestID)
		}
	})
	got := b.do("GET", "/home?do=panic", "", asBrowser("Accept", "text/html,*/*")...)
	if got.Code != 500 || !strings.Contains(got.body, "<h1>internal</h1>"+got.Header().Get("X-Request-Id")) {
		t.Errorf("a page that panics = %d %s, want the drawn error", got.Code, got.body)
	}
	if got = b.do("GET", "/home", "", "Accept", "text/html"); got.Code != 303 || got.Header().Get("Location") != "/login" {
		t.Errorf("an anonymous page = %d, want a redirect to the sign-in", got.Code)
	}
	b.do("GET", "/v1/things", "", "Accept", "text/html").want(t, "the API, asked for HTML", 401, "unauthenticated")
	b.do("GET", "/home", "", "Accept", "application/json").want(t, "a page, asked for JSON", 401, "unauthenticated")
	fails = true
	b.do("GET", "/nothing", "", "Accept", "text/html").want(t, "a page whose error cannot be drawn", 404, "not_found")
}

func TestIdentifyOnOpenRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct{ cookie, want string }{
		"signed in":  {sessions.AccessCookie + "=" + goodToken, b.member.Membership.String()},
		"to refresh": {sessions.RefreshCookie + "=" + b.refresh.String(), b.member.Membership.String()},
		"nobody":     {"x=y", "nobody: unauthenticated"},
		"forged":     {sessions.AccessCookie + "=forged", "nobody: token_invalid"},
	} {
		got := b.do("GET", "/healthz?do=who", "", "Cookie", tt.cookie)
		if got.Code != 200 || got.body != tt.want {
			t.Errorf("Identify when %s = %d %q, want %q", name, got.Code, got.body, tt.want)
		}
	}
}
