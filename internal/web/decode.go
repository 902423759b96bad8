package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// maxQuery is how many bytes a query string may have (CVE-2025-61726: parsing a million parameters).
const maxQuery = 8 << 10

// decoder fills one input type from one route. It is compiled when the route is mounted, so that a request pays for the
// fields that it has and not for finding them.
type decoder struct {
	path  []input
	query []input
	body  bool // some field comes from the body
	post  bool // a body may be sent at all
}

// newDecoder refuses an input type whose fields do not say, each, where they come from.
func newDecoder(r Route) (*decoder, error) {
	d := &decoder{post: r.mutates()}
	if err := d.compile(r.handler.in, nil); err != nil {
		return nil, fmt.Errorf("route %q: %w", r.label(), err)
	}
	var mistakes []error
	for _, name := range r.parameters() {
		if !slices.ContainsFunc(d.path, func(f input) bool { return f.name == name }) {
			mistakes = append(mistakes, fmt.Errorf("route %q: no field of %v has the tag path:%q", r.label(), r.handler.in, name))
		}
	}
	for _, f := range d.path {
		if !slices.Contains(r.parameters(), f.name) {
			mistakes = append(mistakes, fmt.Errorf("route %q: the path has no {%s}", r.label(), f.name))
		}
	}
	if d.body && !d.post {
		mistakes = append(mistakes, fmt.Errorf("route %q: a GET has no body for %v", r.label(), r.handler.in))
	}
	return d, errors.Join(mistakes...)
}

func (d *decoder) compile(t reflect.Type, at []int) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("the input %v is not a struct", t)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		path, query, inBody := f.Tag.Get("path"), f.Tag.Get("query"), f.Tag.Get("json")
		switch {
		case f.Anonymous && path == "" && query == "" && inBody == "":
			if err := d.compile(f.Type, index); err != nil {
				return err
			}
		case !f.IsExported():
		case path != "" && query != "":
			return fmt.Errorf("%v.%s comes from two places", t, f.Name)
		case path != "" || query != "":
			// Without this the body could overwrite what the path says.
			if inBody != "-" {
				return fmt.Errorf("%v.%s needs the tag json:\"-\"", t, f.Name)
			}
			set, err := setterFor(f.Type)
			if err != nil {
				return fmt.Errorf("%v.%s: %w", t, f.Name, err)
			}
			if path != "" {
				d.path = append(d.path, input{path, index, set})
			} else {
				d.query = append(d.query, input{query, index, set})
			}
		case inBody == "":
			return fmt.Errorf("%v.%s has no tag that says where it comes from", t, f.Name)
		case inBody != "-":
			d.body = true
		}
	}
	return nil
}

// decode fills in, a pointer to the input.
func (d *decoder) decode(ex *exchange, in any) error {
	if err := d.decodeQuery(ex.Request().URL.RawQuery, in); err != nil {
		return err
	}
	for _, f := range d.path {
		if err := f.put(in, ex.Param(f.name)); err != nil {
			// Whatever is not an id of this kind names nothing (TEN-01: the same answer as for another tenant's).
			return errs.NotFound("resource").Because(err)
		}
	}
	if d.body {
		return ex.decodeBody(in)
	}
	return ex.refuseBody()
}

func (d *decoder) decodeQuery(raw string, in any) error {
	if raw == "" {
		return nil
	}
	values, err := parseQuery(raw)
	if err != nil {
		return err
	}
	for name, all := range values {
		i := slices.IndexFunc(d.query, func(f input) bool { return f.name == name })
		if i < 0 {
			e := errs.New(errs.BadRequest, "unknown_parameter", "The request has a query parameter that this route does not know.")
			e.Fields = []errs.Field{{Name: short(name), Detail: "is not known here"}}
			return e
		}
		if len(all) > 1 {
			return errs.New(errs.BadRequest, "repeated_parameter", "The request has the same query parameter twice.")
		}
		if err := d.query[i].put(in, all[0]); err != nil {
			return errs.InvalidField(name, unfit(err)).Because(err)
		}
	}
	return nil
}

func parseQuery(raw string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, errs.New(http.StatusRequestURITooLong, "query_too_long", "The query is too long.")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errs.New(errs.BadRequest, "malformed_query", "The query cannot be read.").Because(err)
	}
	return values, nil
}

// short keeps a name that a client made up from filling the answer.
func short(name string) string {
	const most = 64
	name = strings.ToValidUTF8(name, "\ufffd")
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}
