package apitest

import (
	"encoding/json"
	"net/http"
	"testing"
)

// Answer is a response that was read.
type Answer struct {
	*http.Response
	Text []byte
}

// Problem is a refusal as a client reads it.
type Problem struct {
	Type      string `json:"type"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
	NeedsRole string `json:"needs_role"`
	NeedsPlan string `json:"needs_plan"`
	Fields    []struct {
		Name   string `json:"name"`
		Detail string `json:"detail"`
	} `json:"fields"`
}

// Want holds the answer to a status.
func (a *Answer) Want(tb testing.TB, status int) *Answer {
	tb.Helper()
	if a.StatusCode != status {
		tb.Fatalf("%s %s = %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.Text)
	}
	return a
}

// Refused holds the answer to a problem with a status and a code.
func (a *Answer) Refused(tb testing.TB, status int, code string) Problem {
	tb.Helper()
	p := a.Problem()
	if a.StatusCode != status || p.Code != code {
		tb.Fatalf("%s %s = %d %q, want %d %q: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, p.Code, status, code, a.Text)
	}
	return p
}

// Problem is the answer as a problem; the zero one if it is none.
func (a *Answer) Problem() Problem {
	var p Problem
	if a.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(a.Text, &p) != nil {
		return Problem{}
	}
	return p
}

// JSON reads the answer into out.
func (a *Answer) JSON(tb testing.TB, out any) {
	tb.Helper()
	if err := json.Unmarshal(a.Text, out); err != nil {
		tb.Fatalf("%s %s is not the JSON that was expected: %v: %s", a.Request.Method, a.Request.URL.Path, err, a.Text)
	}
}
