package web

import (
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// credentials is what a request presents, not yet believed.
type credentials struct {
	bearer  string // an access token
	key     string // an API key
	access  string // cookie
	refresh string // cookie
	cookies bool   // one of our cookies is there
}

// explicit says that the client put a credential there by itself, as no browser does.
func (c *credentials) explicit() bool { return c.bearer != "" || c.key != "" }

var (
	errAnonymous = errs.New(errs.Unauthenticated, "unauthenticated", "This needs a session or an API key.")
	errScheme    = errs.New(errs.Unauthenticated, "unauthenticated", "Only the Bearer scheme is read.")
	errSeveral   = errs.New(errs.BadRequest, "several_credentials", "The request presents more than one credential.")
	errInQuery   = errs.New(errs.BadRequest, "credential_in_query", "A credential must not stand in a URL: URLs are logged.")
)

// gather collects the credentials and refuses a request that presents two: it would be a question of luck who is asking
// (the confused deputy).
func (ex *exchange) gather() error {
	r := ex.Request()
	if err := checkQuery(r.URL.RawQuery); err != nil {
		return err
	}
	access, refresh, err := sessions.FromRequest(r)
	ex.shown = credentials{access: access, refresh: refresh, cookies: access != "" || refresh != "" || err != nil}
	if ex.internal && ex.shown.cookies && !ex.forwarded() {
		return errHost // cookies are of the public host, and a browser has no business here
	}
	if ex.route != nil && ex.route.open != "" {
		return nil // nobody is asked
	}
	if err != nil {
		return err
	}
	authorization, keys := r.Header["Authorization"], r.Header["X-Api-Key"]
	if len(authorization)+len(keys) > 1 || len(authorization)+len(keys) == 1 && ex.shown.cookies {
		return errSeveral
	}
	switch {
	case len(keys) == 1:
		ex.shown.key = keys[0]
	case len(authorization) == 1:
		scheme, token, _ := strings.Cut(authorization[0], " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return errScheme
		}
		if strings.HasPrefix(token, "ghk_") {
			ex.shown.key = token
		} else {
			ex.shown.bearer = token
		}
	}
	return nil
}

// checkQuery refuses credentials in the query, by name and by look.
func checkQuery(raw string) error {
	if raw == "" {
		return nil
	}
	if strings.Contains(raw, "ghk_") || strings.Contains(raw, "ghr_") {
		return errInQuery
	}
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch strings.ToLower(name) {
		case "access_token", "api_key", "apikey", "x-api-key", "authorization":
			return errInQuery
		}
	}
	return nil
}
