package attack_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// serves fails unless somebody else is served as if nothing had happened.
func serves(tb testing.TB, s *apitest.Server, session *apitest.Session) {
	tb.Helper()
	started := time.Now()
	if a := s.Bearer(session).Do(tb, "GET", "/v1/me", nil); a.StatusCode != 200 {
		tb.Errorf("another client gets %d", a.StatusCode)
	}
	if took := time.Since(started); took > 2*time.Second {
		tb.Errorf("another client waits %v", took)
	}
}

// A key is no cookie: no browser adds it. A page of another site that knows one may send it, but reads nothing.
func TestKEY_11_KeysFromOtherSites(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.NewTenant(t, billing.Enterprise)
	session := s.Session(t, c, rbac.Owner)
	key := s.APIKey(t, c, rbac.Admin)
	evil := s.Machine(key).With("Origin", "https://evil.test").With("Sec-Fetch-Site", "cross-site")
	for _, path := range []string{"/v1/me", "/v1/members"} {
		a := evil.Do(t, "GET", path, nil)
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("GET %s answers %s: %q to another origin", path, name, a.Header[name])
			}
		}
		if len(a.Cookies()) > 0 {
			t.Errorf("GET %s with a key sets cookies", path)
		}
	}
	preflight := s.Anonymous().With("Origin", "https://evil.test").With("Access-Control-Request-Method", "DELETE").
		With("Access-Control-Request-Headers", "x-api-key,authorization").Do(t, "OPTIONS", "/v1/members", nil)
	if preflight.StatusCode < 400 || preflight.Header.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("a preflight of another origin = %d %v", preflight.StatusCode, preflight.Header)
	}
	// Beside cookies it is two credentials, whoever sent it.
	both := evil.With("Cookie", sessions.AccessCookie+"="+session.Access)
	if a := both.Do(t, "GET", "/v1/me", nil); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a key beside a cookie = %d, want 400", a.StatusCode)
	}
	before := s.SnapshotOf(t, c.ID)
	if a := both.Do(t, "DELETE", "/v1/members/"+c.Members[rbac.Viewer].ID.String(), nil); a.StatusCode < 400 {
		t.Errorf("a change with a key beside a cookie of another site = %d", a.StatusCode)
	}
	if diff := before.Changed(s.SnapshotOf(t, c.ID), "api_keys"); diff != "" {
		t.Errorf("rows changed:\n%s", diff)
	}
}

func TestSES_09_HugeAndManyCookies(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Pro), rbac.Member)
	own := sessions.AccessCookie + "=" + session.Access
	for name, cookies := range map[string]string{
		"1 MB":         "x=" + strings.Repeat("a", 1<<20),
		"1 MB of ours": sessions.AccessCookie + "=" + strings.Repeat("a", 1<<20),
		"4000 cookies": strings.Repeat("a=b; ", 4000) + own,
		"30 KB":        sessions.RefreshCookie + "=" + strings.Repeat("a", 20<<10),
		"4000 of ours": strings.Repeat(own[:60]+"; ", 300),
	} {
		a := sendRaw(t, s, "GET", "/v1/me", http.Header{"Cookie": {cookies}})
		if a.StatusCode == 200 && name != "4000 cookies" || a.StatusCode >= 500 {
			t.Errorf("%s = %d, want a refusal", name, a.StatusCode)
		}
		if len(cookies) > 64<<10 && a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s = %d, want 431", name, a.StatusCode)
		}
		serves(t, s, session)
	}
}

// Opening a page changes nothing: not for mail scanners that follow links, and not for pictures on other sites.
func TestWEB_05_OpeningAPageChangesNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	link := s.Link(t, c.Tenant, c.Members[rbac.Owner])
	b := newBrowser(s)
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, 303)
	b.get(t, "/v1/me")
	before := s.Snapshot(t)
	for _, path := range []string{
		"/", "/sessions", "/sessions/revoke", "/sessions/revoke-others", "/switch?tenant=" + c.ID.String(), "/logout", "/logged-out", "/login",
		"/login?email=alice@" + c.Domain, "/login/" + c.Slug, "/login/" + c.Slug + "?connection=" + c.connection.String(), "/login/google",
		"/login/link", "/login/link?link=" + url.QueryEscape("x"), "/login/link#" + link, "/choose", "/static/none", "/docs", "/healthz", "/readyz",
		"/sso/google/callback", "/sso/oidc/" + c.connection.String() + "/callback",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if a := b.do(t, method, path, nil, ""); a.StatusCode >= 500 {
				t.Errorf("%s %s = %d", method, path, a.StatusCode)
			}
		}
	}
	if diff := before.Changed(s.Snapshot(t)); diff != "" {
		t.Errorf("opening pages changed rows:\n%s", diff)
	}
	if !b.signedIn(t) {
		t.Error("opening pages ended the session")
	}
	newBrowser(s).post(t, "/login/link", "link", link).Want(t, 303)
}

