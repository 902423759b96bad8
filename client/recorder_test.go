package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/client"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// book is what a recorder told its functions.
type book struct {
	mu      sync.Mutex
	refused []string
	failed  []error
}

func (b *book) config() client.RecorderConfig {
	return client.RecorderConfig{
		Linger: time.Millisecond,
		Refused: func(u client.Use, code, _ string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.refused = append(b.refused, u.Meter+" "+code)
		},
		Failed: func(err error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = append(b.failed, err)
		},
	}
}

func (b *book) read() (refused []string, failed []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(refused, b.refused...), append(failed, b.failed...)
}

// counts is a server that counts by keys. Before that, each of its steps may answer instead.
type counts struct {
	*httptest.Server
	requests atomic.Int64

	mu    sync.Mutex
	keys  map[string]int
	batch []int
}

func newCounts(tb testing.TB, instead func(request int64, w http.ResponseWriter, uses []client.Use) bool) *counts {
	tb.Helper()
	c := &counts{keys: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var uses []client.Use
		if err := json.NewDecoder(r.Body).Decode(&uses); err != nil || r.Header.Get("X-Api-Key") != "ghk_1" || r.URL.Path != "/v1/usage" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if instead != nil && instead(c.requests.Add(1), w, uses) {
			return
		}
		_ = json.NewEncoder(accepting(w)).Encode(map[string]any{"events": c.count(uses)})
	}))
	tb.Cleanup(c.Close)
	return c
}

func accepting(w http.ResponseWriter) io.Writer {
	w.Header().Set("Content-Type", "application/json")
	return w
}

func (c *counts) count(uses []client.Use) (outcomes []map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch = append(c.batch, len(uses))
	for _, u := range uses {
		status := "accepted"
		if c.keys[u.Key]++; c.keys[u.Key] > 1 {
			status = "duplicate"
		}
		outcomes = append(outcomes, map[string]string{"id": u.Key, "status": status})
	}
	return outcomes
}

func (c *counts) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

func newRecorder(tb testing.TB, url string, cfg client.RecorderConfig) *client.Recorder {
	tb.Helper()
	return recorderOf(tb, url, "ghk_1", cfg)
}

func recorderOf(tb testing.TB, url, key string, cfg client.RecorderConfig) *client.Recorder {
	tb.Helper()
	r, err := newClient(tb, url).Recorder(tb.Context(), client.APIKey(key), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
		cancel()
		_, _ = r.Close(ctx)
	})
	return r
}

func record(tb testing.TB, r *client.Recorder, uses ...client.Use) {
	tb.Helper()
	for _, u := range uses {
		if err := r.Record(u); err != nil {
			tb.Fatalf("Record(%+v) = %v", u, err)
		}
	}
}

func flush(tb testing.TB, r *client.Recorder) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	if err := r.Flush(ctx); err != nil {
		tb.Fatalf("Flush() = %v", err)
	}
}

var message = client.Use{Meter: "ai.messages", Quantity: 1}

// The server is away, comes back, loses an answer after it has counted, and is away again: each use counts once.
func TestEachUseCountsOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	var requests atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = strings.TrimPrefix(s.URL, "http://")
		switch requests.Add(1) % 4 {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			panic(http.ErrAbortHandler)
		case 3: // counted, and the answer is lost
			s.Handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			s.Handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	var b book
	r := recorderOf(t, front.URL, s.APIKey(t, tenant, rbac.Admin).Secret, b.config())
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for range 500 {
				if err := r.Record(message); err != nil {
					t.Errorf("Record() = %v", err)
				}
			}
		})
	}
	all.Wait()
	record(t, r, client.Use{Meter: "ai.messages", Quantity: 1, Key: "order 1"}, client.Use{Meter: "ai.messages", Quantity: 1, Key: "order 1"})
	flush(t, r)
	var report struct {
		Rows []struct{ Value, Events int64 }
	}
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter=ai.messages", nil).Want(t, http.StatusOK).JSON(t, &report)
	if len(report.Rows) != 1 || report.Rows[0].Value != 2501 || report.Rows[0].Events != 2501 {
		t.Errorf("the server counted %+v, want 2501", report.Rows)
	}
	refused, failed := b.read()
	if len(refused) != 0 || len(failed) < 3 {
		t.Errorf("refused %v, failed %v, want none refused and three failures", refused, failed)
	}
	for _, err := range failed {
		if !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("Failed(%v), want ErrUnavailable", err)
		}
	}
	if left, err := r.Close(t.Context()); len(left) != 0 || err != nil {
		t.Errorf("Close() = %v, %v, want nothing left", left, err)
	}
}

