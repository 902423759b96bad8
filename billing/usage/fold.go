package usage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

const (
	foldEvery = time.Second
	// foldSome is about how many events one fold takes: a transaction that is short enough after an outage too.
	foldSome = 100_000
	// foldIdle is after how long the watermark moves although there was nothing.
	foldIdle = 2 * time.Second
	// stallEvery is how often it looks for writers that hold back the watermark, and stallLimit for how long one may. It is the
	// statement_timeout of the pool, which Postgres does not heed while it reads from a client.
	stallEvery = 10 * time.Second
	stallLimit = 30 * time.Second
)

// Folder adds events to the sums. Make it with [NewFolder].
type Folder struct {
	pool  *db.Usage
	sinks []Sink
	log   *slog.Logger
}

// NewFolder makes a folder that tells each of the sinks, in their order.
func NewFolder(pool *db.Usage, log *slog.Logger, sinks ...Sink) (*Folder, error) {
	if pool == nil || log == nil {
		return nil, errors.New("usage: a folder needs a pool and a log")
	}
	return &Folder{pool, sinks, log}, nil
}

// Run folds each second until ctx ends. One instance folds at a time.
func (f *Folder) Run(ctx context.Context) error {
	tick, stalls := time.NewTicker(foldEvery), time.NewTicker(stallEvery)
	defer tick.Stop()
	defer stalls.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-stalls.C:
			f.endStalled(ctx)
			continue
		case <-tick.C:
		}
		more, err := f.due(ctx)
		for more && err == nil && ctx.Err() == nil {
			more, err = f.Fold(ctx)
		}
		if err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "usage_not_folded", "error", err.Error())
		}
	}
}

// endStalled ends what an instance that stands still in the middle of a COPY has begun. All that came after it would stay out of the sums, and
// what the dead hold of quotas would not come back, until it goes on. It has acknowledged nothing of that.
func (f *Folder) endStalled(ctx context.Context) {
	n, err := f.pool.EndStalled(ctx, stallLimit)
	switch {
	case err != nil && ctx.Err() == nil:
		f.log.WarnContext(ctx, "usage_writers_not_looked_at", "error", err.Error())
	case n > 0:
		f.log.WarnContext(ctx, "usage_writers_ended", "count", n)
	}
}

const dueSQL = `SELECT folded_at < clock_timestamp() - $1::interval OR EXISTS (SELECT FROM usage_events WHERE ` + unfolded + `) FROM usage_watermark`

// due looks, in one statement, whether there is anything to fold. Mostly, and in all instances but one, there is not.
func (f *Folder) due(ctx context.Context) (due bool, err error) {
	err = f.pool.Conn(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, dueSQL, foldIdle).Scan(&due) })
	if err != nil {
		return false, fmt.Errorf("look for usage to fold: %w", err)
	}
	return due, nil
}

// Fold adds what was committed since the last fold, up to some 100,000 events, and says whether there was more. While another instance
// folds it does nothing.
func (f *Folder) Fold(ctx context.Context) (more bool, err error) {
	err = f.pool.Tx(ctx, func(tx pgx.Tx) error {
		s, err := nextSpan(ctx, tx)
		if err != nil || !s.due {
			return err
		}
		more = s.more
		if s.any {
			if _, err := tx.Exec(ctx, foldSQL, s.lo, s.hi); err != nil {
				return fmt.Errorf("add up usage: %w", err)
			}
		}
		for _, sink := range f.sinks {
			if err := sink(ctx, tx, s.lo, s.hi); err != nil {
				return fmt.Errorf("tell of folded usage: %w", err)
			}
		}
		if _, err := tx.Exec(ctx, "UPDATE usage_watermark SET txid = $1, folded_at = clock_timestamp()", s.hi); err != nil {
			return fmt.Errorf("move the watermark: %w", err)
		}
		return nil
	})
	return more && err == nil, err
}

// span is what a fold takes: events with lo <= txid < hi.
type span struct {
	lo, hi int64
	any    bool // there are events in it
	due    bool
	more   bool // there are events behind it that could be folded
}

// Every transaction below the horizon has ended, and what it committed is seen by the statements after this one.
const horizonSQL = `SELECT txid, base + txid_snapshot_xmin(txid_current_snapshot()), clock_timestamp() - folded_at > $1
	FROM usage_watermark FOR UPDATE`

func nextSpan(ctx context.Context, tx pgx.Tx) (s span, err error) {
	var ours, idle bool
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1, $2)", lockSpace, foldLock).Scan(&ours); err != nil || !ours {
		return s, err
	}
	if err := tx.QueryRow(ctx, horizonSQL, foldIdle).Scan(&s.lo, &s.hi, &idle); err != nil {
		return s, fmt.Errorf("read the watermark: %w", err)
	}
	var first, last *int64
	err = tx.QueryRow(ctx, `SELECT (SELECT min(txid) FROM usage_events WHERE txid >= $1 AND txid < $2),
		(SELECT txid FROM usage_events WHERE txid >= $1 AND txid < $2 ORDER BY txid OFFSET $3 LIMIT 1)`, s.lo, s.hi, foldSome).Scan(&first, &last)
	if err != nil {
		return s, fmt.Errorf("look for events to fold: %w", err)
	}
	if last != nil && *last+1 < s.hi {
		s.hi, s.more = *last+1, true
	}
	s.any = first != nil
	s.due = s.hi > s.lo && (s.any || idle)
	return s, nil
}
