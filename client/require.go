package client

import (
	"context"
	"errors"
	"net/http"
)

// Requirement is a further demand of [Client.Require].
type Requirement func(*Question)

// Feature demands that the tenant's plan includes a feature.
func Feature(name string) Requirement { return func(q *Question) { q.Feature = name } }

// Require is middleware that lets through who has the permission and meets what else is demanded; [PrincipalFrom] says who that is. A
// refusal is answered with the server's problem document, and 503 where the server gives no answer: then nobody is let through. An empty
// permission refuses everybody, as a name does that the catalog does not have.
//
// A browser whose access token has expired gets a new one on the way, as it would from the server. For that the product must be on the host
// of the server, behind one reverse proxy: browsers send the cookies nowhere else.
func (c *Client) Require(permission string, further ...Requirement) func(http.Handler) http.Handler {
	q := Question{Permission: permission}
	for _, f := range further {
		f(&q)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store") // the handler may say otherwise
			p, err := c.admit(w, r, q)
			if err != nil {
				write(w, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
		})
	}
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
