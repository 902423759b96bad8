package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// browser keeps cookies and follows no redirects.
type browser struct {
	testing.TB
	w       *world
	cookies map[string]string
}

func (w *world) browser(tb testing.TB) *browser {
	tb.Helper()
	return &browser{tb, w, map[string]string{}}
}

// answer is a page or a redirect.
type answer struct {
	*httptest.ResponseRecorder
	body string
}

func (a answer) location() string { return a.Header().Get("Location") }

func (b *browser) get(path string) answer {
	b.Helper()
	return b.send(httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil), "none")
}

// post submits a form of ours, given as name, value, name, value.
func (b *browser) post(path string, fields ...string) answer {
	b.Helper()
	return b.postFrom("same-origin", path, fields...)
}

func (b *browser) postFrom(site, path string, fields ...string) answer {
	b.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r, site)
}

func (b *browser) send(r *http.Request, site string) answer {
	b.Helper()
	r.Host = "localhost:8080"
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("Sec-Fetch-Site", site)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.w.echo.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
	return answer{rec, rec.Body.String()}
}

// prove plays the person at the provider to which a redirect leads, and comes back.
func (b *browser) prove(p *testidp.Provider, to answer, login string) answer {
	b.Helper()
	to.leads(b, "the start of a sign-in", p.URL())
	back, err := p.Authorize(b.Context(), to.location(), login)
	must(b, err)
	return b.get(strings.TrimPrefix(back, base))
}

// enterAcme signs alice in by her e-mail.
func (b *browser) enterAcme() answer {
	b.Helper()
	return b.prove(b.w.idp.Provider("acme"), b.post("/login", "email", "alice@acme.test", "return_to", "/sessions"), "alice")
}

// leads demands a redirect to an address that begins with a prefix.
func (a answer) leads(tb testing.TB, what, prefix string) {
	tb.Helper()
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(a.location(), prefix) {
		tb.Fatalf("%s = %d to %q, want 303 to %s…\n%s", what, a.Code, a.location(), prefix, a.body)
	}
}

// to demands a redirect to exactly one path.
func (a answer) to(tb testing.TB, what, path string) {
	tb.Helper()
	if a.Code != http.StatusSeeOther || a.location() != path {
		tb.Fatalf("%s = %d to %q, want 303 to %s\n%s", what, a.Code, a.location(), path, a.body)
	}
}

// shows demands a page with a status and with all of some texts.
func (a answer) shows(tb testing.TB, what string, status int, texts ...string) {
	tb.Helper()
	if a.Code != status || a.Header().Get("Content-Type") != "text/html; charset=UTF-8" {
		tb.Fatalf("%s = %d %s, want a page with %d\n%s", what, a.Code, a.Header().Get("Content-Type"), status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			tb.Errorf("%s does not show %q:\n%s", what, text, a.body)
		}
	}
}