func TestWhatTheServerRefusesIsTold(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	var b book
	r := recorderOf(t, s.URL, s.APIKey(t, tenant, rbac.Admin).Secret, b.config())
	record(t, r, message, client.Use{Meter: "unknown", Quantity: 1}, message, client.Use{Meter: "ai.messages", Quantity: -1},
		client.Use{Meter: "ai.messages", Quantity: 1, At: time.Now().AddDate(-1, 0, 0)}, client.Use{Meter: "ai.messages", Quantity: 1, Model: "a\x00b"})
	flush(t, r)
	refused, failed := b.read()
	want := []string{"unknown unknown_meter", "ai.messages out_of_range", "ai.messages event_too_old", "ai.messages invalid_text"}
	if diff := cmp.Diff(want, refused); diff != "" || len(failed) != 0 {
		t.Errorf("refused, with the failures %v (-want +got):\n%s", failed, diff)
	}
	weak := recorderOf(t, s.URL, s.APIKey(t, tenant, rbac.Member).Secret, b.config())
	record(t, weak, message)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var p *client.Problem
	if left, err := weak.Close(ctx); len(left) != 1 || !errors.As(err, &p) || p.Code != "role_lacks_permission" {
		t.Errorf("Close() of a key without usage:write = %v, %v, want the use and the problem", left, err)
	}
}

func TestItWaitsAsLongAsTheServerAsks(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func() string{
		"seconds": func() string { return "1" },
		"a date":  func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		for _, status := range []int{429, 503} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				var first, again time.Time
				s := newCounts(t, func(n int64, w http.ResponseWriter, _ []client.Use) bool {
					if n > 1 {
						again = time.Now()
						return false
					}
					first = time.Now()
					w.Header().Set("Retry-After", after())
					w.Header().Set("Content-Type", "application/problem+json")
					w.WriteHeader(status)
					_, _ = fmt.Fprintf(w, `{"status":%d,"code":"usage_queue_full"}`, status)
					return true
				})
				var b book
				r := newRecorder(t, s.URL, b.config())
				record(t, r, message)
				flush(t, r)
				if d := again.Sub(first); d < time.Second || d > 10*time.Second {
					t.Errorf("it came again after %v, want a second", d)
				}
				var p *client.Problem
				if _, failed := b.read(); len(failed) != 1 || !errors.As(failed[0], &p) || p.Status != status {
					t.Errorf("Failed(%v), want the problem %d", failed, status)
				}
			})
		}
	}
}

// What is no answer about the uses that were sent does not make them go away.
func TestNoAnswerLosesAUse(t *testing.T) {
	t.Parallel()
	say := func(status int, kind, body string) func(http.ResponseWriter, []client.Use) {
		return func(w http.ResponseWriter, _ []client.Use) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const jsonType, problem = "application/json", "application/problem+json"
	for name, answer := range map[string]func(http.ResponseWriter, []client.Use){
		"401":              say(401, problem, `{"status":401,"code":"api_key_invalid"}`),
		"404":              say(404, problem, `{"status":404,"code":"not_found"}`),
		"400":              say(400, problem, `{"status":400,"code":"host_unknown"}`),
		"a page":           say(200, "text/html", "sign in to the network"),
		"a proxy's 413":    say(413, "text/html", "too large"),
		"a proxy's 422":    say(422, "text/html", "no"),
		"nothing":          say(200, jsonType, ``),
		"no outcomes":      say(200, jsonType, `{"events":[]}`),
		"of others":        say(200, jsonType, `{"events":[{"id":"other","status":"accepted"}]}`),
		"of none":          say(200, jsonType, `{"events":[{"status":"accepted"}]}`),
		"unheard":          say(200, jsonType, `{"events":[{"id":"k","status":"lost"}]}`),
		"refused, unknown": say(200, jsonType, `{"events":[{"id":"k","status":"refused"}]}`),
		"elsewhere": func(w http.ResponseWriter, _ []client.Use) {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusFound)
		},
		"202":  say(202, jsonType, `{"events":[{"id":"k","status":"accepted"}]}`),
		"late": func(http.ResponseWriter, []client.Use) { time.Sleep(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCounts(t, func(n int64, w http.ResponseWriter, uses []client.Use) bool {
				if n > 2 {
					return false
				}
				answer(w, uses)
				return true
			})
			var b book
			cfg := b.config()
			cfg.Timeout = 500 * time.Millisecond
			r := newRecorder(t, s.URL, cfg)
			record(t, r, client.Use{Meter: "ai.messages", Key: "k"})
			flush(t, r)
			if refused, failed := b.read(); len(refused) != 0 || len(failed) != 2 || s.seen() != 1 {
				t.Errorf("refused %v, failed %v, counted %d; want two failures and 1 counted", refused, failed, s.seen())
			}
		})
	}
}

// One use that spoils a request, and a proxy that takes small ones only, hold up nobody else.
func TestABatchIsHalvedAroundWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := newCounts(t, func(_ int64, w http.ResponseWriter, uses []client.Use) bool {
		if len(uses) > 20 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		for _, u := range uses {
			if u.Meter == "poison" {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"status":422,"code":"invalid_request"}`)
				return true
			}
		}
		return false
	})
	var b book
	cfg := b.config()
	cfg.Linger = 100 * time.Millisecond
	r := newRecorder(t, s.URL, cfg)
	for i := range 100 {
		record(t, r, message)
		if i == 50 {
			record(t, r, client.Use{Meter: "poison"})
		}
	}
	flush(t, r)
	refused, failed := b.read()
	if diff := cmp.Diff([]string{"poison invalid_request"}, refused); diff != "" || len(failed) != 0 || s.seen() != 100 {
		t.Errorf("counted %d with the failures %v; refused (-want +got):\n%s", s.seen(), failed, diff)
	}
}
