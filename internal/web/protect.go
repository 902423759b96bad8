package web

import (
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

var errCrossSite = errs.New(errs.Forbidden, "cross_site", "This request came from a page of another site.")

// protect refuses what another site makes a browser do (CSRF). Requests with a bearer token or an API key are exempt: no
// browser adds those by itself.
func (ex *exchange) protect() error {
	r := ex.judged()
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if ex.route.crossSite || ex.shown.explicit() && !ex.shown.cookies {
		return nil
	}
	if err := ex.server.crossOrigin.Check(r); err != nil {
		return errCrossSite.Because(err)
	}
	// Check lets pass what says nothing of where it comes from, since that is no browser of today. With our cookies it is
	// one of yesterday.
	if ex.shown.cookies && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return errCrossSite
	}
	return nil
}
