package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

// sink counts what reaches the system.
type sink struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
	err    error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.text.Write(p)
	return len(p), s.err
}

func (s *sink) state() (text string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.writes
}

func request(status int) telemetry.Line {
	return telemetry.Line{RequestID: "req_1", Method: "GET", Route: "GET /v1/me", Status: status, Cause: errors.New("the cause")}
}

func TestLinesOfRequestsWaitForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s sink
		log := telemetry.NewLogger(telemetry.NewWriter(&s), slog.LevelInfo)
		for range 3 {
			request(200).Log(t.Context(), log)
		}
		if text, _ := s.state(); text != "" {
			t.Errorf("written at once: %s, want nothing yet", text)
		}
		time.Sleep(time.Second)
		if text, writes := s.state(); strings.Count(text, "\n") != 3 || writes != 1 {
			t.Errorf("written after a second: %d lines in %d writes, want 3 in 1", strings.Count(text, "\n"), writes)
		}
	})
}

func TestNothingElseWaits(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(*slog.Logger){
		"a failed request": func(log *slog.Logger) { request(500).Log(t.Context(), log) },
		"an error":         func(log *slog.Logger) { log.Error("told") },
		"information":      func(log *slog.Logger) { log.Info("told") },
		"of a part":        func(log *slog.Logger) { log.With("part", "jobs").Warn("told") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s sink
			log := telemetry.NewLogger(telemetry.NewWriter(&s), slog.LevelInfo)
			request(200).Log(t.Context(), log)
			tell(log)
			text, _ := s.state()
			if lines := strings.Split(text, "\n"); len(lines) != 3 || !strings.Contains(lines[0], `"status":200`) {
				t.Errorf("written at once: %s, want both lines in order", text)
			}
		})
	}
}

func TestAWriterLosesNothingAndHoldsLittle(t *testing.T) {
	t.Parallel()
	var s sink
	w := telemetry.NewWriter(&s)
	var group sync.WaitGroup
	const writers, each = 8, 2000
	for n := range writers {
		group.Go(func() {
			for i := range each {
				fmt.Fprintf(w, "%d %d %s\n", n, i, strings.Repeat("x", i%200))
			}
		})
	}
	group.Wait()
	long := strings.Repeat("y", 1<<20) + "\n"
	if n, err := w.Write([]byte(long)); n != len(long) || err != nil {
		t.Errorf("Write of a long line = %d, %v", n, err)
	}
	if err := w.Flush(); err != nil {
		t.Errorf("Flush = %v", err)
	}
	text, writes := s.state()
	next := [writers]int{}
	for line := range strings.Lines(strings.TrimSuffix(text, long)) {
		var n, i int
		if _, err := fmt.Sscanf(line, "%d %d", &n, &i); err != nil || next[n] != i || len(strings.TrimRight(line, "\n")) != len(fmt.Sprintf("%d %d ", n, i))+i%200 {
			t.Fatalf("line %q is torn or out of order", line)
		}
		next[n]++
	}
	if next != [writers]int{each, each, each, each, each, each, each, each} || !strings.HasSuffix(text, long) {
		t.Errorf("lines of each writer = %v, want %d", next, each)
	}
	if writes > 200 {
		t.Errorf("writes to the system = %d for %d lines, want at most 200", writes, writers*each)
	}
}

func TestAWriterDropsWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := sink{err: errors.New("broken pipe")}
	w := telemetry.NewWriter(&s)
	for range 10 {
		_, _ = w.Write([]byte("line\n"))
		if err := w.Flush(); err == nil {
			t.Error("Flush = nil, want the error of what is beneath")
		}
	}
	if text, writes := s.state(); writes != 10 || len(text) != 50 {
		t.Errorf("bytes offered = %d in %d writes, want each line once", len(text), writes)
	}
}

// stuck is a reader of the log that takes nothing until it is let go.
type stuck struct {
	sink
	began, release chan struct{}
	once           sync.Once
}

func (s *stuck) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.began) })
	<-s.release
	return s.sink.Write(p)
}

func TestLinesAreGatheredWhileOthersAreWritten(t *testing.T) {
	t.Parallel()
	s := &stuck{began: make(chan struct{}), release: make(chan struct{})}
	w := telemetry.NewWriter(s)
	line := func(n int) []byte { return fmt.Appendf(nil, "%01023d\n", n) }
	var flushed sync.WaitGroup
	for n := range 32 {
		if _, err := w.Write(line(n)); err != nil {
			t.Fatal(err)
		}
	}
	flushed.Go(func() { _ = w.Flush() })
	<-s.began
	for n := range 32 { // as much room again, and nobody waits
		if _, err := w.Write(line(32 + n)); err != nil {
			t.Fatal(err)
		}
	}
	var late sync.WaitGroup
	late.Go(func() { _, _ = w.Write(line(64)) })
	time.Sleep(10 * time.Millisecond)
	if text, _ := s.state(); text != "" {
		t.Errorf("written to a reader that takes nothing: %d bytes", len(text))
	}
	close(s.release)
	flushed.Wait()
	late.Wait()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for n := range 65 {
		want.Write(line(n))
	}
	if text, _ := s.state(); text != want.String() {
		t.Errorf("written: %d bytes, want %d lines in order", len(text), 65)
	}
}

// Lines of requests are made side by side: each arrives whole and once, and those of one party in their order.
func TestLinesArriveWholeAndInOrder(t *testing.T) {
	t.Parallel()
	const parties, each = 8, 500
	for name, wrap := range map[string]func(*sink) io.Writer{
		"gathered":      func(s *sink) io.Writer { return telemetry.NewWriter(s) },
		"one at a time": func(s *sink) io.Writer { return s },
	} {
		var s sink
		log := telemetry.NewLogger(wrap(&s), slog.LevelInfo)
		var all sync.WaitGroup
		for party := range parties {
			all.Go(func() {
				for n := range each {
					id := fmt.Sprintf("req_%d_%d_", party, n)
					if n%100 == 7 {
						log.Info("note", "request", id)
						continue
					}
					telemetry.Line{RequestID: id, Tenant: strings.Repeat("x", n%3*700), Status: 200 + n%7*50}.Log(t.Context(), log)
				}
			})
		}
		all.Wait()
		log.Info("the end") // which waits for nothing, and no line for longer
		text, _ := s.state()
		next := [parties]int{}
		for line := range strings.Lines(text) {
			var party, n int
			at := strings.Index(line, "req_")
			if !json.Valid([]byte(line)) {
				t.Fatalf("%s: %q is no line", name, line)
			}
			if at < 0 {
				continue
			}
			if _, err := fmt.Sscanf(line[at:], "req_%d_%d_", &party, &n); err != nil || n != next[party] {
				t.Fatalf("%s: %q, %v, want line %d", name, line, err, next[party])
			}
			next[party]++
		}
		for party, n := range next {
			if n != each {
				t.Errorf("%s: %d lines of party %d, want %d", name, n, party, each)
			}
		}
	}
}
