package attack_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// browser keeps cookies as one does, and follows no redirects. Its pages are the server's own.
type browser struct {
	*apitest.Client
	server  *apitest.Server
	cookies map[string]string
}

func newBrowser(s *apitest.Server) *browser {
	return &browser{s.Anonymous().With("Accept", "text/html").With("Sec-Fetch-Site", "same-origin"), s, map[string]string{}}
}

// do sends a request with the cookies, and keeps those that come back.
func (b *browser) do(tb testing.TB, method, path string, body any, contentType string) *apitest.Answer {
	tb.Helper()
	var line []string
	for name, value := range b.cookies {
		line = append(line, name+"="+value)
	}
	a := b.With("Cookie", strings.Join(line, "; ")).With("Content-Type", contentType).Do(tb, method, path, body)
	for _, c := range a.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

func (b *browser) get(tb testing.TB, path string) *apitest.Answer {
	tb.Helper()
	return b.do(tb, http.MethodGet, path, nil, "")
}

// post sends a form, given as names and values in turn.
func (b *browser) post(tb testing.TB, path string, fields ...string) *apitest.Answer {
	tb.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(tb, http.MethodPost, path, form.Encode(), "application/x-www-form-urlencoded")
}

// begin starts a sign-in over a tenant's connection and returns the provider's address.
func (b *browser) begin(tb testing.TB, t *apitest.Tenant, connection id.Connection) string {
	tb.Helper()
	return b.post(tb, "/login/"+t.Slug, "connection", connection.String()).Want(tb, http.StatusSeeOther).Header.Get("Location")
}

// prove plays the person at the provider and returns the path of the callback, with its query.
func prove(tb testing.TB, p *testidp.Provider, address, login string) string {
	tb.Helper()
	back, err := p.Authorize(tb.Context(), address, login)
	must(tb, err)
	u, err := url.Parse(back)
	must(tb, err)
	return u.RequestURI()
}

// signIn plays a whole sign-in.
func (b *browser) signIn(tb testing.TB, t *apitest.Tenant, connection id.Connection, login string) *apitest.Answer {
	tb.Helper()
	return b.get(tb, prove(tb, t.IDP, b.begin(tb, t, connection), login))
}

// signedIn says whether the browser holds a session that opens something.
func (b *browser) signedIn(tb testing.TB) bool {
	tb.Helper()
	return b.cookies[sessions.AccessCookie] != "" && b.get(tb, "/v1/me").StatusCode == http.StatusOK
}

// code is the code of an error, as a page or as a problem.
func code(tb testing.TB, a *apitest.Answer) string {
	tb.Helper()
	if p := a.Problem(); p.Code != "" {
		return p.Code
	}
	_, rest, _ := strings.Cut(string(a.Text), "<dt>Code</dt>")
	_, rest, _ = strings.Cut(rest, "<code>")
	found, _, _ := strings.Cut(rest, "</code>")
	return found
}

// set gives a parameter of a path another value.
func set(tb testing.TB, path, name, value string) string {
	tb.Helper()
	u, err := url.Parse(path)
	must(tb, err)
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

func parameter(tb testing.TB, path, name string) string {
	tb.Helper()
	u, err := url.Parse(path)
	must(tb, err)
	return u.Query().Get(name)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
