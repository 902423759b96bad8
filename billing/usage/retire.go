package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// retire lets go of the partitions before oldest whose events are all in the sums and sealed. Their events stay, as segments.
func retire(ctx context.Context, c *pgx.Conn, oldest day) error {
	days, err := listPartitions(ctx, c)
	if err != nil {
		return err
	}
	for _, d := range days {
		if d >= oldest {
			return nil
		}
		if err := retireOne(ctx, c, d); err != nil {
			return fmt.Errorf("retire %s: %w", d.partition(), err)
		}
	}
	return nil
}

// finished is the condition of partitions that nobody has to read any more.
const finished = `NOT EXISTS (SELECT FROM %[1]s WHERE ` + unfolded + `)
	AND NOT EXISTS (SELECT FROM %[1]s WHERE txid >= (SELECT COALESCE(max(hi), 0) FROM usage_closings))`

func retireOne(ctx context.Context, c *pgx.Conn, of day) error {
	name := pgx.Identifier{of.partition()}.Sanitize()
	var done bool
	if err := c.QueryRow(ctx, "SELECT "+fmt.Sprintf(finished, name)).Scan(&done); err != nil || !done {
		return err // the next turn finds it folded and sealed
	}
	var attached, pending bool
	err := c.QueryRow(ctx, `SELECT count(*) > 0, COALESCE(bool_or(inhdetachpending), false) FROM pg_inherits
		WHERE inhparent = 'usage_events'::regclass AND inhrelid = to_regclass($1)`, of.partition()).Scan(&attached, &pending)
	if err != nil {
		return err
	}
	if attached {
		how := " CONCURRENTLY" // nobody waits for it
		if pending {           // somebody died over it
			how = " FINALIZE"
		}
		if _, err := c.Exec(ctx, "ALTER TABLE usage_events DETACH PARTITION "+name+how); err != nil {
			return err
		}
	}
	// Its segments are there when it is gone, and not before: whoever dies here leaves the table.
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if err := archive(ctx, tx, of, name); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DROP TABLE "+name)
		return err
	})
}

const storeSegmentSQL = `INSERT INTO usage_segments (tenant_id, day, part, events, first, last, data) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// archive writes all events of a table as segments.
func archive(ctx context.Context, tx pgx.Tx, of day, name string) error {
	if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", sealLimit); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DECLARE retired NO SCROLL CURSOR FOR SELECT "+recordColumns+" FROM "+name+" ORDER BY tenant_id, idem"); err != nil {
		return err
	}
	var run []record // of one tenant
	part := 0
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		if err := storeSegment(ctx, tx, of, part, run); err != nil {
			return err
		}
		part, run = part+1, run[:0]
		return nil
	}
	for {
		some, err := fetch(ctx, tx)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			if err := flush(); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "CLOSE retired") // which would hold the table
			return err
		}
		for _, r := range some {
			other := len(run) > 0 && run[0].tenant != r.tenant
			if other || len(run) == segmentRows {
				if err := flush(); err != nil {
					return err
				}
			}
			if other {
				part = 0
			}
			run = append(run, r)
		}
	}
}

// fetch reads the next events of the cursor.
func fetch(ctx context.Context, tx pgx.Tx) (some []record, err error) {
	rows, err := tx.Query(ctx, "FETCH 10000 FROM retired")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	from := scanner{rows: rows}
	for {
		var r record
		more, err := from.next(&r)
		if err != nil || !more {
			return some, err
		}
		some = append(some, r)
	}
}

func storeSegment(ctx context.Context, tx pgx.Tx, of day, part int, run []record) error {
	data, err := encodeSegment(run)
	if err != nil {
		return err
	}
	first, last := run[0].txid, run[0].txid
	for _, r := range run {
		first, last = min(first, r.txid), max(last, r.txid)
	}
	_, err = tx.Exec(ctx, storeSegmentSQL, nullable(run[0].tenant), of.time(), part, len(run), first, last, data)
	if err != nil {
		return fmt.Errorf("store a segment: %w", err)
	}
	return nil
}

// prune deletes the bound keys of days that are gone, and the sums by hour from before a day.
func prune(ctx context.Context, c *pgx.Conn, keys, hours day) error {
	for sql, limit := range map[string]time.Time{
		`DELETE FROM usage_keys WHERE (tenant_id, idem) IN (SELECT tenant_id, idem FROM usage_keys WHERE day < $1 LIMIT $2)`: keys.time(),
		`DELETE FROM usage_hours WHERE (tenant_id, meter, starts_at, cell) IN
			(SELECT tenant_id, meter, starts_at, cell FROM usage_hours WHERE starts_at < $1 LIMIT $2)`: hours.time(),
	} {
		for {
			done, err := c.Exec(ctx, sql, limit, pruneSome)
			if err != nil {
				return fmt.Errorf("prune usage: %w", err)
			}
			if done.RowsAffected() < pruneSome {
				break
			}
		}
	}
	return nil
}
