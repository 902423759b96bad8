package usage

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// patience is how long a batch may take. Its callers wait for it.
	patience = 20 * time.Second
	// tolerable is the share of duplicates up to which COPY, which fails at the first of them, is the faster way.
	tolerable = 0.005
	// memory is how much of what a writer knows of duplicates it keeps from one batch to the next.
	memory = 0.9
)

// writer writes batches, one after the other.
type writer struct {
	*Recorder

	next       *call // found no room in the last batch
	calls      []*call
	rows       []*row
	buffer     []byte
	duplicates float64 // their share of late
}

// work writes until the queue is closed and empty. While a batch is written the next one gathers by itself, so nobody waits for more.
func (w *writer) work(ctx context.Context) {
	for w.gather() {
		slices.SortStableFunc(w.rows, compare)
		err := w.write(ctx)
		n := int64(0)
		for _, c := range w.calls {
			n += int64(len(c.rows))
		}
		w.waiting.Add(-n) // before they are told: who has an answer has room again
		for _, c := range w.calls {
			c.done <- err
		}
		clear(w.calls) // they must not be held while nothing happens
		clear(w.rows)
	}
}

// gather waits for a call and takes what else is there. It returns false when there is nothing and will be nothing.
func (w *writer) gather() bool {
	w.calls, w.rows = w.calls[:0], w.rows[:0]
	c := w.next
	if c == nil {
		c = <-w.queue
	}
	for w.next = nil; c != nil; {
		if len(w.rows)+len(c.rows) > batch {
			w.next = c
			return true
		}
		w.calls = append(w.calls, c)
		for i := range c.rows {
			w.rows = append(w.rows, &c.rows[i])
		}
		select {
		case c = <-w.queue: // nil once it is closed
		default:
			c = nil
		}
	}
	return len(w.calls) > 0
}

// write writes the batch and gives each row its status. All of it is written, or nothing.
func (w *writer) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fresh := first(w.rows)
	var err error
	for range 3 { // a partition may have gone under us, and a first duplicate takes two
		if err = w.parts.ensure(ctx, fresh); err != nil {
			return err
		}
		err = w.pool.Conn(ctx, func(c *pgx.Conn) error { return w.put(ctx, c, fresh) })
		switch sqlState(err) {
		case uniqueViolation, deadlock:
			w.duplicates = max(w.duplicates, 2*tolerable)
		case checkViolation: // no partition for a row
			w.parts.forget()
		default:
			w.learn(fresh, err)
			return err
		}
	}
	return err
}

// first is rows without those that repeat the key of the row before; these are duplicates, if the first one is written at all.
func first(rows []*row) []*row {
	fresh := make([]*row, 0, len(rows))
	for i, r := range rows {
		if i > 0 && compare(rows[i-1], r) == 0 {
			r.status = Duplicate
			continue
		}
		r.status = Accepted
		fresh = append(fresh, r)
	}
	return fresh
}

// learn remembers how many duplicates there were.
func (w *writer) learn(fresh []*row, err error) {
	if err != nil {
		return
	}
	n := 0
	for _, r := range fresh {
		if r.status == Duplicate {
			n++
		}
	}
	w.duplicates = memory*w.duplicates + (1-memory)*float64(n)/float64(len(fresh))
}

// Of the errors that a batch survives by another way.
const (
	uniqueViolation = "23505"
	checkViolation  = "23514"
	deadlock        = "40P01"
)

func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}
