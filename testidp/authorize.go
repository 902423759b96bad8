package testidp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is a checked authorization request.
type authRequest struct {
	client      Client
	redirectURI *url.URL
	params      url.Values
	maxAge      time.Duration // negative: not asked
}

// refusal is an authorization error that goes back to the client (RFC 6749, 4.1.2.1).
type refusal struct{ code, description string }

func (r refusal) Error() string { return r.code + ": " + r.description }

// Authorize plays the person: it answers the authorization URL as if login had signed in just now, and returns the URL to
// which the browser would be sent. No HTTP is involved. For response_mode=form_post the parameters are in the query of
// the returned URL, for the caller to post.
func (p *Provider) Authorize(ctx context.Context, authorizationURL, login string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return "", fmt.Errorf("parse authorization URL: %w", err)
	}
	if want := p.URL() + "/authorize"; !strings.HasPrefix(authorizationURL, want) {
		return "", fmt.Errorf("authorization URL does not begin with %s", want)
	}
	f := p.begin(Authorization)
	req, err := p.parse(u.Query())
	if refused := (refusal{}); errors.As(err, &refused) {
		return p.refuse(f, req, refused), nil
	}
	if err != nil {
		return "", err
	}
	user, ok := p.user(login)
	if !ok {
		return "", fmt.Errorf("issuer %s has no user %q", p.name, login)
	}
	return p.grantCode(f, req, p.signIn(user)), nil
}

// parse returns a refusal for what the client may be told, any other error for what it may not.
func (p *Provider) parse(q url.Values) (*authRequest, error) {
	for name, values := range q {
		if len(values) > 1 {
			return nil, fmt.Errorf("parameter %s is given twice", name)
		}
	}
	client, ok := p.client(q.Get("client_id"))
	if !ok {
		return nil, fmt.Errorf("unknown client %q", q.Get("client_id"))
	}
	redirect, err := client.redirect(q.Get("redirect_uri"))
	if err != nil {
		return nil, err
	}
	req := &authRequest{client: client, redirectURI: redirect, params: q, maxAge: -1}
	switch {
	case q.Get("response_type") != "code":
		return req, refusal{"unsupported_response_type", "only code"}
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return req, refusal{"invalid_scope", "openid is missing"}
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query" && q.Get("response_mode") != "form_post":
		return req, refusal{"invalid_request", "unknown response_mode"}
	case q.Get("code_challenge") == "" && !client.PKCEOptional && p.profile != Google:
		return req, refusal{"invalid_request", "code_challenge is missing"}
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return req, refusal{"invalid_request", "code_challenge_method is not S256"}
	}
	if age := q.Get("max_age"); age != "" {
		seconds, err := strconv.ParseUint(age, 10, 31)
		if err != nil {
			return req, refusal{"invalid_request", "max_age is not a number"}
		}
		req.maxAge = time.Duration(seconds) * time.Second
	}
	return req, nil
}

func (c Client) redirect(uri string) (*url.URL, error) {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() {
		return nil, fmt.Errorf("redirect_uri %q is not absolute", uri)
	}
	if len(c.RedirectURIs) > 0 {
		if !slices.Contains(c.RedirectURIs, uri) {
			return nil, fmt.Errorf("redirect_uri %q is not registered", uri)
		}
		return u, nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("redirect_uri %q is not on loopback", uri)
	}
	return u, nil
}

// grantCode issues a code to a person who has signed in, and returns the callback URL.
func (p *Provider) grantCode(f *Fault, req *authRequest, s *session) string {
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = &grant{
		client: req.client, user: s.user, redirectURI: req.params.Get("redirect_uri"),
		scope: strings.Fields(req.params.Get("scope")), nonce: req.params.Get("nonce"),
		challenge: req.params.Get("code_challenge"), authTime: s.authTime, sid: s.sid, expires: p.now().Add(codeLifetime),
	}
	p.mu.Unlock()
	return p.callback(f, req, url.Values{"code": {code}})
}

func (p *Provider) refuse(f *Fault, req *authRequest, r refusal) string {
	return p.callback(f, req, url.Values{"error": {r.code}, "error_description": {r.description}})
}

func (p *Provider) callback(f *Fault, req *authRequest, answer url.Values) string {
	if state, ok := req.params["state"]; ok {
		answer["state"] = state
	}
	if p.profile != Google {
		answer.Set("iss", p.URL()) // RFC 9207
	}
	if f.Callback != nil {
		f.Callback(answer)
	}
	target := *req.redirectURI
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += answer.Encode()
	if f.CallbackURL != nil {
		return f.CallbackURL(target.String())
	}
	return target.String()
}
