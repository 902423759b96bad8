package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/client"
)

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
