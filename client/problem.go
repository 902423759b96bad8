package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// ErrUnavailable says that there is no answer: the server cannot be reached, took too long, failed or said what it never says. Nothing is
// allowed by it.
var ErrUnavailable = errors.New("gatehouse is unavailable")

func unavailable(doing string, cause error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, cause)
}

// Problem is a refusal of the server (RFC 9457), as an error.
type Problem struct {
	Status    int    `json:"status"`
	Code      string `json:"code"` // stable, for programs
	Title     string `json:"title"`
	Detail    string `json:"detail"` // for people
	RequestID string `json:"request_id"`
	NeedsRole string `json:"needs_role"`
	NeedsPlan string `json:"needs_plan"`

	RetryAfter int `json:"-"` // seconds; 0 if the server does not say

	raw []byte // the document, with the members that this type does not have
}

// Error implements error.
func (p *Problem) Error() string {
	return fmt.Sprintf("gatehouse refuses: %d %s (request %s)", p.Status, p.Code, p.RequestID)
}

// refusals are the statuses with which the server says no to a caller. Every other one is a failure.
func refusal(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	}
	return false
}

func problemOf(a *answer) (*Problem, error) {
	p := &Problem{raw: a.body}
	if a.header.Get("Content-Type") != problemType {
		return nil, errors.New("it is no problem document")
	}
	if err := json.Unmarshal(a.body, p); err != nil {
		return nil, fmt.Errorf("read the problem document: %w", err)
	}
	if p.Status != a.status || p.Code == "" {
		return nil, errors.New("the problem document contradicts its status")
	}
	p.RetryAfter, _ = strconv.Atoi(a.header.Get("Retry-After")) // 0 without one
	return p, nil
}

const problemType = "application/problem+json"

// write answers a request with what refused it.
func write(w http.ResponseWriter, err error) {
	status, body := http.StatusServiceUnavailable, []byte(`{"type":"about:blank","title":"Service Unavailable","status":503,`+
		`"code":"gatehouse_unavailable","detail":"It cannot be decided now whether this is allowed. Try again."}`)
	if p, ok := errors.AsType[*Problem](err); ok {
		status, body = p.Status, p.raw
		if p.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
		}
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}
