package web

import (
	"net/http"
	"slices"
	"strings"
)

// fixedHeaders are values that answers share, made once: a slice a request would be an allocation each.
type fixedHeaders struct {
	api    []header // of an answer of the JSON API to a script
	open   []header // of every other answer of the JSON API
	page   []header // of every other answer
	json   []string
	origin []string
}

// header is one in canonical form.
type header struct {
	name  string
	value []string
}

func (s *Server) makeHeaders() fixedHeaders {
	// Chromium applies form-action to redirects after a form too, and ours end at an identity provider.
	forms := "'self' https:"
	every := []header{
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}}, // paths of callbacks hold codes
		{"Cache-Control", []string{"no-store"}},      // a handler of public files says otherwise
	}
	if s.secure {
		every = append(every, header{"Strict-Transport-Security", []string{"max-age=63072000"}})
	} else {
		forms += " http:" // providers on the same machine
	}
	policy := func(csp string) header { return header{"Content-Security-Policy", []string{csp}} }
	embedded := header{"Cross-Origin-Resource-Policy", []string{"same-origin"}} // what a page of another origin shows as an image, say
	documents := []header{                                                      // what a browser looks at for a document alone
		{"X-Frame-Options", []string{"DENY"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	}
	api := append(slices.Clip(every), policy("default-src 'none'; frame-ancestors 'none'"))
	return fixedHeaders{
		api:  api,
		open: append(slices.Clip(api), embedded),
		page: append(slices.Concat(every, documents), embedded, policy("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "+
			"connect-src 'self'; manifest-src 'self'; form-action "+forms+"; base-uri 'none'; frame-ancestors 'none'")),
		json:   []string{"application/json"},
		origin: []string{"Origin"},
	}
}

// harden sets the headers that are on every answer, errors included. Each costs every answer time, and the ninth more than all of the others:
// the map of net/http then becomes a larger one, twice.
func (ex *exchange) harden() error {
	h, fixed := ex.Response().Header(), ex.server.fixed.page
	switch {
	case !ex.server.isAPI(ex.Request().URL.Path):
	case byScript(ex.Request().Header):
		fixed = ex.server.fixed.api
	default:
		fixed = ex.server.fixed.open
	}
	for i := range fixed {
		h[fixed[i].name] = slices.Clip(fixed[i].value) // who adds to a header must not write into ours
	}
	// net/http takes a request that has a length and chunks too, and does not tell. A proxy before us may have cut it at the
	// length: what follows on the connection would be somebody else's request (RFC 9112, 6.1).
	if len(ex.Request().TransferEncoding) > 0 {
		h["Connection"] = []string{"close"}
	}
	return nil
}

// byScript says that no element of a page, an image say, has asked: a bearer token and X-API-Key are set by a script, which has to ask CORS
// first. Of other schemes, as a proxy before us may have, browsers add Authorization by themselves, to images too.
func byScript(asked http.Header) bool {
	a := asked["Authorization"]
	return len(asked["X-Api-Key"]) > 0 || len(a) == 1 && strings.HasPrefix(a[0], "Bearer ")
}

// isAPI says that a path is one of the JSON API, where no page can be.
func (s *Server) isAPI(path string) bool {
	rest, ours := strings.CutPrefix(path, s.prefix)
	return ours && (rest == "/v1" || strings.HasPrefix(rest, "/v1/") || strings.HasPrefix(rest, "/access/v1/"))
}
