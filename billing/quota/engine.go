package quota

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Config is what an [Engine] needs.
type Config struct {
	DB   *db.DB    // for the tenants' own rules and grants
	Pool *db.Usage // for the ledger
	Log  *slog.Logger
	// Lease is how long an instance that is gone keeps its share from the others; 0 means 10 seconds. A fifth of it is the margin within which
	// an instance spends no more, so that its events are recorded in time.
	Lease time.Duration
	// Wall moves the clock of the wall; nil leaves it. Only tests set it: nothing but the end of a lease is read from it.
	Wall func(time.Time) time.Time
	// Clock moves the time of the database by which periods begin and end; nil leaves it. Only tests set it.
	Clock func(time.Time) time.Time
}

// Engine answers for one instance. Make it with [New], and have [Engine.Run] run.
type Engine struct {
	db       *db.DB
	ledger   ledger
	log      *slog.Logger
	ttl      time.Duration
	instance uuid.UUID
	began    time.Time // with the clock that only runs forward
	moved    func(time.Time) time.Time
	clock    atomic.Pointer[reading]
	paths    [64]pathShard
	mu       sync.Mutex
	holders  map[id.Tenant]*holder
	known    known
	low      chan ahead
	told     uuid.UUID // of the loop alone: the last tenant that was looked at for thresholds
}

type pathShard struct {
	sync.RWMutex
	m map[pathKey]*path
}

// pathKey finds the budgets of a call. User and key are zero where no rule asks for them.
type pathKey struct {
	tenant id.Tenant
	meter  billing.Feature
	user   id.User
	key    id.Key
}

// holder is a tenant here: its budgets, and the id that its leases have in common.
type holder struct {
	tenant  id.Tenant
	mu      sync.Mutex
	wallet  uuid.UUID
	born    time.Duration
	budgets map[Budget]*budget
	open    map[billing.Feature]*opened
	rules   *rules
	dropped int              // how often the rules were
	newer   map[Budget]*span // of families, and the newest of all: the billing period, where another instance knows of a newer version of the tenant
	touched time.Duration    // when somebody last asked for it
}

const (
	leaseDefault = 10 * time.Second
	// spared is how many connections of the pool are not for leases: the recorder's, the folder's, and the one that makes budgets.
	spared = 5
)

// New makes an engine. It asks the database nothing.
func New(cfg Config) (*Engine, error) {
	if cfg.DB == nil || cfg.Pool == nil || cfg.Log == nil {
		return nil, errors.New("quota: the engine needs a database, the usage pool and a log")
	}
	e := &Engine{
		db: cfg.DB, log: cfg.Log, ttl: cfg.Lease, instance: uuid.New(), moved: cfg.Wall,
		holders: map[id.Tenant]*holder{}, low: make(chan ahead, waiting),
		began: time.Now(), //nolint:forbidigo // the clock that only runs forward
	}
	if e.ttl == 0 {
		e.ttl = leaseDefault
	}
	e.ledger = ledger{
		pool: cfg.Pool, instance: e.instance, ttl: e.ttl, clock: cfg.Clock, makes: make(chan struct{}, 1), asks: make(chan struct{}, max(1, cfg.Pool.Stat().MaxConns()-spared)),
	}
	if e.ledger.clock == nil {
		e.ledger.clock = func(t time.Time) time.Time { return t }
	}
	for i := range e.paths {
		e.paths[i].m = map[pathKey]*path{}
	}
	return e, nil
}

// Trips is how often the engine has asked the database.
func (e *Engine) Trips() int64 { return e.ledger.trips.Load() }

// now is the time of the process, which a clock that is set does not move, and that of the wall.
func (e *Engine) now() (mono time.Duration, wall time.Time) {
	wall = time.Now() //nolint:forbidigo // leases are spent without a transaction to ask
	mono = wall.Sub(e.began)
	if e.moved != nil {
		wall = e.moved(wall)
	}
	return mono, wall
}

// reading is what the clock of the database said at a moment of the process, but for an error that is not larger than off.
type reading struct {
	mono time.Duration
	db   time.Time
	off  time.Duration
}

// at is the time of the database at a moment of the process.
func (r *reading) at(mono time.Duration) time.Time { return r.db.Add(mono - r.mono) }

// when is the moment of the process at a time of the database.
func (r *reading) when(t time.Time) time.Duration { return r.mono + t.Sub(r.db) }

// saw remembers what the clock of the database said between two moments, unless what is known is better: an answer that had to wait for a row
// says little. A reading loses a thousandth of its age.
func (e *Engine) saw(from time.Duration, db time.Time) {
	to, _ := e.now()
	next := &reading{from + (to-from)/2, db, (to - from) / 2}
	if r := e.clock.Load(); r == nil || next.off <= r.off+(to-r.mono)/1000 {
		e.clock.Store(next)
	}
}

// margin is how long before its end by the database a lease is spent no more.
func (e *Engine) margin() time.Duration { return e.ttl / 5 }

