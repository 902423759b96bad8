package testidp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request, f *Fault) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "malformed request", http.StatusBadRequest)
		return
	}
	req, ok := p.begun(w, r, f, r.Form)
	if !ok {
		return
	}
	s := p.session(r, req)
	if req.params.Get("prompt") != "none" {
		p.askLogin(w, r, f, http.StatusOK, req, s, "")
		return
	}
	if s == nil {
		p.sendBack(w, r, f, req, p.refuse(f, req, refusal{"login_required", "nobody is signed in"}))
		return
	}
	p.sendBack(w, r, f, req, p.grantCode(f, req, s))
}

func (p *Provider) serveLogin(w http.ResponseWriter, r *http.Request, f *Fault) {
	params, err := url.ParseQuery(r.PostFormValue("request"))
	if err != nil {
		http.Error(w, "malformed request", http.StatusBadRequest)
		return
	}
	req, ok := p.begun(w, r, f, params)
	if !ok {
		return
	}
	if r.PostFormValue("cancel") != "" {
		p.sendBack(w, r, f, req, p.refuse(f, req, refusal{"access_denied", "the person canceled"}))
		return
	}
	s := p.session(r, req)
	if r.PostFormValue("session") == "" || s == nil {
		login := r.PostFormValue("user") + strings.TrimSpace(r.PostFormValue("login"))
		user, ok := p.user(login)
		if !ok {
			p.askLogin(w, r, f, http.StatusUnauthorized, req, s, "Nobody here has this login.")
			return
		}
		s = p.signIn(user)
		p.setCookie(w, s)
	}
	p.sendBack(w, r, f, req, p.grantCode(f, req, s))
}

// begun checks the authorization request and answers it if it is wrong.
func (p *Provider) begun(w http.ResponseWriter, r *http.Request, f *Fault, params url.Values) (*authRequest, bool) {
	req, err := p.parse(params)
	if refused := (refusal{}); errors.As(err, &refused) {
		p.sendBack(w, r, f, req, p.refuse(f, req, refused))
		return nil, false
	}
	if err != nil {
		// RFC 6749, 4.1.2.1: never redirect to an address that is not the client's.
		http.Error(w, "This sign-in request is not valid: "+err.Error(), http.StatusBadRequest)
		return nil, false
	}
	return req, true
}

func (p *Provider) askLogin(w http.ResponseWriter, r *http.Request, f *Fault, status int, req *authRequest, s *session, problem string) {
	page := loginPage{
		Title: "Sign in to " + p.name, Issuer: p.name, Client: req.client.ID, Scenario: p.Playing(), Error: problem,
		Action: p.server.prefix + "/" + p.name + "/authorize/login", Request: req.params.Encode(),
		Behavior: p.behavior(), Hint: p.hint(req.params.Get("login_hint")), Users: p.Users(),
	}
	if s != nil {
		page.Session, page.SessionLogin = "yes", s.user.Login
	}
	p.render(w, r, f, Authorization, status, "login", page)
}

// hint finds the person that login_hint means: a login or an e-mail address.
func (p *Provider) hint(hint string) string {
	for _, u := range p.Users() {
		if hint != "" && (u.Login == hint || strings.EqualFold(u.Email, hint)) {
			return u.Login
		}
	}
	return ""
}

// sendBack brings the browser to the client, by redirect or by form.
func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, f *Fault, req *authRequest, callback string) {
	if req.params.Get("response_mode") != "form_post" {
		w.Header().Set("Location", callback)
		p.write(w, r, f, Login, http.StatusSeeOther, "text/plain; charset=utf-8", nil)
		return
	}
	page, err := newPostPage(callback)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.render(w, r, f, Login, http.StatusOK, "post", page)
}
