package web

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// input is one field that comes from the path or the query.
type input struct {
	name  string
	index []int
	set   setter
}

type setter func(reflect.Value, string) error

var (
	errText   = errors.New("a character that no name has")
	errNumber = errors.New("not a number")
	errBool   = errors.New("neither true nor false")
)

// put sets the field of in, a pointer to the input.
func (f input) put(in any, text string) error {
	// No route has a value in a path or query that is not plain text; a NUL would reach Postgres.
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errText
	}
	return f.set(reflect.ValueOf(in).Elem().FieldByIndex(f.index), text)
}

// setterFor finds out once how a type is read from text.
func setterFor(t reflect.Type) (setter, error) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return func(v reflect.Value, s string) error {
			if s == "" {
				return errText // an id type would take it for the zero id
			}
			u, _ := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
			return u.UnmarshalText([]byte(s))
		}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		set, err := setterFor(t.Elem())
		if err != nil {
			return nil, err
		}
		return func(v reflect.Value, s string) error {
			v.Set(reflect.New(t.Elem()))
			return set(v.Elem(), s)
		}, nil
	case reflect.String:
		return func(v reflect.Value, s string) error { v.SetString(s); return nil }, nil
	case reflect.Int, reflect.Int64, reflect.Int32:
		return func(v reflect.Value, s string) error {
			n, err := strconv.ParseInt(s, 10, t.Bits())
			if err != nil || strconv.FormatInt(n, 10) != s { // one spelling: no +1, no 01
				return errNumber
			}
			v.SetInt(n)
			return nil
		}, nil
	case reflect.Bool:
		return func(v reflect.Value, s string) error {
			if s != "true" && s != "false" {
				return errBool
			}
			v.SetBool(s == "true")
			return nil
		}, nil
	default:
		return nil, fmt.Errorf("%v cannot be read from a path or query", t)
	}
}
