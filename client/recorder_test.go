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
	"github.com/google/uuid"

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

func TestAFullBufferSaysSo(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	s := newCounts(t, func(int64, http.ResponseWriter, []client.Use) bool { <-open; return false })
	var b book
	cfg := b.config()
	cfg.Buffer = 3
	r := newRecorder(t, s.URL, cfg)
	record(t, r, message, message, message)
	if err := r.Record(message); !errors.Is(err, client.ErrFull) || r.Waiting() != 3 {
		t.Errorf("Record() of a fourth = %v with %d waiting, want ErrFull and 3", err, r.Waiting())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 uses wait") {
		t.Errorf("Flush() of a server that hangs = %v, want that 3 wait", err)
	}
	close(open)
	flush(t, r)
	record(t, r, message)
	flush(t, r)
	if s.seen() != 4 || r.Waiting() != 0 {
		t.Errorf("counted %d, and %d wait, want 4 and none", s.seen(), r.Waiting())
	}
}

func TestCloseSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	var s *counts
	s = newCounts(t, func(_ int64, w http.ResponseWriter, uses []client.Use) bool {
		if up.Load() {
			return false
		}
		s.count(uses) // the answer is lost
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	var b book
	r := newRecorder(t, s.URL, b.config())
	record(t, r, message, message)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	left, err := r.Close(ctx)
	if len(left) != 2 || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, client.ErrUnavailable) {
		t.Fatalf("Close() = %v, %v, want 2 left, the deadline and why", left, err)
	}
	if err := r.Record(message); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Record() after Close = %v, want ErrClosed", err)
	}
	if err := r.Flush(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Flush() after Close = %v, want ErrClosed", err)
	}
	again, err := r.Close(t.Context())
	if diff := cmp.Diff(left, again); diff != "" || err == nil {
		t.Errorf("Close() once more, with %v (-first +second):\n%s", err, diff)
	}
	up.Store(true)
	next := newRecorder(t, s.URL, b.config())
	record(t, next, left...)
	if left, err := next.Close(t.Context()); len(left) != 0 || err != nil || s.seen() != 2 {
		t.Errorf("Close() of a second recorder = %v, %v with %d counted, want nothing left and 2", left, err, s.seen())
	}
}

// A server that was away for long is back when the product ends: what waits is sent then, and not when its turn would have come.
func TestCloseDoesNotWaitForItsTurn(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	s := newCounts(t, func(_ int64, w http.ResponseWriter, _ []client.Use) bool {
		if !up.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		return !up.Load()
	})
	var b book
	r := newRecorder(t, s.URL, b.config())
	record(t, r, message)
	within(t, func() bool { _, failed := b.read(); return len(failed) == 6 }) // the next turn is in 1.6 seconds or later
	up.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	if left, err := r.Close(ctx); len(left) != 0 || err != nil || s.seen() != 1 {
		t.Errorf("Close() = %v, %v with %d counted, want nothing left", left, err, s.seen())
	}
}

func within(tb testing.TB, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatal("it takes too long")
		}
	}
}

func TestKeysAreTimeOrdered(t *testing.T) {
	t.Parallel()
	s := newCounts(t, nil)
	var b book
	r := newRecorder(t, s.URL, b.config())
	for range 3000 {
		record(t, r, message)
	}
	if left, err := r.Close(t.Context()); len(left) != 0 || err != nil || s.seen() != 3000 {
		t.Fatalf("Close() = %v, %v with %d counted, want 3000", left, err, s.seen())
	}
	for key := range s.keys {
		u, err := uuid.Parse(key)
		sec, _ := u.Time().UnixTime()
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || time.Since(time.Unix(sec, 0)).Abs() > time.Minute {
			t.Fatalf("the key %q is no UUIDv7 of now: %v", key, err)
		}
	}
	for _, n := range s.batch {
		if n > client.MaxUses {
			t.Errorf("a request brings %d uses, want at most %d", n, client.MaxUses)
		}
	}
}

func TestARecorderIsSharedSafely(t *testing.T) {
	t.Parallel()
	s := newCounts(t, func(n int64, w http.ResponseWriter, _ []client.Use) bool {
		if n%3 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return n%3 == 0
	})
	var b book
	r := newRecorder(t, s.URL, b.config())
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				if r.Record(message) == nil {
					taken.Add(1)
				}
				if i%50 == 0 {
					_ = r.Flush(t.Context())
				}
			}
		})
	}
	all.Go(func() {
		time.Sleep(20 * time.Millisecond)
		if left, err := r.Close(t.Context()); len(left) != 0 || err != nil {
			t.Errorf("Close() = %v, %v, want nothing left", left, err)
		}
	})
	all.Wait()
	if got := int64(s.seen()); got != taken.Load() || r.Waiting() != 0 {
		t.Errorf("counted %d of %d that were taken, and %d wait", got, taken.Load(), r.Waiting())
	}
}

func TestARecorderTakesNothingThatItCannotSend(t *testing.T) {
	t.Parallel()
	var b book
	c := newClient(t, "http://127.0.0.1:1")
	for name, cfg := range map[string]client.RecorderConfig{
		"nobody to tell": {}, "buffer": {Refused: b.config().Refused, Buffer: -1}, "linger": {Refused: b.config().Refused, Linger: -1},
		"timeout": {Refused: b.config().Refused, Timeout: -1},
	} {
		if _, err := c.Recorder(t.Context(), client.APIKey("ghk_1"), cfg); err == nil {
			t.Errorf("Recorder with a mistake in %s = nil", name)
		}
	}
	if _, err := c.Recorder(t.Context(), client.Credential{}, b.config()); err == nil {
		t.Error("Recorder of nobody = nil")
	}
	r := newRecorder(t, "http://127.0.0.1:1", b.config())
	for _, u := range []client.Use{
		{},
		{Meter: "m", Key: "\xff"},
		{Meter: "m", Model: strings.Repeat("x", 5000)},
		{Meter: "m", At: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if err := r.Record(u); err == nil || r.Waiting() != 0 {
			t.Errorf("Record(%+v) = nil, want an error", u)
		}
	}
}
