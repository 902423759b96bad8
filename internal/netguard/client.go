package netguard

import (
	"net/http"
	"time"
)

const (
	maxTimeout   = 10 * time.Second
	maxRedirects = 3
	defaultBody  = 256 << 10 // fits any discovery document; keys and metadata need more and say so
)

// Limits bound one request. The zero value allows 256 KiB, 10 s and no redirect.
type Limits struct {
	// Body is the most that may be read of a body, counted after decompression. Reading on is ErrBodyTooLarge.
	Body int64

	// Redirects is how many are followed, at most 3, each checked like a first URL. Only GET is ever redirected: a
	// code or a client secret is not carried on to an address that the first one names.
	Redirects int

	// Timeout covers everything from DNS to the last byte of the body, redirects included. It cannot exceed 10 s.
	Timeout time.Duration
}

// Client returns a client under the policy and the limits, without a bulkhead. Its errors are *url.Error around
// *Error; so are those of reading a body, without the *url.Error. It has no cookies.
func (g *Guard) Client(limits Limits) *http.Client {
	return g.newClient(limits, "")
}

// ClientFor is Client for the work of one key, a tenant's connection: its requests wait for each other rather than
// for those of others (TooBusy after a second), and after some failures in a row they fail at once for a while
// (CircuitOpen). An empty key is its own key. Clients are cheap; make one where it is needed.
func (g *Guard) ClientFor(key string, limits Limits) *http.Client {
	return g.newClient(limits, "key "+key)
}

func (g *Guard) newClient(limits Limits, key string) *http.Client {
	if limits.Body <= 0 {
		limits.Body = defaultBody
	}
	if limits.Timeout <= 0 || limits.Timeout > maxTimeout {
		limits.Timeout = maxTimeout
	}
	limits.Redirects = max(0, min(limits.Redirects, maxRedirects))
	return &http.Client{
		Transport: &roundTripper{guard: g, limits: limits, key: key},
		// Redirects are followed below, under one deadline; what comes up to here is not followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return refuse(RedirectRefused) },
	}
}
