package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Problem is a failure as a client sees it (RFC 9457). Code is stable; Detail is for people and holds no internal text.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	Detail    string         `json:"detail,omitempty"`
	RequestID string         `json:"request_id"`
	Fields    []errs.Field   `json:"fields,omitempty"`
	Extra     map[string]any `json:",embed"` // clause, needs_role, needs_plan, …
}

// statusClosed is nginx's number for a client that did not wait; only logs see it.
const statusClosed = 499

var (
	errTooLarge   = errs.New(errs.TooLarge, "body_too_large", "The body is larger than this route reads.")
	errNotFound   = errs.NotFound("resource")
	errMethod     = errs.New(http.StatusMethodNotAllowed, "method_not_allowed", "This resource has no such method.")
	errForbidden  = errs.New(errs.Forbidden, "forbidden", "This is not allowed.")
	errOverloaded = func() *errs.Error {
		e := errs.New(errs.Unavailable, "overloaded", "There are too many requests at the moment. Try again.")
		e.RetryAfter = time.Second
		return e
	}()
)

// failureOf makes of any error one that may be shown.
func failureOf(ctx context.Context, err error) *errs.Error {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e
	}
	var he *echo.HTTPError
	switch {
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return errs.New(statusClosed, "client_closed", "").Because(err)
	case errors.As(err, new(*http.MaxBytesError)):
		return errTooLarge.Because(err)
	case errors.As(err, &he):
		return failureOfEcho(he)
	}
	return errs.As(err)
}

func failureOfEcho(he *echo.HTTPError) *errs.Error {
	switch he.Code {
	case http.StatusNotFound:
		return errNotFound
	case http.StatusMethodNotAllowed:
		return errMethod
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	}
	if he.Code >= 400 && he.Code < 500 {
		return errs.New(errs.Kind(he.Code), "refused", http.StatusText(he.Code)).Because(he)
	}
	return errs.As(fmt.Errorf("echo: %w", he))
}

func (s *Server) problem(ex *exchange, e *errs.Error) Problem {
	status := int(e.Kind)
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	return Problem{
		Type: s.prefix + "/docs/problems#" + e.Code, Title: http.StatusText(status), Status: status, Code: e.Code, Detail: e.Detail,
		RequestID: ex.origin.RequestID, Fields: e.Fields, Extra: e.Extra,
	}
}

// refuse answers with a failure. Headers that were set on the way stay.
func (s *Server) refuse(ex *exchange, err error) {
	e := failureOf(ex.Request().Context(), err)
	p := s.problem(ex, e)
	ex.code, ex.cause = p.Code, err
	if ex.Response().Committed {
		ex.status = http.StatusInternalServerError // the client has seen another one, and half of an answer
		return
	}
	ex.tellMoved()
	h := ex.Response().Header()
	h.Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if ex.forwarded() {
		tellProxy(h, e)
	}
	if s.htmlError != nil && ex.wantsPage() && s.page(ex, p) {
		return
	}
	body, err := encode(p)
	if err != nil { // an extra member that JSON cannot hold
		p.Extra = nil
		body, _ = encode(p)
	}
	h.Set("Content-Type", "application/problem+json")
	ex.write(p.Status, body)
}

// page lets the front door draw the failure; whatever goes wrong there falls back to the problem document.
func (s *Server) page(ex *exchange, p Problem) (drawn bool) {
	defer func() {
		if v := recover(); v != nil {
			drawn = ex.Response().Committed
		}
	}()
	return s.htmlError(ex, p) == nil || ex.Response().Committed
}
