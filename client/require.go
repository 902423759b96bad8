package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Requirement is what a route demands. [Client.Require] begins one, and [Requirement.Then] ends it. It is a value, so that routes can share a
// beginning.
type Requirement struct {
	client   *Client
	question Question
}

// Require demands the permission; [PrincipalFrom] says who was let through. A refusal is answered with the server's problem document, and 503
// where the server gives no answer: then nobody is let through. An empty permission refuses everybody, as a name does that the catalog does
// not have.
//
// A browser whose access token has expired gets a new one on the way, as it would from the server. For that the product must be on the host
// of the server, behind one reverse proxy: browsers send the cookies nowhere else.
func (c *Client) Require(permission string) Requirement {
	return Requirement{c, Question{Permission: permission}}
}

// Feature demands also that the tenant's plan includes a feature. It panics if there is one already, which it would put out of force.
func (r Requirement) Feature(name string) Requirement {
	if r.question.Feature != "" {
		panic(fmt.Sprintf("gatehouse client: Require(%q) demands two features, %q and %q", r.question.Permission, r.question.Feature, name))
	}
	r.question.Feature = name
	return r
}

// Then returns a handler that calls next for whom the requirement lets through. Not called but handed over, it is middleware.
func (r Requirement) Then(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // the handler may say otherwise
		p, err := r.client.admit(w, req, r.question)
		if err != nil {
			write(w, err)
			return
		}
		next.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), principalKey{}, p)))
	})
}

func (c *Client) admit(w http.ResponseWriter, r *http.Request, q Question) (*Principal, error) {
	if q.Permission == "" {
		return nil, unavailable("guard a route", errors.New("no permission is demanded"))
	}
	header := presented(r)
	p, err := c.authorize(r.Context(), header, q)
	var problem *Problem
	if !errors.As(err, &problem) || problem.Code != "token_expired" || header.Get("Cookie") == "" {
		return p, err
	}
	if err := c.renew(r.Context(), w, header); err != nil {
		return nil, err
	}
	return c.authorize(r.Context(), header, q)
}

// renew gets the session's next cookies and hands them to the browser. They have to reach it: the old ones are worth nothing from then on.
func (c *Client) renew(ctx context.Context, w http.ResponseWriter, header http.Header) error {
	a, err := c.send(ctx, http.MethodGet, "/v1/me", header, nil)
	if a == nil {
		return err
	}
	fresh := ""
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if cookie.Name != accessCookie && cookie.Name != refreshCookie {
			continue
		}
		w.Header().Add("Set-Cookie", cookie.Raw)
		if cookie.Name == accessCookie {
			fresh = cookie.Name + "=" + cookie.Value
		}
	}
	if err != nil {
		return err
	}
	if fresh == "" {
		return unavailable("renew a session", errors.New("there is no new token"))
	}
	header.Set("Cookie", fresh)
	return nil
}
