package quota

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

const (
	// patience is for how long a call waits for the database: longer than this waits for a row.
	patience = 6 * time.Second
	// probing is for how long one waits who looks whether an outage is over.
	probing = time.Second
	// hopeless is how many in a row have to have left without an answer, after a second or more, before nobody else asks: one may have waited
	// for a row. Who was patient to the end is enough.
	hopeless = 3
	// restFirst and restMost are for how long after a failure nobody asks.
	restFirst = 50 * time.Millisecond
	restMost  = time.Second
)

// breaker keeps calls from waiting for a database that does not answer. After a failure nobody asks for a moment; then one looks whether the
// outage is over, while the others go on without.
type breaker struct {
	mu    sync.Mutex
	why   error // while it is open
	until time.Time
	rest  time.Duration
	probe bool // somebody looks
	left  int  // how many in a row went without an answer
}

// turn is one's at asking the database.
type turn struct {
	began time.Time
	wait  time.Duration
	probe bool
}

// enter says for how long to wait for the database, or why not to ask it.
func (b *breaker) enter() (turn, error) {
	now := time.Now() //nolint:forbidigo // how long somebody has waited is not dated
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.why == nil {
		return turn{now, patience, false}, nil
	}
	if b.probe || now.Before(b.until) {
		return turn{}, b.why
	}
	b.probe = true
	return turn{now, probing, true}, nil
}

// resting says that nobody may ask just now.
func (b *breaker) resting() bool {
	now := time.Now() //nolint:forbidigo // likewise
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.why != nil && now.Before(b.until)
}

// leave learns how it went, and returns the error for who asked. An answer is one also if it is an error; that somebody did not want to wait
// says nothing, unless there was time for an answer.
func (b *breaker) leave(t turn, err error, gone bool) error {
	now := time.Now() //nolint:forbidigo // likewise
	missed := gone && now.Sub(t.began) >= probing
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.probe {
		b.probe = false
	}
	if missed || errors.Is(err, errBusy) {
		err = noAnswer.Because(err)
	}
	if missed {
		b.left++
	}
	hangs := missed && (b.left >= hopeless || now.Sub(t.began) >= t.wait)
	switch {
	case errors.Is(err, errBusy):
	case hangs, !gone && errs.As(err).Code == noAnswer.Code: // not try_again: a row that others lock is no outage
		b.rest = min(max(2*b.rest, restFirst), restMost)
		b.why, b.until = err, now.Add(b.rest)
	case !gone:
		b.why, b.rest, b.left = nil, 0, 0
	}
	return err
}

var noAnswer = errs.New(errs.Unavailable, "database_unavailable", "The database does not answer. Nothing was changed; try again.")

// errBusy says nothing about the database: all that may ask at once were asking.
var errBusy = errors.New("too many ask at once")

// trip asks the database, unless it is known not to answer.
func (l *ledger) trip(ctx context.Context, fn func(context.Context) error) error {
	t, err := l.breaker.enter()
	if err != nil {
		return err
	}
	l.trips.Add(1)
	within, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	err = fn(within)
	return l.breaker.leave(t, err, err != nil && within.Err() != nil)
}

// tx runs fn in a transaction of a trip. The recorder and the folder have their connections, whatever calls wait for.
func (l *ledger) tx(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return l.within(ctx, l.asks, fn)
}

func (l *ledger) within(ctx context.Context, slots chan struct{}, fn func(context.Context, pgx.Tx) error) error {
	return l.conn(ctx, slots, func(ctx context.Context, c *pgx.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return fn(ctx, tx) })
	})
}

func (l *ledger) conn(ctx context.Context, slots chan struct{}, fn func(context.Context, *pgx.Conn) error) error {
	return l.trip(ctx, func(ctx context.Context) error {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return errBusy
		}
		defer func() { <-slots }()
		return l.pool.Conn(ctx, func(c *pgx.Conn) error { return fn(ctx, c) })
	})
}
