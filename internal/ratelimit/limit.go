package ratelimit

import (
	"fmt"
	"time"
)

// Limit allows Events per Per on average, and Burst at once. The zero Limit allows nothing.
type Limit struct {
	Events int
	Per    time.Duration
	Burst  int
}

// PerSecond allows n a second, and n at once.
func PerSecond(n int) Limit { return Limit{n, time.Second, n} }

// PerMinute allows n a minute, and n at once.
func PerMinute(n int) Limit { return Limit{n, time.Minute, n} }

// PerHour allows n an hour, and n at once.
func PerHour(n int) Limit { return Limit{n, time.Hour, n} }

// WithBurst returns the limit with another number at once.
func (l Limit) WithBurst(n int) Limit {
	l.Burst = n
	return l
}

// IsZero reports whether the limit allows nothing.
func (l Limit) IsZero() bool { return l.Events <= 0 || l.Per <= 0 || l.Burst <= 0 }

// String is "30/min", with the burst where it differs; "unlimited" where a zero limit stands for none, as in a catalog.
func (l Limit) String() string {
	if l.IsZero() {
		return "unlimited"
	}
	unit, known := map[time.Duration]string{time.Second: "s", time.Minute: "min", time.Hour: "h"}[l.Per]
	if !known {
		unit = l.Per.String()
	}
	if l.Burst != l.Events {
		return fmt.Sprintf("%d/%s burst %d", l.Events, unit, l.Burst)
	}
	return fmt.Sprintf("%d/%s", l.Events, unit)
}

// Result is the answer to one question.
type Result struct {
	Allowed    bool
	Remaining  int           // at once, after this one
	ResetAfter time.Duration // until nothing is remembered
	RetryAfter time.Duration // when refused
}

// Limiter counts one event of key against limit and says whether it may happen. A refused event is not counted.
// Implementations are safe for concurrent use and decide for themselves what to answer when their store is down.
type Limiter interface {
	Allow(key Key, limit Limit) Result
}

// next is GCRA: arrives is the theoretical arrival time of the key's next event, and now the time of this one.
func (l Limit) next(arrives, now time.Duration) (time.Duration, Result) {
	interval := l.Per / time.Duration(l.Events)
	tolerance := interval * time.Duration(l.Burst)
	// What is beyond the tolerance a narrower limit before has filled; a tenant that moved to a better plan does not wait for it.
	arrives = min(max(arrives, now), now+tolerance)
	after := arrives + interval
	if wait := after - tolerance - now; wait > 0 {
		return arrives, Result{RetryAfter: wait, ResetAfter: arrives - now}
	}
	room := tolerance - (after - now)
	return after, Result{Allowed: true, Remaining: int(room / max(interval, 1)), ResetAfter: after - now}
}
