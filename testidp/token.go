package testidp

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// TokenRequest is what a client sent to the token endpoint.
type TokenRequest struct {
	Header http.Header
	Form   url.Values
	Time   time.Time
}

// LastTokenRequest is the most recent request to the token endpoint, honest or not; false if there was none.
func (p *Provider) LastTokenRequest() (TokenRequest, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lastToken == nil {
		return TokenRequest{}, false
	}
	return *p.lastToken, true
}

func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request, f *Fault) {
	if err := r.ParseForm(); err != nil {
		p.tokenError(w, r, f, http.StatusBadRequest, "invalid_request")
		return
	}
	p.mu.Lock()
	p.lastToken = &TokenRequest{Header: r.Header.Clone(), Form: r.PostForm, Time: p.now()}
	p.mu.Unlock()
	client, err := p.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", "Basic")
		p.tokenError(w, r, f, http.StatusUnauthorized, "invalid_client")
		return
	}
	var g *grant
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		g = p.redeem(f, client, r.PostForm)
	case "refresh_token":
		g = p.refresh(client, r.PostForm.Get("refresh_token"))
	default:
		p.tokenError(w, r, f, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if g == nil {
		p.tokenError(w, r, f, http.StatusBadRequest, "invalid_grant")
		return
	}
	p.issue(w, r, f, g)
}

func (p *Provider) issue(w http.ResponseWriter, r *http.Request, f *Fault, g *grant) {
	fresh := *g
	fresh.accessToken = rand.Text()
	token, err := p.idToken(f, g.client.Algorithm, p.idClaims(&fresh))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := map[string]any{"access_token": fresh.accessToken, "token_type": "Bearer", "expires_in": 600, "id_token": token}
	p.mu.Lock()
	p.tokens[fresh.accessToken] = &fresh
	if slices.Contains(g.scope, "offline_access") {
		refresh := rand.Text()
		p.tokens[refresh] = &fresh
		answer["refresh_token"] = refresh
	}
	p.mu.Unlock()
	if f.Token != nil {
		f.Token(answer)
	}
	p.writeJSON(w, r, f, Token, http.StatusOK, answer)
}

var errClient = errors.New("client authentication")

// authenticate takes client_secret_basic, client_secret_post and, of a client without a secret, its id alone.
func (p *Provider) authenticate(r *http.Request) (Client, error) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		// RFC 6749, 2.3.1: both halves are form-encoded first.
		var err error
		if id, err = url.QueryUnescape(user); err != nil {
			return Client{}, errClient
		}
		if secret, err = url.QueryUnescape(pass); err != nil {
			return Client{}, errClient
		}
	}
	client, ok := p.client(id)
	if !ok || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 {
		return Client{}, errClient
	}
	return client, nil
}

// redeem spends a code; nil if it is not this client's to spend.
func (p *Provider) redeem(f *Fault, client Client, form url.Values) *grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[form.Get("code")]
	if g == nil || g.client.ID != client.ID || g.redirectURI != form.Get("redirect_uri") {
		return nil
	}
	if !f.ReuseCodes && (g.used || p.now().After(g.expires)) {
		return nil
	}
	g.used = true // also when the verifier is wrong: a code has one try
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if g.challenge != "" && g.challenge != encode(sum[:]) && !f.IgnorePKCE {
		return nil
	}
	return g
}

// refresh spends a refresh token.
func (p *Provider) refresh(client Client, token string) *grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.tokens[token]
	if g == nil || token == g.accessToken || g.client.ID != client.ID {
		return nil
	}
	delete(p.tokens, token)
	return g
}

func (p *Provider) tokenError(w http.ResponseWriter, r *http.Request, f *Fault, status int, code string) {
	p.writeJSON(w, r, f, Token, status, map[string]any{"error": code})
}
