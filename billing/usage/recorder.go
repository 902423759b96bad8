package usage

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// What Record answers instead of outcomes. None of the call's events was taken.
var (
	// ErrFull says that more events wait to be written than there is room for.
	ErrFull = again(errs.New(errs.TooMany, "usage_queue_full", "Too many events wait to be written. None of these was taken; send them again."))
	// ErrClosed says that the server is about to stop.
	ErrClosed = again(errs.New(errs.Unavailable, "usage_closed", "This server stops. None of these events was taken; send them again."))
	// ErrTooMany says that one call brings more events than a batch holds.
	ErrTooMany = errs.New(errs.TooLarge, "too_many_events", "A call brings more events than are taken at once.")
)

func again(e *errs.Error) *errs.Error {
	e.RetryAfter = time.Second
	return e
}

const (
	writers = 2     // more were no faster
	batch   = 8_000 // events in one COPY
	room    = 32_768
	keepFor = 45 // days: a month, and time to look at it
	// Conns is how many connections a recorder and a folder use at most, and beside them quotas.
	Conns = writers + 2 + 4
)

// Config says what a Recorder works with.
type Config struct {
	Pool   *db.Usage
	Meters Meters           // nil takes any meter as one that has no price
	Room   int              // how many events may wait or be on their way; 0 means 32,768, which take some 16 MB
	Keep   int              // for how many days events are kept, and late ones taken; 0 means 45
	Clock  func() time.Time // nil means that of the process
	Log    *slog.Logger     // nil means slog.Default
}

// Recorder writes events. Its methods are safe for concurrent use.
type Recorder struct {
	pool    *db.Usage
	meters  Meters
	room    int64
	keep    int
	now     func() time.Time
	log     *slog.Logger
	parts   partitions
	queue   chan *call
	waiting atomic.Int64 // events in the queue and on their way
	counts  counts
	tend    chan struct{} // partitions are due to be looked after

	mu     sync.RWMutex // closed, against those who send
	closed bool
}

// New makes a recorder. What it takes is written once Run works.
func New(cfg Config) (*Recorder, error) {
	if cfg.Pool == nil || cfg.Room < 0 || cfg.Keep < 0 {
		return nil, errors.New("usage: no pool, or a negative number")
	}
	r := &Recorder{
		pool: cfg.Pool, meters: cfg.Meters, room: int64(cfg.Room), keep: cfg.Keep, now: cfg.Clock, log: cfg.Log, tend: make(chan struct{}, 1),
	}
	if r.meters == nil {
		r.meters = anyMeter
	}
	if r.room == 0 {
		r.room = room
	}
	if r.keep == 0 {
		r.keep = keepFor
	}
	if r.now == nil {
		r.now = time.Now //nolint:forbidigo // an event is recorded before there is a transaction to ask
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	r.parts = partitions{pool: r.pool, known: map[day]bool{}}
	r.queue = make(chan *call, r.room)
	return r, nil
}

// Record returns once the events are committed, with an outcome for each in their order. An error is for all of them: ErrFull, ErrClosed
// and ErrTooMany say that none was taken; after any other nobody knows, and sending them again with the same keys is exact. A caller who
// does not wait for the end (ctx) leaves them to be written.
func (r *Recorder) Record(ctx context.Context, events ...Event) ([]Outcome, error) {
	if len(events) > batch {
		return nil, ErrTooMany
	}
	c, err := r.prepare(ctx, events)
	if err != nil {
		return nil, err
	}
	if len(c.rows) == 0 {
		return r.answer(c), nil
	}
	if err := r.send(c); err != nil {
		return nil, err
	}
	select {
	case err := <-c.done:
		if err != nil {
			return nil, err
		}
		return r.answer(c), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// send puts a call into the queue, or says that it does not fit.
func (r *Recorder) send(c *call) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return ErrClosed
	}
	n := int64(len(c.rows))
	if r.waiting.Add(n) > r.room {
		r.waiting.Add(-n)
		return ErrFull
	}
	r.queue <- c // has room for as many calls as there may be events
	return nil
}

// Run writes what is recorded until ctx ends, then takes no more, writes what waits, and returns.
func (r *Recorder) Run(ctx context.Context) error {
	// What was taken is written even though everything stops.
	late := context.WithoutCancel(ctx)
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			w := writer{Recorder: r}
			w.work(late)
			return nil
		})
	}
	group.Go(func() error { return r.keepPartitions(ctx) })
	<-ctx.Done()
	r.mu.Lock()
	r.closed = true
	close(r.queue)
	r.mu.Unlock()
	return group.Wait()
}
