package usage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// archive is the events of a detached partition on their way into segments. Each segment is written in a transaction of its own, beside the
// one that reads: one that wrote them all would hold the watermark back for as long. Until all are there they have parts below zero, which
// nobody reads, so whoever dies over it leaves the table, and rests that the next one deletes.
type archive struct {
	pool   *db.Usage
	of     day
	run    []record // of one tenant
	part   int
	events int64 // in segments
}

// archiveTable makes a table segments, and drops it.
func archiveTable(ctx context.Context, c *pgx.Conn, pool *db.Usage, of day) error {
	if _, err := c.Exec(ctx, "DELETE FROM usage_segments WHERE day = $1 AND part < 0", of.time()); err != nil {
		return fmt.Errorf("delete the rests of segments: %w", err)
	}
	a := archive{pool: pool, of: of}
	if err := pgx.BeginTxFunc(ctx, c, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { return a.read(ctx, tx) }); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return a.finish(ctx, tx) })
}

func (a *archive) table() string { return pgx.Identifier{a.of.partition()}.Sanitize() }

func (a *archive) read(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", sealLimit); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DECLARE retired NO SCROLL CURSOR FOR SELECT "+recordColumns+" FROM "+a.table()+" ORDER BY tenant_id, idem"); err != nil {
		return err
	}
	for {
		some, err := fetch(ctx, tx)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			return a.flush(ctx)
		}
		for _, r := range some {
			if len(a.run) == segmentRows || len(a.run) > 0 && a.run[0].tenant != r.tenant {
				if err := a.flush(ctx); err != nil {
					return err
				}
			}
			a.run = append(a.run, r)
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

const storeSegmentSQL = `INSERT INTO usage_segments (tenant_id, day, part, events, first, last, data) VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (a *archive) flush(ctx context.Context) error {
	if len(a.run) == 0 {
		return nil
	}
	data, err := encodeSegment(a.run)
	if err != nil {
		return err
	}
	first, last := a.run[0].txid, a.run[0].txid
	for _, r := range a.run {
		first, last = min(first, r.txid), max(last, r.txid)
	}
	a.part--
	err = a.pool.Conn(ctx, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, storeSegmentSQL, nullable(a.run[0].tenant), a.of.time(), a.part, len(a.run), first, last, data)
		return err
	})
	if err != nil {
		return fmt.Errorf("store a segment: %w", err)
	}
	a.events += int64(len(a.run))
	a.run = a.run[:0]
	return nil
}

// finishSQL puts what was written behind the segments that a day has, if it had a partition before.
const finishSQL = `WITH done AS (
	UPDATE usage_segments AS s SET part = COALESCE((SELECT max(o.part) + 1 FROM usage_segments o WHERE o.tenant_id = s.tenant_id AND o.day = s.day AND o.part >= 0), 0)
		+ (SELECT count(*) FROM usage_segments o WHERE o.tenant_id = s.tenant_id AND o.day = s.day AND o.part < 0 AND o.part > s.part)
	WHERE day = $1 AND part < 0 RETURNING events)
SELECT COALESCE(sum(events), 0) FROM done`

func (a *archive) finish(ctx context.Context, tx pgx.Tx) error {
	var events int64
	if err := tx.QueryRow(ctx, finishSQL, a.of.time()).Scan(&events); err != nil {
		return fmt.Errorf("finish segments: %w", err)
	}
	if events != a.events { // somebody who lost the lock wrote too
		return fmt.Errorf("segments have %d events, and the table %d", events, a.events)
	}
	_, err := tx.Exec(ctx, "DROP TABLE "+a.table())
	return err
}
