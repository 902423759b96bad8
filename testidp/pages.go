package testidp

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

type loginPage struct {
	Title, Issuer, Client, Scenario, Error string
	Action, Request, Hint, Behavior        string
	Session, SessionLogin                  string
	Users                                  []User
}

type postPage struct {
	Title, Action, Nonce string
	Fields               url.Values
}

type scenarioPage struct {
	Title, Issuer, Playing string
	Links                  []Link
	Scenarios              []Scenario
}

type indexPage struct {
	Title   string
	Issuers []*Provider
}

// render writes a page that can run no script but the one with the nonce.
func (p *Provider) render(w http.ResponseWriter, r *http.Request, f *Fault, e Endpoint, status int, name string, page any) {
	body, err := html(w, name, page)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.write(w, r, f, e, status, "text/html; charset=utf-8", body)
}

func html(w http.ResponseWriter, name string, page any) ([]byte, error) {
	script := "'none'"
	if post, ok := page.(postPage); ok {
		script = "'nonce-" + post.Nonce + "'"
	}
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; script-src "+script+"; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	var body bytes.Buffer
	err := pages.ExecuteTemplate(&body, name, page)
	return body.Bytes(), err
}

func newPostPage(callback string) (postPage, error) {
	u, err := url.Parse(callback)
	if err != nil {
		return postPage{}, err
	}
	fields := u.Query()
	u.RawQuery = ""
	return postPage{Title: "Signed in", Action: u.String(), Nonce: rand.Text(), Fields: fields}, nil
}

func (s *Server) serveIndex(w http.ResponseWriter, _ *http.Request) {
	page := indexPage{Title: "Test identity providers"}
	for _, name := range s.Names() {
		page.Issuers = append(page.Issuers, s.Provider(name))
	}
	body, err := html(w, "index", page)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body)
}
