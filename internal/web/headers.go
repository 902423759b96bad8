package web

import (
	"slices"
	"strings"
)

// fixedHeaders are values that answers share, made once: a slice a request would be an allocation each.
type fixedHeaders struct {
	every  map[string][]string
	page   []string
	json   []string
	origin []string
}

func (s *Server) makeHeaders() fixedHeaders {
	// Chromium applies form-action to redirects after a form too, and ours end at an identity provider.
	forms := "'self' https:"
	every := map[string][]string{
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"no-referrer"}, // paths of callbacks hold codes
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
		"Cache-Control":                {"no-store"}, // a handler of public files says otherwise
	}
	if s.secure {
		every["Strict-Transport-Security"] = []string{"max-age=63072000"}
	} else {
		forms += " http:" // providers on the same machine
	}
	return fixedHeaders{
		every: every,
		page: []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self'; manifest-src 'self'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"},
		json:   []string{"application/json"},
		origin: []string{"Origin"},
	}
}

// harden sets the headers that are on every answer, errors included.
func (ex *exchange) harden() error {
	h, fixed := ex.Response().Header(), &ex.server.fixed
	for name, value := range fixed.every {
		h[name] = slices.Clip(value) // who adds to a header must not write into ours
	}
	if !ex.server.isAPI(ex.Request().URL.Path) {
		h["Content-Security-Policy"] = slices.Clip(fixed.page)
	}
	// net/http takes a request that has a length and chunks too, and does not tell. A proxy before us may have cut it at the
	// length: what follows on the connection would be somebody else's request (RFC 9112, 6.1).
	if len(ex.Request().TransferEncoding) > 0 {
		h["Connection"] = []string{"close"}
	}
	return nil
}

// isAPI says that a path is one of the JSON API, where no page can be.
func (s *Server) isAPI(path string) bool {
	rest, ours := strings.CutPrefix(path, s.prefix)
	return ours && (rest == "/v1" || strings.HasPrefix(rest, "/v1/") || strings.HasPrefix(rest, "/access/v1/"))
}
