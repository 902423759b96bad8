package oidc

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object by its exact member names.
type object map[string]jsontext.Value

var (
	errObject = errors.New("not one JSON object without duplicate names, in valid UTF-8")
	errType   = errors.New("a member has another type than it must have")
	errCase   = errors.New("two spellings of one name")
)

// maxDepth is far beyond what claims need.
const maxDepth = 32

// parseObject reads exactly one object. Duplicate names, invalid UTF-8, lone surrogates, deep nesting and anything behind the object
// are errors: where two parsers may read two things, neither is read.
func parseObject(text []byte) (object, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))
	if dec.PeekKind() != '{' {
		return nil, errObject
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errObject
	}
	members := object{}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errObject
		}
		key := name.String()
		value, err := readValue(dec)
		if err != nil {
			return nil, err
		}
		members[key] = value
	}
	if end, err := dec.ReadToken(); err != nil || end.Kind() != '}' {
		return nil, errObject
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errObject
	}
	return members, nil
}

// readValue reads the value of a member. Its depth is counted before the decoder walks into it.
func readValue(dec *jsontext.Decoder) (jsontext.Value, error) {
	value, err := dec.ReadValue()
	if err != nil || depth(value) > maxDepth {
		return nil, errObject
	}
	return value.Clone(), nil
}

func depth(value jsontext.Value) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// caseVariants refuses an object with a name that differs from one of names in case only: encoding/json, in the libraries and in other
// products, would take one for the other.
func (o object) caseVariants(names []string) error {
	for have := range o {
		for _, name := range names {
			if have != name && strings.EqualFold(have, name) {
				return errCase
			}
		}
	}
	return nil
}

// has tells a member that is there, and not null.
func (o object) has(name string) bool { v, ok := o[name]; return ok && v.Kind() != 'n' }

// text returns a string member, "" if it is missing or null.
func (o object) text(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	return asText(o[name])
}

func asText(v jsontext.Value) (string, error) {
	if v.Kind() != '"' {
		return "", errType
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return "", errType
	}
	return string(b), nil
}

// texts returns a member that is a list of strings; nil if it is missing or null.
func (o object) texts(name string) ([]string, error) {
	if !o.has(name) {
		return nil, nil
	}
	if o[name].Kind() != '[' {
		return nil, errType
	}
	dec := jsontext.NewDecoder(bytes.NewReader(o[name]))
	if _, err := dec.ReadToken(); err != nil {
		return nil, errType
	}
	list := []string{}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, errType
		}
		s, err := asText(v)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// textOrTexts returns a member that is a string or a list of them, as aud may be.
func (o object) textOrTexts(name string) ([]string, error) {
	if o.has(name) && o[name].Kind() == '"' {
		s, err := o.text(name)
		return []string{s}, err
	}
	return o.texts(name)
}

// seconds returns a NumericDate; ok is false if it is missing. Fractions, exponents, signs and years beyond 9999 are errors.
func (o object) seconds(name string) (value int64, ok bool, err error) {
	v, there := o[name]
	if !there {
		return 0, false, nil
	}
	if v.Kind() != '0' {
		return 0, false, errType
	}
	n, err := strconv.ParseUint(string(v), 10, 63)
	if err != nil || n > 253402300799 {
		return 0, false, errType
	}
	return int64(n), true, nil
}

// flag returns a member that is a boolean, or one of the strings "true" and "false" that some providers send. Everything else is
// false.
func (o object) flag(name string) bool {
	v := string(o[name])
	return v == "true" || v == `"true"`
}

// yes returns a member that must be true to count.
func (o object) yes(name string) bool { return string(o[name]) == "true" }
