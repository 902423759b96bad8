package usage

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// ErrSealing says that another instance looks after the partitions right now.
var ErrSealing = again(errs.New(errs.Unavailable, "usage_sealing", "Another instance seals usage right now."))

// SealedDay is a day that was closed, of all tenants.
type SealedDay struct {
	Day     time.Time
	Tenants int // that have events in it
	Events  int64
}

// sealed is the seal of a tenant's day in the making.
type sealed struct {
	tenant   uuid.UUID
	day      day
	tree     merkle
	sums     sealSums
	previous hash
}

// Seal closes all days that are over and not closed, oldest first, and returns them. What was recorded in a day is in its seal, whenever it
// happened, so a late event is in the seal of the day on which it came. Tend does the same. A day waits while transactions run that may
// have written into it.
func (r *Recorder) Seal(ctx context.Context) (days []SealedDay, err error) {
	err = r.alone(ctx, func(c *pgx.Conn) error {
		days, err = sealDays(ctx, c, dayOf(r.now().UTC()))
		return err
	})
	return days, err
}

// alone lends a connection to whoever is the only one to look after the partitions, or returns ErrSealing.
func (r *Recorder) alone(ctx context.Context, fn func(*pgx.Conn) error) error {
	return r.pool.Conn(ctx, func(c *pgx.Conn) error {
		var ours bool
		if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", lockSpace, retireLock).Scan(&ours); err != nil {
			return err
		}
		if !ours {
			return ErrSealing
		}
		defer func() {
			if _, err := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1, $2)", lockSpace, retireLock); err != nil {
				_ = c.Close(ctx) // which lets go of it too
			}
		}()
		return fn(c)
	})
}

func sealDays(ctx context.Context, c *pgx.Conn, today day) (days []SealedDay, err error) {
	for {
		next, found, err := nextClosing(ctx, c, today)
		if err != nil || !found {
			return days, err
		}
		done, err := sealDay(ctx, c, next)
		if err != nil {
			return days, fmt.Errorf("seal %s: %w", next.day, err)
		}
		days = append(days, done)
	}
}

const sealSQL = "SELECT " + recordColumns + " FROM usage_events WHERE txid >= $1 AND txid < $2 ORDER BY tenant_id, idem, day"

// sealDay reads in one transaction and writes in another, so that reading, which may take long, does not hold the watermark back. Between
// them nothing changes: below the end of a day all is committed, and who else could seal or retire waits.
func sealDay(ctx context.Context, c *pgx.Conn, of closing) (done SealedDay, err error) {
	var all []*sealed
	err = pgx.BeginTxFunc(ctx, c, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", sealLimit); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sealSQL, of.lo, of.hi)
		if err != nil {
			return err
		}
		defer rows.Close()
		all, err = sealRows(rows, of.day, nil)
		return err
	})
	if err != nil {
		return done, err
	}
	done = SealedDay{Day: of.day.time(), Tenants: len(all)}
	for _, s := range all {
		done.Events += int64(s.tree.size)
	}
	return done, pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return storeSeals(ctx, tx, of, all) })
}

// sealRows seals events that come by tenant, and within it in the order of their keys. Those of tenants whose others are elsewhere it adds
// to them.
func sealRows(rows cursor, of day, parted map[uuid.UUID]*gathered) (all []*sealed, err error) {
	from := scanner{rows: rows}
	var r record
	var entry []byte
	var s *sealed
	for {
		more, err := from.next(&r)
		if err != nil || !more {
			return all, err
		}
		if g := parted[r.tenant]; g != nil {
			g.add(&r)
			continue
		}
		if s == nil || s.tenant != r.tenant {
			s = &sealed{tenant: r.tenant, day: of, sums: sealSums{}}
			all = append(all, s)
		}
		entry = r.appendLeaf(entry[:0])
		s.tree.add(leafHash(entry))
		s.sums.add(&r)
	}
}

// head is what the chain has after a day. What is hashed is the day as JSON in the canonical form of RFC 8785.
func (d StatementDay) hash(tenant id.Tenant) (h hash, err error) {
	if len(d.Root) != 2*len(h) || len(d.Previous) != 2*len(h) || d.Events <= 0 {
		return h, errors.New("it is no sealed day")
	}
	o := object{[]byte{'{'}}
	o.text("day", d.Day)
	o.number("events", d.Events)
	o.text("previous", d.Previous)
	o.text("root", d.Root)
	o.text("tenant_id", tenant.String())
	return prefixed(headPrefix, append(o.b, '}')), nil
}

func (s *sealed) statementDay() StatementDay {
	root := s.tree.root()
	return StatementDay{
		Day: s.day.String(), Events: int64(s.tree.size), Root: hex.EncodeToString(root[:]), Previous: hex.EncodeToString(s.previous[:]),
	}
}
