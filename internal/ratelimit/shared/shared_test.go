package shared_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit/shared"
	"github.com/seed-2a059015/gatehouse/internal/testredis"
)

// log is read while limiters write.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), message)
}

// instance is a limiter that runs until the test ends.
func instance(t *testing.T, url string, to *log) *shared.Limiter {
	t.Helper()
	return looking(t, url, 20*time.Millisecond, to)
}

// looking is an instance that looks for a Redis that is gone so often.
func looking(t *testing.T, url string, retry time.Duration, to *log) *shared.Limiter {
	t.Helper()
	l, err := shared.New(t.Context(), shared.Config{
		URL: url, Timeout: 2 * time.Second, Retry: retry, Log: slog.New(slog.NewTextHandler(to, nil)),
	})
	if err != nil {
		t.Fatalf("New = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return l
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not become true", what)
		}
	}
}

func named(what string) ratelimit.Key { return ratelimit.Key{What: what, Tenant: [16]byte{1}} }

func two(t *testing.T) (a, b *shared.Limiter, server *testredis.Server, to *log) {
	t.Helper()
	server, to = testredis.Start(t), &log{}
	a, b = instance(t, server.URL, to), instance(t, server.URL, to)
	until(t, "Shared", func() bool { return a.Shared() && b.Shared() })
	return a, b, server, to
}

// allowed is how many of n events of each instance in turn are allowed.
func allowed(n int, key ratelimit.Key, limit ratelimit.Limit, instances ...*shared.Limiter) int {
	sum := 0
	for range n {
		for _, l := range instances {
			if l.Allow(key, limit).Allowed {
				sum++
			}
		}
	}
	return sum
}

func TestInstancesShareALimit(t *testing.T) {
	t.Parallel()
	a, b, _, _ := two(t)
	// A twentieth of 600 is borrowed at once: those who ask both get all of it, and nobody more.
	limit := ratelimit.PerHour(600)
	if got := allowed(600, named("both"), limit, a, b); got != 600 {
		t.Errorf("allowed by two instances that share 600 = %d", got)
	}
	first := allowed(1000, named("one after the other"), limit, a)
	second := allowed(1000, named("one after the other"), limit, b)
	if first != 600 || second != 0 {
		t.Errorf("allowed by the first = %d and then by the second = %d, want 600 and 0", first, second)
	}
	if got := allowed(1, named("another"), limit, a); got != 1 {
		t.Error("another key is refused, want keys apart")
	}
}

func TestASmallBurstIsExact(t *testing.T) {
	t.Parallel()
	a, b, _, _ := two(t)
	limit := ratelimit.PerHour(20)
	for want := 19; want >= 0; want-- {
		l := a
		if want%2 == 0 {
			l = b
		}
		if got := l.Allow(named("k"), limit); !got.Allowed || got.Remaining != want {
			t.Fatalf("Allow = %+v, want allowed with %d remaining", got, want)
		}
	}
	for _, l := range []*shared.Limiter{a, b} {
		got := l.Allow(named("k"), limit)
		if got.Allowed || got.RetryAfter > 3*time.Minute || got.RetryAfter < 2*time.Minute || got.ResetAfter < 50*time.Minute {
			t.Errorf("Allow beyond the burst = %+v, want refused for some 3 minutes", got)
		}
	}
}

// What lies with an instance is at most a twentieth of the burst, whatever others ask meanwhile.
func TestTheErrorIsATwentiethOfTheBurstForEachInstance(t *testing.T) {
	t.Parallel()
	a, b, _, _ := two(t)
	limit := ratelimit.PerHour(600)
	if got := allowed(1, named("k"), limit, a); got != 1 { // and 29 more lie with it
		t.Fatal("the first is refused")
	}
	if got := allowed(700, named("k"), limit, b); got != 570 {
		t.Errorf("allowed by the other = %d, want 600 less the 30 that the first has", got)
	}
	if got := allowed(700, named("k"), limit, a); got != 29 {
		t.Errorf("allowed by the first after that = %d, want the 29 that lay with it", got)
	}
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	a, b, _, _ := two(t)
	limit := ratelimit.PerHour(500)
	var sum int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			got := allowed(100, named("k"), limit, []*shared.Limiter{a, b}[i%2])
			mu.Lock()
			sum += got
			mu.Unlock()
		})
	}
	wg.Wait()
	if sum != 500 {
		t.Errorf("allowed over 1600 concurrent calls = %d, want 500", sum)
	}
}

func TestABetterPlanDoesNotWaitForTheOneBefore(t *testing.T) {
	t.Parallel()
	a, _, _, _ := two(t)
	if got := allowed(70, named("k"), ratelimit.PerHour(60), a); got != 60 {
		t.Fatalf("allowed = %d, want 60", got)
	}
	if got := allowed(70, named("k"), ratelimit.PerHour(6000), a); got != 70 {
		t.Errorf("allowed by a wider limit = %d, want all 70", got)
	}
}

