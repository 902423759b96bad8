package testidp

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func (p *Provider) serveSAML(w http.ResponseWriter, r *http.Request, f *Fault) {
	m, err := readMessage(r)
	if err != nil {
		badSAML(w, err)
		return
	}
	req, sp, err := p.authnRequest(m)
	if err != nil {
		// Whoever sent this may not be a service provider of ours: there is nobody to tell but the person.
		badSAML(w, err)
		return
	}
	s := p.samlSession(r, req)
	switch {
	case req.IsPassive && s == nil:
		post, err := p.decline(req, sp, samlforge.StatusResponder, samlforge.StatusNoPassive)
		p.sendPost(w, r, f, post, err)
	case req.IsPassive:
		post, err := p.respond(f, req, sp, s)
		p.sendPost(w, r, f, post, err)
	default:
		p.askSAML(w, r, f, http.StatusOK, req, s, "")
	}
}

// serveSAMLStart begins a sign-in that no service provider asked for; the query has sp, acs and RelayState.
func (p *Provider) serveSAMLStart(w http.ResponseWriter, r *http.Request, f *Fault) {
	q := r.URL.Query()
	req, _, err := p.initiated(q.Get("sp"), q.Get("acs"), q.Get("RelayState"))
	if err != nil {
		badSAML(w, err)
		return
	}
	p.askSAML(w, r, f, http.StatusOK, req, p.samlSession(r, req), "")
}

func (p *Provider) serveSAMLLogin(w http.ResponseWriter, r *http.Request, f *Fault) {
	var req AuthnRequest
	if err := json.Unmarshal([]byte(r.PostFormValue("request")), &req); err != nil {
		badSAML(w, err)
		return
	}
	sp, err := p.party(req.Issuer)
	if err == nil {
		_, err = sp.acs(req.ACS)
	}
	if err != nil {
		badSAML(w, err)
		return
	}
	if r.PostFormValue("cancel") != "" {
		post, err := p.decline(req, sp, samlforge.StatusResponder, samlforge.StatusAuthnFailed)
		p.sendPost(w, r, f, post, err)
		return
	}
	s := p.samlSession(r, req)
	if r.PostFormValue("session") == "" || s == nil {
		user, ok := p.user(r.PostFormValue("user") + strings.TrimSpace(r.PostFormValue("login")))
		if !ok {
			p.askSAML(w, r, f, http.StatusUnauthorized, req, s, "Nobody here has this login.")
			return
		}
		s = p.signIn(user)
		p.setCookie(w, s)
	}
	post, err := p.respond(f, req, sp, s)
	p.sendPost(w, r, f, post, err)
}

// samlSession is the session of the browser, unless the request wants a fresh sign-in.
func (p *Provider) samlSession(r *http.Request, req AuthnRequest) *session {
	if req.ForceAuthn {
		return nil
	}
	return p.session(r, &authRequest{maxAge: -1})
}

func (p *Provider) askSAML(w http.ResponseWriter, r *http.Request, f *Fault, status int, req AuthnRequest, s *session, problem string) {
	request, err := json.Marshal(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	page := loginPage{
		Title: "Sign in to " + p.name, Issuer: p.name, Client: req.Issuer, Scenario: p.Playing(), Error: problem,
		Action: p.server.prefix + "/" + p.name + "/saml/login", Request: string(request), Behavior: p.behavior(), Hint: p.hint(req.Hint), Users: p.Users(),
	}
	if s != nil {
		page.Session, page.SessionLogin = "yes", s.user.Login
	}
	p.render(w, r, f, SAMLSignIn, status, "login", page)
}

// sendPost lets the browser post the response.
func (p *Provider) sendPost(w http.ResponseWriter, r *http.Request, f *Fault, post samlforge.Post, err error) {
	if err != nil {
		badSAML(w, err)
		return
	}
	p.sendForm(w, r, f, SAMLLogin, "Signed in", post.ACS, post.Form())
}

func (p *Provider) sendForm(w http.ResponseWriter, r *http.Request, f *Fault, e Endpoint, title, action string, fields url.Values) {
	p.render(w, r, f, e, http.StatusOK, "post", postPage{Title: title, Action: action, Nonce: rand.Text(), Fields: fields})
}

func (p *Provider) serveSAMLLogout(w http.ResponseWriter, r *http.Request, f *Fault) {
	m, err := readMessage(r)
	if err != nil {
		badSAML(w, err)
		return
	}
	if m.name == samlforge.SAMLResponse {
		if err := p.takeLogoutAnswer(m); err != nil {
			badSAML(w, err)
			return
		}
		p.write(w, r, f, SAMLLogout, http.StatusOK, "text/plain; charset=utf-8", []byte("You are signed out.\n"))
		return
	}
	logout, err := p.answerLogout(f, m)
	p.sendLogoutPage(w, r, f, logout, err)
}

// serveSAMLEnd begins a logout of the browser's person at the service provider sp of the query.
func (p *Provider) serveSAMLEnd(w http.ResponseWriter, r *http.Request, f *Fault) {
	s := p.session(r, &authRequest{maxAge: -1})
	if s == nil {
		badSAML(w, errors.New("nobody is signed in"))
		return
	}
	logout, err := p.LogoutSAML(r.URL.Query().Get("sp"), s.user.Login)
	p.sendLogoutPage(w, r, f, logout, err)
}

func (p *Provider) sendLogoutPage(w http.ResponseWriter, r *http.Request, f *Fault, logout Logout, err error) {
	switch {
	case err != nil:
		badSAML(w, err)
	case logout.Form != nil:
		p.sendForm(w, r, f, SAMLLogout, "Signing out", logout.Target, logout.Form)
	default:
		w.Header().Set("Location", logout.Target)
		p.write(w, r, f, SAMLLogout, http.StatusSeeOther, "text/plain; charset=utf-8", nil)
	}
}

func badSAML(w http.ResponseWriter, err error) {
	http.Error(w, "This SAML message is not valid: "+err.Error(), http.StatusBadRequest)
}
