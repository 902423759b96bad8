package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// closing is where a day ends: its events are those with lo <= txid < hi. Seals are of what was recorded in a day, not of what happened in
// it, so that nothing can come late to one.
type closing struct {
	day    day
	lo, hi int64
}

// sealLimit is how long Postgres may take to read a day.
const sealLimit = "30min"

// nextClosing finds where the first day that is over and not closed ends. It finds none while transactions run that began before.
func nextClosing(ctx context.Context, c *pgx.Conn, today day) (next closing, found bool, err error) {
	err = pgx.BeginTxFunc(ctx, c, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", sealLimit); err != nil {
			return err
		}
		if next, err = openDay(ctx, tx, today); err != nil || next.day >= today {
			return err
		}
		// Every transaction below the horizon has ended, and the statement after this one sees what it committed.
		var horizon int64
		if err := tx.QueryRow(ctx, "SELECT base + txid_snapshot_xmin(txid_current_snapshot()) FROM usage_watermark").Scan(&horizon); err != nil {
			return err
		}
		var first *int64 // of the next day
		var behind bool  // something of this day is not below the horizon yet
		err := tx.QueryRow(ctx, `SELECT (SELECT min(txid) FROM usage_events WHERE txid >= $1 AND received_at >= $2),
			EXISTS (SELECT FROM usage_events WHERE txid >= $3 AND received_at < $2)`, next.lo, (next.day+1).time(), horizon).Scan(&first, &behind)
		if err != nil {
			return err
		}
		if next.hi = max(horizon, next.lo); first != nil {
			next.hi = *first
		}
		found = next.hi <= horizon && (first != nil || !behind)
		return nil
	})
	if err != nil {
		return next, false, fmt.Errorf("find the end of a day: %w", err)
	}
	return next, found, nil
}

// openDay is the first day that is not closed, and where it begins.
func openDay(ctx context.Context, tx pgx.Tx, today day) (next closing, err error) {
	var last *time.Time
	err = tx.QueryRow(ctx, "SELECT max(day), COALESCE(max(hi), 0) FROM usage_closings").Scan(&last, &next.lo)
	if err != nil {
		return next, err
	}
	if last != nil {
		next.day = dayOf(*last) + 1
		return next, nil
	}
	var first *time.Time
	if err := tx.QueryRow(ctx, "SELECT min(received_at) FROM usage_events").Scan(&first); err != nil {
		return next, err
	}
	if next.day = today - 1; first != nil {
		next.day = dayOf(*first)
	}
	return next, nil
}
