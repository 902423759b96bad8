package web

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	methods     = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	pathPattern = regexp.MustCompile(`^(/|(/[a-z0-9._-]+|/\{[a-z_]+\})+(/\{[a-z_]+\.\.\.\})?)$`)
	parameter   = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)
)

// check reports everything that is wrong with a row: what is forgotten or contradicts itself must not wait for a request.
func (r Route) check() error {
	var mistakes []error
	wrong := func(is bool, what string) {
		if is {
			mistakes = append(mistakes, fmt.Errorf("route %q: %s", r.label(), what))
		}
	}
	open, named := r.open != "", r.permission != ""
	wrong(!slices.Contains(methods, r.method) && (!r.forwarded || r.method != http.MethodHead), "unknown method")
	wrong(!pathPattern.MatchString(r.path), "the path is not lower-case segments and {parameters}")
	wrong(!open && !named, "neither a permission nor a reason to be open")
	wrong(open && named, "open and with a permission")
	wrong(r.handler.bind == nil, "no handler")
	wrong(open && r.handler.scoped, "an open row has no tenant to work in")
	wrong(open && (r.feature != "" || r.sessionOnly || r.anyStanding != ""), "an open row knows no caller to make demands of")
	wrong(open && r.group != "", "an open row knows no tenant to count for")
	wrong(!open && r.crossSite, "only an open row can be cross-site: other sites' requests carry no session")
	wrong(r.forwarded && (open || r.handler.in != nil), "only a closed row that decodes nothing is asked about another request")
	wrong(r.forwarded && r.method != http.MethodGet && !strings.HasSuffix(r.path, "...}"), "only one with the rest of a path is asked by another method")
	wrong(r.stepUp < 0 || r.maxBody < 0, "a negative limit")
	wrong(r.idempotent && (r.method != http.MethodPost || !r.handler.scoped), "only a POST with a transaction can be idempotent")
	wrong(r.noEvent != "" && !r.mutates(), "a row that reads needs no excuse for leaving no event")
	wrong(r.status != 0 && (r.status < 200 || r.status > 299), "the status of success is not one")
	wrong(strings.Contains(r.path, "...") && r.handler.in != nil, "only a raw row takes the rest of a path")
	return errors.Join(mistakes...)
}

// parameters are the names in braces.
func (r Route) parameters() []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(r.path, -1) {
		names = append(names, m[1])
	}
	return names
}

// echoPath is the path as Echo writes it, below a prefix.
func (r Route) echoPath(prefix string) string {
	return prefix + parameter.ReplaceAllStringFunc(r.path, func(p string) string {
		if strings.HasSuffix(p, "...}") {
			return "*"
		}
		return ":" + strings.Trim(p, "{}")
	})
}
