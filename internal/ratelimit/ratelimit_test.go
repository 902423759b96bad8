package ratelimit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

func named(what string) ratelimit.Key { return ratelimit.Key{What: what} }

func TestAllowCountsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(1000)
		limit := ratelimit.PerMinute(3)
		for want := 2; want >= 0; want-- {
			if got := m.Allow(named("k"), limit); !got.Allowed || got.Remaining != want {
				t.Fatalf("Allow = %+v, want allowed with %d remaining", got, want)
			}
		}
		refused := m.Allow(named("k"), limit)
		if refused.Allowed || refused.RetryAfter != 20*time.Second {
			t.Errorf("Allow beyond the burst = %+v, want refused for 20s", refused)
		}
		if got := m.Allow(named("other"), limit); !got.Allowed {
			t.Errorf("Allow(other) = %+v, want allowed: keys are apart", got)
		}
		time.Sleep(refused.RetryAfter - time.Nanosecond)
		if got := m.Allow(named("k"), limit); got.Allowed {
			t.Errorf("Allow just before RetryAfter = %+v, want refused", got)
		}
		time.Sleep(time.Nanosecond)
		if got := m.Allow(named("k"), limit); !got.Allowed {
			t.Errorf("Allow after RetryAfter = %+v, want allowed", got)
		}
		time.Sleep(time.Hour)
		if got := m.Allow(named("k"), limit); got.Remaining != 2 {
			t.Errorf("Allow after an hour = %+v, want the whole burst and no more", got)
		}
	})
}

func TestBurstApartFromRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(1000)
		limit := ratelimit.PerSecond(10).WithBurst(2)
		got := 0
		for range 100 { // ten seconds
			if m.Allow(named("k"), limit).Allowed {
				got++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got != 100 {
			t.Errorf("allowed at the rate = %d, want 100", got)
		}
		for i, want := range []bool{true, true, false} {
			if got := m.Allow(named("fresh"), limit).Allowed; got != want {
				t.Errorf("Allow %d at once = %v, want %v", i+1, got, want)
			}
		}
	})
}

func TestZeroLimitAllowsNothing(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(10)
	for _, l := range []ratelimit.Limit{{}, {Events: 1}, {Events: -1, Per: time.Second, Burst: 1}, {Events: 1, Per: time.Second}} {
		if got := m.Allow(named("k"), l); got.Allowed {
			t.Errorf("Allow(%+v) = %+v, want refused", l, got)
		}
	}
}

func TestConcurrentCallersShareTheLimit(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(1000)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if m.Allow(named("k"), ratelimit.PerHour(50)).Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != 50 {
		t.Errorf("allowed over 1600 concurrent calls = %d, want 50", got)
	}
}

func TestAWiderLimitDoesNotWaitForTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(1000)
		for m.Allow(named("k"), ratelimit.PerHour(60)).Allowed {
		}
		if got := m.Allow(named("k"), ratelimit.PerMinute(600)); got.Allowed || got.RetryAfter != 100*time.Millisecond {
			t.Errorf("Allow after the limit became wider = %+v, want refused for 100ms and not for a minute", got)
		}
		time.Sleep(100 * time.Millisecond)
		if got := m.Allow(named("k"), ratelimit.PerMinute(600)); !got.Allowed {
			t.Errorf("Allow 100ms later = %+v, want allowed", got)
		}
	})
}

func TestAllowAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	m := ratelimit.NewMemory(1000)
	key := ratelimit.Key{What: "api", Tenant: [16]byte{1}, Who: [16]byte{2}}
	m.Allow(key, ratelimit.PerMinute(10))
	if got := testing.AllocsPerRun(100, func() { m.Allow(key, ratelimit.PerMinute(10)) }); got != 0 {
		t.Errorf("allocations of Allow = %v, want none", got)
	}
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(320)
	for i := range 10_000 {
		m.Allow(named(fmt.Sprint("key", i)), ratelimit.PerMinute(1))
	}
	if got := m.Len(); got > 320 {
		t.Errorf("keys remembered = %d, want at most 320", got)
	}
}

func TestWEB15AddressKey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7":                            "192.0.2.7",
		"::ffff:192.0.2.7":                     "192.0.2.7",
		"::ffff:c000:207":                      "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":                 "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:ffff:ffff:ffff":     "2001:db8:1:2::/64",
		"2001:0DB8:0001:0002:0000:0000:0000:1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":                      "2001:db8:1:3::/64",
		"fe80::1%eth0":                         "fe80::/64",
		"fe80::1%eth1":                         "fe80::/64",
		"":                                     "unknown",
		"192.0.2.7, 10.0.0.1":                  "unknown",
		"192.0.2.7:80":                         "unknown",
	} {
		if got := ratelimit.AddressKey(address); got != want {
			t.Errorf("AddressKey(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	g := ratelimit.NewGate(2)
	for n := range 2 {
		if !g.Enter() {
			t.Fatalf("Enter %d = false with room for 2, want true", n+1)
		}
	}
	if g.Enter() {
		t.Error("Enter = true when full, want false")
	}
	g.Leave()
	if !g.Enter() {
		t.Error("Enter = false after Leave, want true")
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	s := ratelimit.NewShares[string](2)
	for _, key := range []string{"a", "a", "b"} {
		if !s.Enter(key) {
			t.Fatalf("Enter(%q) = false with room for 2, want true", key)
		}
	}
	if s.Enter("a") {
		t.Error("Enter(a) = true when its share is full, want false")
	}
	s.Leave("a")
	if !s.Enter("a") {
		t.Error("Enter(a) = false after Leave, want true")
	}
	for _, key := range []string{"a", "a", "b"} {
		s.Leave(key)
	}
	if n := s.Len(); n != 0 {
		t.Errorf("keys remembered when nobody is inside = %d, want 0", n)
	}
}

func BenchmarkAllow(b *testing.B) {
	m := ratelimit.NewMemory(100_000)
	limit := ratelimit.PerSecond(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		m.Allow(ratelimit.Key{What: "api", Tenant: [16]byte{1}, Who: [16]byte{2}}, limit)
	}
}

// Whoever is held up between the clock and the count takes nothing back of what others have counted meanwhile.
func TestNobodyWhoIsHeldUpGivesEventsBack(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(1000)
	limit := ratelimit.PerSecond(10_000).WithBurst(1_000) // an interval is shorter than what a scheduler holds somebody up for
	var admitted atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range 16 {
		all.Go(func() {
			for time.Since(began) < 500*time.Millisecond {
				if m.Allow(named("k"), limit).Allowed {
					admitted.Add(1)
				}
			}
		})
	}
	all.Wait()
	if most := int64(time.Since(began)/(100*time.Microsecond)) + 1_000; admitted.Load() > most {
		t.Errorf("admitted %d in %v, want at most %d", admitted.Load(), time.Since(began), most)
	}
}