// Requests that two servers in a row would cut apart at different places.
func TestWEB_20_RequestsThatCanBeCutInTwoWays(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner)
	const inner = "GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	head := "POST /v1/check HTTP/1.1\r\nHost: " + hostOf(t, s) + "\r\nAuthorization: Bearer " + session.Access + "\r\nContent-Type: application/json\r\n"
	for name, rest := range map[string]string{
		"length and chunks":           "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"two lengths":                 "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + inner,
		"lengths in one":              "Content-Length: 0, 40\r\n\r\n" + inner,
		"signed length":               "Content-Length: +4\r\n\r\n{}  " + inner,
		"length of letters":           "Content-Length: 4x\r\n\r\n{}  " + inner,
		"folded transfer encoding":    "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + inner,
		"transfer encoding, space":    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + inner,
		"unknown transfer encoding":   "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
		"two transfer encodings":      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
		"chunk with a bare line feed": "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n" + inner,
		"chunk size that overflows":   "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n" + inner,
		"chunk extension with a line": "Transfer-Encoding: chunked\r\n\r\n2;a\n=b\r\n{}\r\n0\r\n\r\n" + inner,
		"NUL in a name":               "Content\x00-Length: 4\r\n\r\n{}  " + inner,
		"bare carriage return":        "X: a\rContent-Length: 4\r\n\r\n{}  " + inner,
		"space in a name":             "X Y: a\r\n\r\n" + inner,
		"two hosts":                   "Host: evil.test\r\n\r\n" + inner,
	} {
		conn := dial(t, s)
		_, err := io.WriteString(conn, head+rest)
		must(t, err)
		r := bufio.NewReader(conn)
		first, err := http.ReadResponse(r, nil)
		if err != nil {
			continue // closed without an answer is a refusal too
		}
		_, _ = io.Copy(io.Discard, first.Body)
		_ = first.Body.Close()
		if first.StatusCode < 400 {
			t.Errorf("%s = %d, want a refusal", name, first.StatusCode)
		}
		if second, err := http.ReadResponse(r, nil); err == nil {
			_ = second.Body.Close()
			t.Errorf("%s: the connection went on, and the hidden request got %d", name, second.StatusCode)
		}
	}
	if strings.Contains(s.Log.String(), "smuggled") {
		t.Error("a hidden request was served")
	}
	serves(t, s, session)
}

