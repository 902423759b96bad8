package testidp

import (
	"crypto/rand"
	"net/http"
	"time"
)

// session is a person signed in at the provider.
type session struct {
	sid      string
	user     User
	authTime time.Time
	number   int // in the order of sign-ins
	visits   []visit
}

func (p *Provider) cookieName() string { return "testidp_" + p.name }

// signIn begins a session; its id is the value of the browser's cookie as well as the sid claim.
func (p *Provider) signIn(u User) *session {
	s := &session{sid: rand.Text(), user: u, authTime: p.now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signIns++
	s.number = p.signIns
	p.sessions[s.sid] = s
	return s
}

// session finds the session of a browser that still satisfies the request; nil if the person has to sign in.
func (p *Provider) session(r *http.Request, req *authRequest) *session {
	cookie, err := r.Cookie(p.cookieName())
	if err != nil || req.params.Get("prompt") == "login" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[cookie.Value]
	if s == nil || req.maxAge >= 0 && p.now().Sub(s.authTime) > req.maxAge {
		return nil
	}
	return s
}

func (p *Provider) setCookie(w http.ResponseWriter, s *session) {
	//nolint:gosec // plain http on loopback is the purpose
	http.SetCookie(w, &http.Cookie{
		Name: p.cookieName(), Value: s.sid, Path: p.server.prefix + "/" + p.name, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// serveEndSession signs out and goes back to post_logout_redirect_uri, if it is on loopback.
func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request, f *Fault) {
	if cookie, err := r.Cookie(p.cookieName()); err == nil {
		p.mu.Lock()
		delete(p.sessions, cookie.Value)
		p.mu.Unlock()
	}
	//nolint:gosec // deletes the cookie set above
	http.SetCookie(w, &http.Cookie{Name: p.cookieName(), Path: p.server.prefix + "/" + p.name, MaxAge: -1})
	back, err := (Client{}).redirect(r.FormValue("post_logout_redirect_uri"))
	if err != nil {
		p.write(w, r, f, EndSession, http.StatusOK, "text/plain; charset=utf-8", []byte("You are signed out.\n"))
		return
	}
	query := back.Query()
	if state := r.FormValue("state"); state != "" {
		query.Set("state", state)
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // a provider sends people to its clients
}
