package errs

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Kind is what a caller can do about an error. Its number is the HTTP status.
type Kind int

// The kinds. The zero value is none of them and is treated as Internal.
const (
	BadRequest       Kind = http.StatusBadRequest
	Unauthenticated  Kind = http.StatusUnauthorized
	Forbidden        Kind = http.StatusForbidden
	Missing          Kind = http.StatusNotFound
	Conflict         Kind = http.StatusConflict
	Gone             Kind = http.StatusGone
	TooLarge         Kind = http.StatusRequestEntityTooLarge
	UnsupportedMedia Kind = http.StatusUnsupportedMediaType
	Misdirected      Kind = http.StatusMisdirectedRequest
	Invalid          Kind = http.StatusUnprocessableEntity
	TooMany          Kind = http.StatusTooManyRequests
	Internal         Kind = http.StatusInternalServerError
	Unavailable      Kind = http.StatusServiceUnavailable
)

// Error is an error with a stable code.
type Error struct {
	Kind       Kind
	Code       string         // stable, snake_case
	Detail     string         // for people; holds no internal text
	Fields     []Field        // what is wrong with which input
	RetryAfter time.Duration  // for TooMany and Unavailable
	Extra      map[string]any // further members of the problem document
	cause      error
}

// Field is one wrong input.
type Field struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// New makes an error. The detail is shown to users.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// NotFound is also the answer for what exists in another tenant.
func NotFound(what string) *Error { return New(Missing, "not_found", "There is no such "+what+".") }

// InvalidField says what is wrong with one input.
func InvalidField(name, detail string) *Error {
	e := New(Invalid, "invalid_input", "The request has a value that cannot be used.")
	e.Fields = []Field{{Name: name, Detail: detail}}
	return e
}

// Because returns a copy that wraps what was really wrong; it is logged and never shown.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With returns a copy with one more member for the problem document.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	maps.Copy(c.Extra, e.Extra)
	c.Extra[key] = value
	return &c
}

// Error implements error; the text is for logs.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	}
	if len(e.Fields) > 0 {
		return fmt.Sprintf("%s: %s: %s", e.Code, e.Fields[0].Name, e.Fields[0].Detail)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is match by code, so that a copy with a cause still matches the sentinel.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Kind == e.Kind
}

// As returns the Error within err, or one of kind Internal that wraps it.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(Internal, "internal", "Something went wrong on our side.").Because(err)
}

// CodeOf is the code of err; "internal" for an error that has none.
func CodeOf(err error) string { return As(err).Code }
