package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

const (
	defaultBody = 256 << 10
	maxDepth    = 64
)

var errMalformed = errs.New(errs.BadRequest, "malformed_json", "The body is not the JSON that this route reads.")

// decodeBody reads the JSON body into in. The decoder of the project refuses unknown, repeated and case-variant members,
// invalid UTF-8 and trailing data; encoding/json lets all of these pass.
func (ex *exchange) decodeBody(in any) error {
	if err := jsonOnly(ex.Request().Header); err != nil {
		return err
	}
	body, err := ex.readBody()
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return errs.New(errs.BadRequest, "body_required", "This route reads a JSON body.")
	}
	if p, ok := in.(PlainInput); ok && p.DecodePlain(body) {
		return nil
	}
	if tooDeep(body) {
		return errMalformed
	}
	// It would clear all of the input, also what the path and the query have said.
	if jsontext.Value(body).Kind() == jsontext.KindNull {
		return errs.InvalidField("body", "has the wrong type: null")
	}
	if err := json.Unmarshal(body, in, json.RejectUnknownMembers(true)); err != nil {
		return BodyError(err)
	}
	return nil
}

// refuseBody refuses what would otherwise be silently ignored.
func (ex *exchange) refuseBody() error {
	if ex.Request().ContentLength == 0 || ex.Request().Body == nil {
		return nil
	}
	body, err := ex.readBody()
	if err != nil {
		return err
	}
	if len(body) > 0 {
		return errs.New(errs.BadRequest, "unexpected_body", "This route reads no body.")
	}
	return nil
}

// readBody reads all of the body, once; it is bounded already.
func (ex *exchange) readBody() ([]byte, error) {
	r := ex.Request()
	if n := r.ContentLength; n > 0 && n <= ex.bodyLimit() {
		ex.body = make([]byte, n)
		if _, err := io.ReadFull(r.Body, ex.body); err != nil {
			return nil, readError(err)
		}
		return ex.body, nil
	}
	var err error
	if ex.body, err = io.ReadAll(r.Body); err != nil {
		return nil, readError(err)
	}
	return ex.body, nil
}

func readError(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return errTooLarge
	}
	return errs.New(errs.BadRequest, "body_unreadable", "The body could not be read.").Because(err)
}

// jsonOnly keeps out what a form of another site can send without asking first (WEB-04).
func jsonOnly(h http.Header) error {
	types := h.Values("Content-Type")
	if len(types) == 1 && types[0] == "application/json" {
		return nil
	}
	refused := errs.New(errs.UnsupportedMedia, "content_type", "This route reads Content-Type: application/json.")
	if len(types) != 1 {
		return refused
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/json" {
		return refused
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return refused
		}
	}
	return nil
}

// BodyError says of an error of decoding JSON which field is wrong, without repeating its value, nor much of a name that is not ours.
func BodyError(err error) error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return errMalformed.Because(err)
	}
	name := fieldName(wrong.JSONPointer)
	var detail string
	inner, known := errors.AsType[*errs.Error](wrong.Err)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		detail = "is not known here"
	case known && len(inner.Fields) > 0:
		detail = inner.Fields[0].Detail
	case wrong.Err == nil && wrong.JSONKind != 0:
		detail = fmt.Sprintf("has the wrong type: %s", wrong.JSONKind)
	case errors.Is(wrong.Err, strconv.ErrRange):
		detail = "is out of range"
	case wrong.JSONKind == jsontext.KindNumber && wrong.GoType != nil && wrong.GoType.Kind() >= reflect.Int && wrong.GoType.Kind() <= reflect.Int64:
		detail = "is a whole number in digits"
	default:
		detail = unfit(wrong.Err)
	}
	return errs.InvalidField(name, detail).Because(err)
}

// unfit says what is wrong with a text that is no value of its type.
func unfit(err error) string {
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return "is a time such as 2026-12-01T09:00:00Z"
	}
	return "cannot be used"
}

// fieldName writes a JSON pointer with dots.
func fieldName(p jsontext.Pointer) string {
	var parts []string
	for part := range p.Tokens() {
		parts = append(parts, short(part))
		if len(parts) == 8 {
			break
		}
	}
	if len(parts) == 0 {
		return "body"
	}
	return strings.Join(parts, ".")
}

// tooDeep counts brackets outside of strings. It runs before any decoder, so that depth costs no stack.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