// Slow and endless clients are let go by the server's own time limits, here with shorter ones, and hinder nobody meanwhile.
func TestWEB_21_SlowAndEndlessClients(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	session := s.Session(t, c.Tenant, rbac.Owner)
	serves(t, s, session)
	before := runtime.NumGoroutine()

	slow := web.NewHTTPServer("127.0.0.1:0", s.Handler, slog.New(slog.NewJSONHandler(s.Log, nil)))
	if slow.ReadHeaderTimeout <= 0 || slow.ReadTimeout <= 0 || slow.WriteTimeout <= 0 || slow.IdleTimeout <= 0 || slow.MaxHeaderBytes <= 0 {
		t.Fatalf("a server without limits: %+v", slow)
	}
	slow.ReadHeaderTimeout, slow.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	addr := listen(t, slow)

	head := "POST /v1/check HTTP/1.1\r\nHost: " + hostOf(t, s) + "\r\nAuthorization: Bearer " + session.Access + "\r\nContent-Type: application/json\r\n"
	var wg sync.WaitGroup
	for _, attack := range []struct{ name, first, drip string }{
		{"slow line", "GE", "T"},
		{"slow headers", "GET /v1/me HTTP/1.1\r\n", "X: y\r\n"},
		{"slow body", head + "Content-Length: 1000\r\n\r\n", " "},
		{"slow chunks", head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		{"body that never comes", head + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n", ""},
		{"nothing", "", ""},
	} {
		for range 10 {
			wg.Go(func() {
				if err := drip(addr, attack.first, attack.drip, 5*time.Second); err != nil {
					t.Errorf("%s: %v", attack.name, err)
				}
			})
		}
	}
	for range 5 {
		serves(t, s, session)
		time.Sleep(50 * time.Millisecond)
	}
	wg.Wait()

	for name, header := range map[string]http.Header{
		"huge value":  {"X": {strings.Repeat("a", 1<<20)}},
		"huge name":   {strings.Repeat("A", 1<<20): {"b"}},
		"many values": {"X": strings.Split(strings.Repeat("a,", 20000), ",")},
	} {
		if a := sendRaw(t, s, "GET", "/v1/me", header); a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s = %d, want 431", name, a.StatusCode)
		}
	}
	serves(t, s, session)
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before+20 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before+20 {
		t.Errorf("%d goroutines after the attack, %d before", n, before)
	}
}

func TestWEB_23_FormsThatAreTooMuch(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	session := s.Session(t, c.Tenant, rbac.Owner)
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	for i := range 10000 {
		must(t, m.WriteField(fmt.Sprintf("f%d", i), "x"))
	}
	must(t, m.Close())
	many := strings.Repeat("a=b&", 100_000)
	b := newBrowser(s)
	for _, tt := range []struct{ name, path, kind, body string }{
		{"10000 parts", "/login", m.FormDataContentType(), parts.String()},
		{"small multipart", "/login", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.test\r\n--x--\r\n"},
		{"100000 fields", "/login", "application/x-www-form-urlencoded", many},
		{"one huge field", "/login", "application/x-www-form-urlencoded", "email=" + strings.Repeat("a", 1<<20)},
		{"nested names", "/login", "application/x-www-form-urlencoded", "email[a][b][c]=x"},
		{"field twice", "/login", "application/x-www-form-urlencoded", "email=a@b.test&email=c@d.test"},
		{"broken escapes", "/login", "application/x-www-form-urlencoded", "email=%zz"},
		{"form in the query", "/login?email=owner@" + c.Domain, "application/x-www-form-urlencoded", ""},
		{"form to the API", "/v1/check", "application/x-www-form-urlencoded", "permission=members:read"},
		{"huge JSON", "/v1/check", "application/json", `{"permission":"` + strings.Repeat("a", 4<<20) + `"}`},
		{"unpacks to more", "/v1/check", "application/json", "{}"},
	} {
		client := b.With("Content-Type", tt.kind)
		if strings.HasPrefix(tt.path, "/v1/") {
			client = s.Bearer(session).With("Content-Type", tt.kind)
		}
		if tt.name == "unpacks to more" {
			client = client.With("Content-Encoding", "gzip")
		}
		a := client.Do(t, "POST", tt.path, tt.body)
		if a.StatusCode < 400 || a.StatusCode > 499 {
			t.Errorf("%s = %d, want a refusal: %.200s", tt.name, a.StatusCode, a.Text)
		}
		if len(tt.body) > 1<<20 && a.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s = %d, want 413", tt.name, a.StatusCode)
		}
		tellsNothing(t, a)
	}
	// A gigabyte that is announced is not waited for.
	conn := dial(t, s)
	_, err := fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1073741824\r\n\r\na=", hostOf(t, s))
	must(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a gigabyte that is announced = %d, want 413", resp.StatusCode)
	}
	serves(t, s, session)
}

func TestWEB_29_NothingOfTheInsideIsPublic(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Enterprise), rbac.Owner)
	for _, path := range []string{
		"/metrics", "/v1/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug", "/status", "/admin", "/actuator", "/actuator/env",
		"/.env", "/.git/config", "/config", "/env", "/server-status", "/trace", "/internal", "/dev/mail", "/dev", "/_/scenarios", "/testidp",
		"/favicon.ico/../metrics", "/static/", "/static", "/docs/", "/docs/../metrics",
	} {
		for name, c := range map[string]*apitest.Client{"nobody": s.Anonymous(), "an owner": s.Bearer(session)} {
			a := c.Do(t, "GET", path, nil)
			if a.StatusCode != 404 && a.StatusCode != 405 {
				t.Errorf("GET %s by %s = %d, want 404", path, name, a.StatusCode)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		a := s.Anonymous().Do(t, "GET", path, nil).Want(t, 200)
		if len(a.Text) > 100 {
			t.Errorf("GET %s tells %s", path, a.Text)
		}
	}
	for _, header := range []string{"Server", "X-Powered-By", "X-Runtime", "Via"} {
		if got := s.Anonymous().Do(t, "GET", "/login", nil).Header.Get(header); got != "" {
			t.Errorf("%s: %s", header, got)
		}
	}
}
