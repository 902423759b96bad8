package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// checkHost refuses a name that is not ours: a page of another site whose name was pointed here (DNS rebinding), a cache
// that was told another host. Forwarded hosts are not read at all.
func (ex *exchange) checkHost() error {
	if ex.route != nil && ex.route.anyHost {
		return nil
	}
	s := ex.server
	scheme := "http"
	if s.secure {
		scheme = "https"
	}
	if host := ex.Request().Host; s.hosts[host] || s.hosts[bareHost(scheme, strings.ToLower(host))] {
		return nil
	}
	if s.internal[strings.ToLower(ex.Request().Host)] && ex.route != nil && s.isInternal(ex.Request().URL.Path) {
		ex.internal = true
		ex.Response().Before(func() { ex.Response().Header().Del("Set-Cookie") })
		return nil
	}
	return errHost
}

var errHost = errs.New(errs.Misdirected, "wrong_host", "This server does not answer for that host.")

// isInternal says that a path is one for machines: those of the API, and what says how to ask it.
func (s *Server) isInternal(path string) bool {
	return s.isAPI(path) || strings.HasPrefix(path, s.prefix+"/.well-known/")
}

// checkPath refuses parameters that no link of ours has: Echo lets the last one hold slashes, and leaves escapes in place.
func (ex *exchange) checkPath() error {
	if ex.route.wildcard {
		return nil
	}
	for _, v := range ex.ParamValues()[:ex.route.parameters] {
		if v == "" || strings.ContainsAny(v, "/%\\") {
			return errNotFound
		}
	}
	return nil
}

// boundBody limits what may be read, and refuses what would have to be unpacked.
func (ex *exchange) boundBody() error {
	r, limit := ex.Request(), ex.bodyLimit()
	if r.ContentLength > limit {
		return errTooLarge
	}
	if e := r.Header["Content-Encoding"]; len(e) > 0 && !ex.forwarded() { // that of a body which the proxy keeps
		return errs.New(errs.UnsupportedMedia, "content_encoding", "The body must not be compressed.")
	}
	// The decoder reads no more than the length that was compared above, and needs no reader around what has one.
	if r.Body != nil && r.Body != http.NoBody && (r.ContentLength <= 0 || ex.route.In() == nil) {
		r.Body = http.MaxBytesReader(ex.Response().Writer, r.Body, limit)
	}
	return nil
}

// refuseOptions keeps Echo from answering OPTIONS by itself: without CORS it is a method like others.
func (ex *exchange) refuseOptions() error {
	if ex.Request().Method != http.MethodOptions {
		return nil
	}
	allow, known := ex.Get(echo.ContextKeyHeaderAllow).(string)
	if !known {
		return errNotFound
	}
	ex.Response().Header().Set("Allow", allow)
	return errMethod
}