func TestWEB16WithoutRedisEachInstanceHoldsTheLimitAlone(t *testing.T) {
	t.Parallel()
	a, b, server, to := two(t)
	limit := ratelimit.PerHour(20)
	if got := allowed(10, named("k"), limit, a, b); got != 20 {
		t.Fatalf("allowed while shared = %d, want 20", got)
	}
	server.Kill()
	// The limit holds in each of them, and neither waits or fails.
	if first, second := allowed(50, named("k"), limit, a), allowed(50, named("k"), limit, b); first != 20 || second != 20 {
		t.Errorf("allowed without Redis = %d and %d, want 20 by each instance", first, second)
	}
	if a.Shared() || b.Shared() || a.Losses() != 1 {
		t.Errorf("Shared = %v and %v after %d losses, want it known", a.Shared(), b.Shared(), a.Losses())
	}
	until(t, "a warning of both", func() bool { return to.count("rate_limits_not_shared") == 2 })
	time.Sleep(200 * time.Millisecond) // ten looks later
	if got := to.count("rate_limits_not_shared"); got != 2 {
		t.Errorf("warnings of two instances = %d, want one of each", got)
	}
	server.Start()
	until(t, "Shared again", func() bool { return a.Shared() && b.Shared() })
	if got := allowed(50, named("k"), limit, a, b); got != 20 {
		t.Errorf("allowed by both after Redis came back = %d, want 20 shared", got)
	}
	if got := to.count("rate_limits_shared"); got != 4 {
		t.Errorf("messages that limits are shared = %d, want one of each at first and one of each again", got)
	}
}

func TestWEB16ARedisThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	server, to := testredis.Start(t), &log{}
	l, err := shared.New(t.Context(), shared.Config{URL: server.URL, Retry: time.Hour, Log: slog.New(slog.NewTextHandler(to, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}()
	until(t, "Shared", l.Shared)
	server.Signal(syscall.SIGSTOP)
	defer server.Signal(syscall.SIGCONT)
	start := time.Now()
	if got := allowed(1000, named("k"), ratelimit.PerHour(20), l); got != 20 {
		t.Errorf("allowed while Redis hangs = %d, want 20", got)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a thousand questions took %s, want one timeout of 25ms and no more", took)
	}
}

func TestARestartedRedisIsFoundHoweverManyConnectionsItHasEnded(t *testing.T) {
	t.Parallel()
	const retry = 500 * time.Millisecond
	server, to := testredis.Start(t), &log{}
	l := looking(t, server.URL, retry, to)
	until(t, "Shared", l.Shared)
	server.Signal(syscall.SIGSTOP) // so that all of them wait at once, each on a connection of its own
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() { l.Allow(ratelimit.Key{What: "k", Tenant: [16]byte{byte(i)}}, ratelimit.PerHour(20)) })
	}
	time.Sleep(100 * time.Millisecond)
	server.Signal(syscall.SIGCONT)
	wg.Wait()
	if !l.Shared() {
		t.Fatal("Redis is lost, want it asked over 16 connections")
	}
	server.Kill()
	l.Allow(named("k"), ratelimit.PerHour(20))
	server.Start()
	start := time.Now()
	until(t, "Shared again", l.Shared)
	if took := time.Since(start); took > 4*retry {
		t.Errorf("Redis is found %s after its restart, want it by the next look or two", took)
	}
}

func TestAFastRateIsNotRoundedToAFasterOne(t *testing.T) {
	t.Parallel()
	a, _, _, _ := two(t)
	// One event takes 1.43 µs, and Redis counts whole ones.
	if got := a.Allow(named("k"), ratelimit.PerSecond(700_000).WithBurst(1)); !got.Allowed || got.ResetAfter != 2*time.Microsecond {
		t.Errorf("Allow = %+v, want allowed, and forgotten after 2µs", got)
	}
}

// A clock that is put back leaves numbers of a future that is far away.
func TestAClockThatIsPutBackRefusesNobodyForLong(t *testing.T) {
	t.Parallel()
	a, _, server, _ := two(t)
	limit := ratelimit.PerHour(20)
	conn, err := redis.DialURLContext(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	tomorrow := time.Now().Add(24 * time.Hour).UnixMicro()
	if _, err := redis.DoContext(conn, t.Context(), "SET", "gatehouse:"+named("k").String()+":"+limit.String(), tomorrow); err != nil {
		t.Fatal(err)
	}
	if got := a.Allow(named("k"), limit); got.Allowed || got.RetryAfter > 3*time.Minute || got.ResetAfter > time.Hour {
		t.Errorf("Allow = %+v, want refused for no longer than one event of 20 in an hour takes", got)
	}
}

func TestWithoutRedisAtStartItWaitsForNothing(t *testing.T) {
	t.Parallel()
	to := &log{}
	l := instance(t, "redis://127.0.0.1:1", to)
	if got := allowed(30, named("k"), ratelimit.PerHour(20), l); got != 20 || l.Shared() {
		t.Errorf("allowed = %d, Shared = %v, want 20 by this instance alone", got, l.Shared())
	}
}

func TestCheckNamesNoPassword(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"redis://localhost": true, "redis://:secret@localhost:6379/2": true, "rediss://user:secret@redis.example:6380": true,
		"": false, "localhost:6379": false, "http://localhost": false, "redis://:secret@local host": false, "redis://:secret@localhost/x": false,
		"redis://redis?read_timeout=100ms": true, "redis://redis?read_timeout=0s": false, "redis://:secret@redis?read_timeout=secret": false,
		"redis://redis?pool_size=3": false, "redis:secret": false,
	} {
		err := shared.Check(url)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Check(%q) = %v, want it good: %v", url, err, ok)
		}
	}
}

func TestAllowFromWhatWasBorrowedAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	server := testredis.Start(t)
	l := instance(t, server.URL, &log{})
	until(t, "Shared", l.Shared)
	limit := ratelimit.PerHour(100_000) // 1000 at once
	l.Allow(named("k"), limit)
	if got := testing.AllocsPerRun(500, func() { l.Allow(named("k"), limit) }); got != 0 {
		t.Errorf("allocations of Allow = %v, want none", got)
	}
}
