package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// agent is what our browsers call themselves.
const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// The cookies of a session.
const (
	accessCookie  = "__Host-gatehouse_access"
	refreshCookie = "__Host-gatehouse_refresh"
	lastCookie    = "__Host-gatehouse_last" // remembers how somebody last came in, and opens nothing
)

// visitor is a browser, as far as a server can tell, or, with a credential instead of cookies, a program. It follows no redirects.
type visitor struct {
	tb      testing.TB
	base    string
	client  *http.Client
	cookies map[string]string
	header  http.Header // sent with every request
}

// newVisitor visits a server by its public address. A server that listens elsewhere, as one behind a proxy does, is reached at dial.
func newVisitor(tb testing.TB, base, dial string) *visitor {
	tb.Helper()
	transport := &http.Transport{}
	if dial != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, dial)
		}
	}
	tb.Cleanup(transport.CloseIdleConnections)
	return &visitor{
		tb: tb, base: base, cookies: map[string]string{}, header: http.Header{"User-Agent": {agent}},
		client: &http.Client{
			Transport: transport, Timeout: patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// with is a program that reaches the same server with a credential of its own and without cookies.
func (v *visitor) with(name, value string) *visitor {
	header := v.header.Clone()
	header.Set(name, value)
	return &visitor{tb: v.tb, base: v.base, client: v.client, cookies: map[string]string{}, header: header}
}

func (v *visitor) bearer(token string) *visitor { return v.with("Authorization", "Bearer "+token) }

// get opens a page, given by its path or, coming back from a provider, by its whole address.
func (v *visitor) get(address string) answer {
	v.tb.Helper()
	return v.send(http.MethodGet, address, nil, "Accept", "text/html")
}

// post submits a form of our own pages, given as name, value, name, value.
func (v *visitor) post(path string, fields ...string) answer {
	v.tb.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.send(http.MethodPost, path, strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Sec-Fetch-Site", "same-origin")
}

// call calls the API. A nil body is none.
func (v *visitor) call(method, path string, body any) answer {
	v.tb.Helper()
	if body == nil {
		return v.send(method, path, nil, "Sec-Fetch-Site", "same-origin")
	}
	raw, err := json.Marshal(body)
	if err != nil {
		v.tb.Fatalf("%s %s: %v", method, path, err)
	}
	return v.send(method, path, bytes.NewReader(raw), "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
}

func (v *visitor) send(method, address string, body io.Reader, header ...string) answer {
	v.tb.Helper()
	a, err := v.try(method, address, body, header...)
	if err != nil {
		v.tb.Fatalf("%s %s: %v", method, address, err)
	}
	return a
}

// try is send for servers that may be gone.
func (v *visitor) try(method, address string, body io.Reader, header ...string) (answer, error) {
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	if !strings.HasPrefix(address, v.base+"/") {
		return answer{}, fmt.Errorf("the address is not at %s, and no cookie of ours belongs there", v.base)
	}
	req, err := http.NewRequestWithContext(v.tb.Context(), method, address, body)
	if err != nil {
		return answer{}, err
	}
	req.Header = v.header.Clone()
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	began := time.Now()
	resp, err := v.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	for _, c := range resp.Cookies() {
		v.take(c)
	}
	return answer{v.tb, method + " " + req.URL.Path, resp.StatusCode, resp.Header, string(raw), time.Since(began)}, nil
}

// take keeps a cookie as browsers do that know __Host-, and forgets one that is taken back. Unlike a browser it sends a Secure cookie
// over http, which browsers do on this machine alone.
func (v *visitor) take(c *http.Cookie) {
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
		v.tb.Errorf("cookie %s is not bound to this host, TLS and HTTP: %v", c.Name, c)
	}
	if c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
		delete(v.cookies, c.Name)
		return
	}
	v.cookies[c.Name] = c.Value
}

// answer is what a server answered.
type answer struct {
	tb     testing.TB
	to     string
	status int
	header http.Header
	body   string
	took   time.Duration
}

// is demands a status.
func (a answer) is(status int) answer {
	a.tb.Helper()
	if a.status != status {
		a.tb.Fatalf("%s = %d %s, want %d\n%s", a.to, a.status, a.header.Get("Location"), status, tail(a.body, 4000))
	}
	return a
}

// leads demands a redirect to an address that begins with a prefix, and returns the address.
func (a answer) leads(prefix string) string {
	a.tb.Helper()
	to := a.is(http.StatusSeeOther).header.Get("Location")
	if !strings.HasPrefix(to, prefix) {
		a.tb.Fatalf("%s leads to %q, want %s…", a.to, to, prefix)
	}
	return to
}

// shows demands texts in the body.
func (a answer) shows(texts ...string) answer {
	a.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.tb.Errorf("%s does not show %q:\n%s", a.to, text, a.body)
		}
	}
	return a
}

// refused demands a problem document with a status and a code.
func (a answer) refused(status int, code string) answer {
	a.tb.Helper()
	p := decode[struct{ Code string }](a.is(status))
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" || p.Code != code {
		a.tb.Fatalf("%s = %s %s, want a problem with the code %s\n%s", a.to, kind, p.Code, code, a.body)
	}
	return a
}

// turnedAway demands the page that tells a person of a refusal, with its code and a request id.
func (a answer) turnedAway(code string) {
	a.tb.Helper()
	if a.status < 400 || a.status > 499 {
		a.tb.Errorf("%s = %d %s, want a refusal", a.to, a.status, a.header.Get("Location"))
	}
	a.shows("<code>"+code+"</code>", "<code>"+a.header.Get("X-Request-Id")+"</code>")
}

func decode[T any](a answer) (out T) {
	a.tb.Helper()
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		a.tb.Fatalf("%s answered %s: %v", a.to, a.body, err)
	}
	return out
}
