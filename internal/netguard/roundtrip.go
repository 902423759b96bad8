package netguard

import (
	"context"
	"net/http"
	"net/url"
)

const userAgent = "Gatehouse"

// roundTripper stands before the transport and holds every request, and every redirect, to policy and limits.
type roundTripper struct {
	guard  *Guard
	limits Limits
	key    string
}

// RoundTrip also follows redirects, which is not the usual place: here all hops share one deadline and one slot.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	caller := req.Context()
	first, err := t.prepare(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	slot, err := t.guard.keys.acquire(caller, t.key)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	ctx, cancel := context.WithTimeout(caller, t.limits.Timeout)
	// The slot comes back at the deadline even if nobody closes the body.
	stop := context.AfterFunc(ctx, func() { slot.release(classify(caller, ctx.Err())) })
	finish := func(err error) {
		stop()
		slot.release(err)
		cancel()
	}
	res, err := t.follow(first.WithContext(ctx))
	if err != nil {
		reason := classify(caller, err)
		finish(reason)
		return nil, reason
	}
	if res.ContentLength > t.limits.Body && req.Method != http.MethodHead {
		_ = res.Body.Close()
		finish(nil)
		return nil, ErrBodyTooLarge
	}
	res.Body = &body{source: res.Body, left: t.limits.Body, caller: caller, finish: finish}
	return res, nil
}

// prepare checks the URL and takes away what a caller may have added to the request by mistake.
func (t *roundTripper) prepare(req *http.Request) (*http.Request, error) {
	target, err := t.guard.CheckURL(req.URL.String())
	if err != nil {
		return nil, err
	}
	out := req.Clone(req.Context())
	out.URL = target
	out.Host = "" // the host of the URL, not another one
	out.Header.Set("User-Agent", userAgent)
	out.Header.Del("Cookie")
	// Only what the transport asks for itself does it decompress, and only then does the limit count what comes out.
	out.Header.Del("Accept-Encoding")
	return out, nil
}

// follow sends the request and, for GET, as many redirects as the limits allow.
func (t *roundTripper) follow(req *http.Request) (*http.Response, error) {
	for hops := 0; ; hops++ {
		res, err := t.guard.transport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if !redirects(res.StatusCode) {
			return res, nil
		}
		_ = res.Body.Close()
		if hops >= t.limits.Redirects || req.Method != http.MethodGet || req.Body != nil && req.Body != http.NoBody {
			return nil, refuse(RedirectRefused)
		}
		if req, err = t.redirected(req, res.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
}

func (t *roundTripper) redirected(req *http.Request, location string) (*http.Request, error) {
	target, err := url.Parse(location)
	if err != nil || location == "" {
		return nil, refuse(RedirectRefused)
	}
	next := req.Clone(req.Context())
	next.URL = req.URL.ResolveReference(target)
	if next.URL.Host != req.URL.Host || next.URL.Scheme != req.URL.Scheme {
		next.Header.Del("Authorization")
	}
	checked, err := t.prepare(next)
	if err != nil {
		return nil, err
	}
	// What a developer may type, a provider elsewhere may not.
	if t.guard.selfNamed(checked.URL.Hostname()) && !t.guard.selfNamed(req.URL.Hostname()) {
		return nil, refuse(BlockedAddress)
	}
	return checked, nil
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
