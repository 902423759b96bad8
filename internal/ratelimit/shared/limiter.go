package shared

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

const (
	fraction = 20   // of a burst that an instance borrows at once
	mostLent = 1000 // and never more
	// held is how long a refusal is believed without asking again. Nothing but an emptied Redis could make it wrong.
	held = time.Second
)

// Config says which Redis to ask, and how.
type Config struct {
	URL     string        // redis://[user:password@]host[:port][/db], or rediss:// for TLS
	Timeout time.Duration // of one question; 0 means the read_timeout of the URL, or 25 ms
	Retry   time.Duration // how often a Redis that is gone is looked for; 0 means half a second
	Keys    int           // remembered in memory; 0 means 100,000
	Log     *slog.Logger  // nil means slog.Default
}

// Limiter is a [ratelimit.Limiter] over all instances that use one Redis. Its methods are safe for concurrent use. Run must be running.
type Limiter struct {
	pool    *redis.Pool
	script  *redis.Script
	timeout time.Duration
	retry   time.Duration
	log     *slog.Logger
	alone   *ratelimit.Memory // what holds while Redis does not answer
	loans   loans
	gone    atomic.Bool
	losses  atomic.Int64
	ctx     context.Context // of all questions: an answer that others wait for too must not depend on one client's patience
}

// New returns a limiter. It does not wait for Redis: until Run has reached it, limits are held by this instance alone.
func New(ctx context.Context, cfg Config) (*Limiter, error) {
	timeout, err := timeoutOf(cfg.URL)
	if err != nil {
		return nil, err
	}
	l := &Limiter{
		script: redis.NewScript(1, gcra), timeout: or(cfg.Timeout, timeout), retry: or(cfg.Retry, 500*time.Millisecond),
		log: or(cfg.Log, slog.Default()), ctx: context.WithoutCancel(ctx),
	}
	keys := or(cfg.Keys, 100_000)
	l.alone, l.loans = ratelimit.NewMemory(keys), newLoans(keys)
	l.gone.Store(true)
	l.pool = newPool(cfg.URL, l.gone.Load)
	return l, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Run looks for Redis while it is gone, until ctx ends, and then closes the connections.
func (l *Limiter) Run(ctx context.Context) error {
	defer func() { _ = l.pool.Close() }()
	tick := time.NewTicker(l.retry)
	defer tick.Stop()
	said := false
	for {
		if l.gone.Load() {
			switch err := l.look(ctx); {
			case err == nil:
				l.gone.Store(false)
				said = false
				l.log.InfoContext(ctx, "rate_limits_shared")
			case !said && ctx.Err() == nil:
				said = true
				l.log.WarnContext(ctx, "rate_limits_not_shared", "error", err.Error())
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look has time to make a connection, which those who ask have not.
func (l *Limiter) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := l.take(ctx, "probe", ratelimit.PerSecond(1000), 1) // one that refuses scripts is of no use
	return err
}

// Shared reports whether limits are shared at the moment.
func (l *Limiter) Shared() bool { return !l.gone.Load() }

// Losses is how often Redis was lost.
func (l *Limiter) Losses() int64 { return l.losses.Load() }

// Allow implements [ratelimit.Limiter].
func (l *Limiter) Allow(key ratelimit.Key, limit ratelimit.Limit) ratelimit.Result {
	if limit.IsZero() || l.gone.Load() {
		return l.alone.Allow(key, limit)
	}
	loan := l.loans.of(key, limit)
	loan.mu.Lock()
	defer loan.mu.Unlock()
	now := time.Now()
	if result, known := loan.answer(now); known {
		return result
	}
	if l.gone.Load() { // those who waited for the one that found out
		return l.alone.Allow(key, limit)
	}
	if err := l.borrow(loan, key, limit, now); err != nil {
		if !l.gone.Swap(true) {
			l.losses.Add(1)
		}
		return l.alone.Allow(key, limit)
	}
	result, _ := loan.answer(now)
	return result
}

func (l *Limiter) borrow(loan *loan, key ratelimit.Key, limit ratelimit.Limit, now time.Time) error {
	ctx, cancel := context.WithTimeout(l.ctx, l.timeout)
	defer cancel()
	// The limit is part of the name, so that a tenant that moved to a better plan does not wait for what the one before has filled.
	name := key.String() + ":" + limit.String()
	n := min(max(limit.Burst/fraction, 1), mostLent)
	g, err := l.take(ctx, name, limit, n)
	if err != nil {
		return err
	}
	loan.left, loan.elsewhere, loan.resets = g.allowed, g.remaining, now.Add(g.resetAfter)
	if g.allowed == 0 {
		loan.opens = now.Add(g.retryAfter)
		loan.asks = now.Add(min(g.retryAfter, held))
	}
	return nil
}
