package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"

	"github.com/seed-2a059015/gatehouse/sessions"
)

// Client sends requests with one credential, or none. Each has an address of its own, so that limits on addresses do not
// join tests together.
type Client struct {
	Header http.Header // on every request; a test may change it

	server  *Server
	address string
}

// Anonymous is a client without a credential.
func (s *Server) Anonymous() *Client {
	n := s.visitors.Add(1)
	return &Client{
		Header: http.Header{"User-Agent": {Agent}}, server: s,
		address: fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n)),
	}
}

// Bearer presents the access token of a session.
func (s *Server) Bearer(session *Session) *Client {
	return s.Anonymous().With("Authorization", "Bearer "+session.Access)
}

// Browser presents the cookies of a session, as a page of the server's own would send them.
func (s *Server) Browser(session *Session) *Client {
	return s.Anonymous().With("Cookie", sessions.AccessCookie+"="+session.Access+"; "+sessions.RefreshCookie+"="+session.Refresh).
		With("Sec-Fetch-Site", "same-origin")
}

// Machine presents an API key.
func (s *Server) Machine(key Key) *Client { return s.Anonymous().With("X-API-Key", key.Secret) }

// With returns a client that also sends a header, instead of any with that name; an empty value takes it away.
func (c *Client) With(name, value string) *Client {
	changed := *c
	changed.Header = c.Header.Clone()
	if value == "" {
		changed.Header.Del(name)
	} else {
		changed.Header.Set(name, value)
	}
	return &changed
}

// Do sends a request with a JSON body, or none if body is nil. A body of type string is sent as it is.
func (c *Client) Do(tb testing.TB, method, path string, body any) *Answer {
	tb.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		must(tb, err)
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(tb.Context(), method, c.server.URL+path, reader)
	must(tb, err)
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(r.Header, c.Header)
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	return c.Send(tb, r)
}

// Send sends a request as it is, but for the client's address.
func (c *Client) Send(tb testing.TB, r *http.Request) *Answer {
	tb.Helper()
	if r.Header.Get("X-Forwarded-For") == "" {
		r.Header.Set("X-Forwarded-For", c.address)
	}
	resp, err := c.server.client.Do(r)
	must(tb, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(tb, err)
	a := &Answer{Response: resp, Text: text}
	c.server.contract.hold(tb, r, a)
	return a
}