// turn is how long one id serves for the leases of a tenant: what holds were never settled is given up with it. It is also for how long rules
// are believed that nobody says have changed, and half of how long is remembered what nobody asks for.
func (e *Engine) turn() time.Duration { return 6 * e.ttl }

func (e *Engine) holder(tenant id.Tenant) *holder {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.holders[tenant]
	mono, _ := e.now()
	if h == nil {
		h = &holder{tenant: tenant, wallet: uuid.Must(uuid.NewV7()), born: mono, budgets: map[Budget]*budget{}, open: map[billing.Feature]*opened{}, newer: map[Budget]*span{}}
		e.holders[tenant] = h
	}
	h.touched = mono
	return h
}

// Drop has the next call of the tenant read its rules and grants anew, and ask again where it was refused. It is told of every change of a
// tenant, as snapshots are.
func (e *Engine) Drop(tenant id.Tenant) {
	e.mu.Lock()
	h := e.holders[tenant]
	e.mu.Unlock()
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropped++
	if h.rules != nil {
		h.rules.stale.Store(true)
		h.rules = nil
	}
	for _, b := range h.budgets {
		b.denied.Store(nil)
	}
}

// DropAll is Drop of all tenants: changes may have been missed.
func (e *Engine) DropAll() {
	e.mu.Lock()
	tenants := slices.Collect(maps.Keys(e.holders))
	e.mu.Unlock()
	for _, tenant := range tenants {
		e.Drop(tenant)
	}
}

// Take decides about a call and takes what it may use at most from all of its budgets, or from none. Far from the limits it asks nobody.
// A refusal is a decision and not an error.
func (e *Engine) Take(ctx context.Context, c Call) (Hold, Decision, error) {
	if c.Terms == nil || c.Quantity < 0 || c.Cost < 0 {
		return Hold{}, Decision{}, errors.New("quota: a call without terms, or of less than nothing")
	}
	if c.Terms.Meter.Aggregation == billing.Max {
		return e.most(c)
	}
	if c.Terms.Meter.Aggregation == billing.Unique {
		return e.unique(ctx, c)
	}
	var h Hold
	if p := e.lookup(&c); p != nil && e.try(p, &c, &h) {
		return h, Decision{Allowed: true}, nil
	}
	return e.ask(ctx, c)
}

// most decides about a meter of the largest quantity, of which nothing is used up.
func (e *Engine) most(c Call) (Hold, Decision, error) {
	n := c.Terms.Number
	d := Decision{Allowed: n.Unlimited || c.Quantity <= n.Value, State: State{Limit: n, Remaining: n.Value}}
	if !d.Allowed {
		d.ByPlan = true
		d.Budget = Budget{Tenant: c.Tenant, Meter: c.Meter, Measure: Quantity, Kind: OfTenant, Period: c.Terms.Meter.Period}
		d.Over = c.Terms.Meter.Limit == billing.Soft
		d.Allowed = d.Over
	}
	mono, wall := e.now()
	return Hold{At: e.at(mono, wall)}, d, nil
}

// try takes from the leases that there are. It looks at the clock after it has taken, so that a process that was stopped meanwhile
// notices.
func (e *Engine) try(p *path, c *Call, h *Hold) bool {
	var first *lease
	taken := 0
	for i, b := range p.budgets {
		n := c.amount(b.Measure)
		if n == 0 {
			taken++
			continue
		}
		l := b.lease.Load()
		if l == nil || first != nil && l.id != first.id {
			h.back(p, c, taken)
			return false
		}
		rest, ok := l.take(n)
		if !ok {
			h.back(p, c, taken)
			return false
		}
		if l.soon(rest) {
			e.foresee(p, b)
		}
		h.leases[i], first = l, l
		taken++
	}
	mono, wall := e.now()
	if !h.valid(mono, wall) || mono >= p.ends {
		h.back(p, c, taken)
		return false
	}
	e.hold(h, p, c, mono, wall)
	return true
}

// valid reports whether no lease of the hold has expired.
func (h *Hold) valid(mono time.Duration, wall time.Time) bool {
	for _, l := range h.leases {
		if l != nil && l.until.passed(mono, wall) {
			return false
		}
	}
	return true
}

// back gives back what was taken of the first n budgets.
func (h *Hold) back(p *path, c *Call, n int) {
	for i := range n {
		if l := h.leases[i]; l != nil {
			l.give(c.amount(p.budgets[i].Measure))
			h.leases[i] = nil
		}
	}
}

// hold completes a hold whose budgets are taken.
func (e *Engine) hold(h *Hold, p *path, c *Call, mono time.Duration, wall time.Time) {
	h.path, h.call, h.At = p, *c, e.at(mono, wall)
	for _, l := range h.leases {
		if l == nil {
			continue
		}
		h.Lease = l.id
		if c.Lasts > 0 {
			l.hold(mono + c.Lasts)
		}
	}
}

// at is the time of the database, or that of the process before the database was asked.
func (e *Engine) at(mono time.Duration, wall time.Time) time.Time {
	if r := e.clock.Load(); r != nil {
		return r.at(mono)
	}
	return wall
}
