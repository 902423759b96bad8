package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/client"
)

// Whatever the server does wrong, nobody is let through by it.
func TestItFailsClosed(t *testing.T) {
	t.Parallel()
	const (
		jsonType = "application/json"
		allowed  = `{"decisions":[{"allowed":true,"decision_id":"dec_1"}]}`
	)
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"500":                       answer(500, jsonType, allowed),
		"503 with a problem":        answer(503, "application/problem+json", `{"status":503,"code":"database_unavailable"}`),
		"201":                       answer(201, jsonType, allowed),
		"302":                       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"404":                       answer(404, "text/html", "<h1>not found</h1>"),
		"401 of something else":     answer(401, "text/html", "sign in to the network"),
		"403 without a code":        answer(403, "application/problem+json", `{"status":403}`),
		"403 that says 200":         answer(403, "application/problem+json", `{"status":200,"code":"x"}`),
		"a page":                    answer(200, "text/html", allowed),
		"nothing":                   answer(200, jsonType, ""),
		"no JSON":                   answer(200, jsonType, "true"),
		"no decisions":              answer(200, jsonType, `{}`),
		"too many decisions":        answer(200, jsonType, `{"decisions":[{"allowed":true,"decision_id":"a"},{"allowed":true,"decision_id":"b"}]}`),
		"a decision without answer": answer(200, jsonType, `{"decisions":[{"decision_id":"dec_1"}]}`),
		"a decision without id":     answer(200, jsonType, `{"decisions":[{"allowed":true}]}`),
		"an answer of another type": answer(200, jsonType, `{"decisions":[{"allowed":"true","decision_id":"dec_1"}]}`),
		"half an answer":            answer(200, jsonType, allowed[:40]),
		"too long an answer":        answer(200, jsonType, allowed[:len(allowed)-1]+strings.Repeat(" ", 1<<20)+"}"),
		"a late answer": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			answer(200, jsonType, allowed)(w, r)
		},
		"a hang-up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handler)
			defer server.Close()
			refuses(t, server.URL)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(nil)
		server.Close()
		refuses(t, server.URL)
	})
}

func refuses(t *testing.T, url string) {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: url, Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	who, q := client.APIKey("ghk_1"), client.Question{Permission: "chat:use"}
	if d, err := c.Check(t.Context(), who, q); !errors.Is(err, client.ErrUnavailable) || d.Allowed {
		t.Errorf("Check = %+v, %v, want ErrUnavailable", d, err)
	}
	if ds, err := c.CheckBatch(t.Context(), who, []client.Question{q}); !errors.Is(err, client.ErrUnavailable) || ds != nil {
		t.Errorf("CheckBatch = %+v, %v, want ErrUnavailable", ds, err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	if p, err := c.Authorize(t.Context(), r, q); !errors.Is(err, client.ErrUnavailable) || p != nil {
		t.Errorf("Authorize = %+v, %v, want ErrUnavailable", p, err)
	}
	handler := c.Require("chat:use").Then(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") }))
	w := serve(t, handler, map[string]string{"X-API-Key": "ghk_1"})
	if w.Code != 503 || !strings.Contains(w.Body.String(), "gatehouse_unavailable") {
		t.Errorf("the middleware answers %d %s, want 503", w.Code, w.Body)
	}
	v, err := client.NewVerifier(client.VerifierConfig{Issuer: url})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), unsigned); !errors.Is(err, client.ErrUnavailable) && !errors.Is(err, client.ErrToken) {
		t.Errorf("Verify = %v, want a refusal", err)
	}
}

// unsigned has the header of a token and nothing more.
const unsigned = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJnYXRlaG91c2UtYWNjZXNzK2p3dCJ9.e30.AA"
