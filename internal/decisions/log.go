package decisions

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Config says what a Log works with.
type Config struct {
	DB *db.DB
	// Sample is of how many approvals one is written; 0 means 100. A negative one writes none.
	Sample int
	// Room is how many decisions wait to be written at most; 0 means 8192, which take some 2.5 MB.
	Room int
	Log  *slog.Logger
}

// Log takes decisions and writes them later. Its methods are safe for concurrent use; those of a nil Log do nothing.
type Log struct {
	db       *db.DB
	log      *slog.Logger
	sample   uint64 // 0: none
	ring     chan noted
	written  atomic.Int64
	dropped  atomic.Int64
	reported int64            // of the dropped ones; only Run uses it,
	due      <-chan time.Time // and this: when to report again
}

type noted struct {
	tenant id.Tenant
	Decision
}

// New makes a Log. Nothing is written before Run.
func New(cfg Config) (*Log, error) {
	if cfg.DB == nil || cfg.Room < 0 {
		return nil, errors.New("decisions: no database, or a negative room")
	}
	if cfg.Sample == 0 {
		cfg.Sample = 100
	}
	if cfg.Room == 0 {
		cfg.Room = 8192
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Log{db: cfg.DB, log: cfg.Log, sample: uint64(max(cfg.Sample, 0)), ring: make(chan noted, cfg.Room)}, nil
}

// Wants says whether a decision is to be noted: a refusal always, an approval if chance wants it.
func (l *Log) Wants(allowed bool) bool {
	if l == nil {
		return false
	}
	return !allowed || l.sample > 0 && rand.Uint64()%l.sample == 0 //nolint:gosec // a sample
}

// Note puts a decision of a tenant into the ring, or counts it as dropped if there is no room. It keeps nothing that d points to.
func (l *Log) Note(tenant id.Tenant, d *Decision) {
	if l == nil || tenant.IsZero() {
		return
	}
	n := noted{tenant, *d}
	n.Permission, n.Feature = short(d.Permission), short(d.Feature)
	select {
	case l.ring <- n:
	default:
		l.dropped.Add(1)
	}
}

// Written is how many decisions were written since the start.
func (l *Log) Written() int64 { return l.written.Load() }

// Dropped is how many decisions were lost since the start, because there was no room or the database took them not.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

const (
	batch      = 500
	flushEvery = 500 * time.Millisecond // each flush is a transaction: to fewer of them the sample of a busy server is a trifle
	tellEvery  = time.Minute
	patience   = 5 * time.Second // with one statement
	retryAfter = time.Second
)

// Run writes what is noted until ctx ends, and then what is left, if the database takes it within five seconds.
func (l *Log) Run(ctx context.Context) error {
	flush, tell := time.NewTicker(flushEvery), time.NewTicker(tellEvery)
	defer flush.Stop()
	defer tell.Stop()
	l.due = tell.C
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-flush.C:
			l.flush(ctx)
			l.tellIfDue(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	l.flush(last)
	l.dropped.Add(int64(len(l.take(cap(l.ring)))))
	l.tell(last)
	return nil
}

// flush writes until the ring is empty or ctx ends.
func (l *Log) flush(ctx context.Context) {
	for {
		next := l.take(batch)
		if len(next) == 0 {
			return
		}
		l.deliver(ctx, next)
		if ctx.Err() != nil {
			return
		}
	}
}

// take empties the ring, but for what is more than limit.
func (l *Log) take(limit int) []noted {
	var taken []noted
	for len(taken) < limit {
		select {
		case n := <-l.ring:
			taken = append(taken, n)
		default:
			return taken
		}
	}
	return taken
}

// deliver writes a batch, again and again while the database is away: the ring is what bounds how much waits meanwhile. What the database
// does not take for another reason it will not take later either. A batch that was on its way when ctx ended gets one more try.
func (l *Log) deliver(ctx context.Context, next []noted) {
	for {
		err := l.write(ctx, next)
		if err == nil {
			l.written.Add(int64(len(next)))
			return
		}
		if ctx.Err() != nil && l.again(ctx, next) == nil {
			l.written.Add(int64(len(next)))
			return
		}
		if ctx.Err() != nil || errs.As(err).Kind != errs.Unavailable {
			l.dropped.Add(int64(len(next)))
			l.log.WarnContext(ctx, "decisions_not_written", "decisions", len(next), "error", err.Error())
			return
		}
		l.tellIfDue(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

func (l *Log) again(ctx context.Context, next []noted) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience/2)
	defer cancel()
	return l.write(last, next)
}

func (l *Log) tellIfDue(ctx context.Context) {
	select {
	case <-l.due:
		l.tell(ctx)
	default:
	}
}

// tell writes one line about what was dropped since the last one.
func (l *Log) tell(ctx context.Context) {
	dropped := l.dropped.Load()
	if dropped > l.reported {
		l.log.WarnContext(ctx, "decisions_dropped", "decisions", dropped-l.reported)
		l.reported = dropped
	}
}
