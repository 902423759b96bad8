package quota

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	// roundEvery is how often leases are looked after; short ones more often.
	roundEvery = 250 * time.Millisecond
	// still is after how many rounds without a call what is left goes back: within a second.
	still = 3
	// farewell bounds the giving back at the end.
	farewell = 5 * time.Second
)

// Run looks after the leases until ctx ends: it gives back what lies idle, keeps what calls still hold, and records thresholds. At the end
// it gives back everything.
func (e *Engine) Run(ctx context.Context) error {
	var told sync.WaitGroup
	told.Go(func() { e.fillUp(ctx) })
	told.Go(func() { e.tell(ctx) }) // which may take longer than leases can wait
	defer told.Wait()
	var group errgroup.Group
	group.SetLimit(cap(e.ledger.asks))
	tick := time.NewTicker(min(roundEvery, e.ttl/8))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
			defer cancel()
			_ = group.Wait() // nothing fails that is not logged
			e.Return(last)
			return nil
		case <-tick.C:
		}
		e.round(ctx, &group)
	}
}

// tell records thresholds, and forgets what nobody asks for.
func (e *Engine) tell(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.notify(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "quota_not_notified", "error", err.Error())
		}
		e.forget()
	}
}

// which says of what leases the rest goes back.
type which int

const (
	idle which = iota
	all
)

// Return gives back all that this instance could still spend.
func (e *Engine) Return(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(cap(e.ledger.asks))
	for _, b := range e.budgets() {
		if ctx.Err() == nil && e.needs(b, all) {
			group.Go(func() error { e.tend(ctx, b, all); return nil })
		}
	}
	_ = group.Wait() // nothing fails that is not logged
}

// round begins to look after the leases that need it, several at a time, and waits for none: one whose row is locked must not keep those of
// others until they are over. What finds no place is for the next round.
func (e *Engine) round(ctx context.Context, group *errgroup.Group) {
	for _, b := range e.budgets() {
		b.notice()
		if ctx.Err() != nil || e.ledger.breaker.resting() || !e.needs(b, idle) || !b.tended.CompareAndSwap(false, true) {
			continue
		}
		begun := group.TryGo(func() error {
			defer b.tended.Store(false)
			e.tend(ctx, b, idle)
			return nil
		})
		if !begun {
			b.tended.Store(false)
		}
	}
}

func (e *Engine) tend(ctx context.Context, b *budget, what which) {
	if err := e.tendTo(ctx, b, what); err != nil && ctx.Err() == nil {
		e.log.WarnContext(ctx, "quota_lease_not_returned", "meter", string(b.Meter), "error", err.Error())
	}
}

// needs says that something is to be done about leases of a budget.
func (e *Engine) needs(b *budget, what which) bool {
	l := b.lease.Load()
	return l != nil && e.due(b, l, what) || b.old.Load() > 0
}

func (e *Engine) budgets() (list []*budget) {
	e.mu.Lock()
	holders := make([]*holder, 0, len(e.holders))
	for _, h := range e.holders {
		holders = append(holders, h)
	}
	e.mu.Unlock()
	for _, h := range holders {
		h.mu.Lock()
		for _, b := range h.budgets {
			list = append(list, b)
		}
		h.mu.Unlock()
	}
	return list
}

// tendTo looks after the leases of one budget.
func (e *Engine) tendTo(ctx context.Context, b *budget, what which) error {
	if !e.needs(b, what) {
		return nil
	}
	if err := b.lock(ctx); err != nil {
		return err
	}
	defer b.unlock()
	return e.tendLocked(ctx, b, what)
}

func (e *Engine) tendLocked(ctx context.Context, b *budget, what which) (err error) {
	if l := b.lease.Load(); l != nil && e.due(b, l, what) {
		err = e.renew(ctx, b, l, what)
	}
	return errors.Join(err, e.tendToOld(ctx, b, what))
}

// notice counts the rounds in which nobody took anything.
func (b *budget) notice() {
	if left := b.here(); left != b.seen {
		b.seen = left
		b.still.Store(0)
	} else {
		b.still.Add(1)
	}
}

// due says that something is to be done about a lease.
func (e *Engine) due(b *budget, l *lease, what which) bool {
	mono, wall := e.now()
	quiet := b.still.Load() >= still
	switch {
	case l.until.passed(mono, wall), what == all:
		return true
	case quiet && l.left() > 0:
		return true
	}
	return mono > time.Duration(l.until.mono.Load())-e.ttl/2 && (l.held(mono) || !quiet)
}

// renew gives back what is left of a lease that nobody takes from, and has it last while it is used or held.
func (e *Engine) renew(ctx context.Context, b *budget, l *lease, what which) error {
	from, wall := e.now()
	if l.until.passed(from, wall) {
		b.lease.Store(nil) // what is left of it is the sweep's
		return nil
	}
	back := what == all || b.still.Load() >= still
	lost, err := e.extend(ctx, b, l, back, !back || l.held(from))
	if err != nil || lost {
		b.replaced(l, from) // whether it was given back is not known: what is left ends with the lease
	}
	b.last, b.asked = l.left(), from
	return err
}

// tendToOld keeps leases that were replaced for as long as calls hold something of them, and gives back what those do not use.
func (e *Engine) tendToOld(ctx context.Context, b *budget, what which) (err error) {
	mono, wall := e.now()
	kept := b.kept[:0]
	for _, l := range b.kept {
		if l.until.passed(mono, wall) {
			continue
		}
		held, lost := l.held(mono), false
		if back, keep := l.left() > 0 || what == all, held && mono > time.Duration(l.until.mono.Load())-e.ttl/2; err == nil && (back || keep) {
			lost, err = e.extend(ctx, b, l, true, keep)
		}
		if held && !lost {
			kept = append(kept, l)
		}
	}
	clear(b.kept[len(kept):])
	b.kept = kept
	b.old.Store(int32(len(kept)))
	return err
}

// extend gives back what is left of a lease, has it last, or both.
func (e *Engine) extend(ctx context.Context, b *budget, l *lease, back, last bool) (lost bool, err error) {
	from, wall := e.now()
	var hand int64
	if back {
		hand = l.gather()
	}
	if hand == 0 && !last {
		return false, nil
	}
	var r row
	err = e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		of, locked, err := e.ledger.lockOf(ctx, tx, b.Budget, l.id)
		if errors.Is(err, errNoRow) { // another has replaced it, after the lease was swept
			lost = true
			return nil
		}
		if err != nil {
			return err
		}
		r = locked
		if hand > 0 {
			gone, err := e.ledger.giveBack(ctx, tx, of, l.id, hand)
			if err != nil {
				return err
			}
			r.leased -= gone
		}
		if last {
			lost, err = e.ledger.lend(ctx, tx, of, l.id, 0)
		}
		return err
	})
	if err != nil || r.now.IsZero() {
		return lost, err
	}
	e.saw(from, r.now)
	if last && !lost {
		l.until.set(from+e.ttl-e.margin(), wall.Add(e.ttl-e.margin()))
	}
	b.learn(r.amount, r.total())
	return lost, nil
}

// forget drops what nobody has asked for.
func (e *Engine) forget() {
	mono, wall := e.now()
	for i := range e.paths {
		s := &e.paths[i]
		s.Lock()
		for k, p := range s.m {
			if p.off() || mono >= p.ends {
				delete(s.m, k)
			}
		}
		s.Unlock()
	}
	at, long := e.at(mono, wall), mono-2*e.turn() // longer than any path lasts
	e.mu.Lock()
	defer e.mu.Unlock()
	for tenant, h := range e.holders {
		if h.forget(long, at) && h.touched < long {
			delete(e.holders, tenant)
		}
	}
}

// forget drops budgets that have not been asked for since, and says that nothing is left.
func (h *holder) forget(since time.Duration, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, b := range h.budgets {
		if b.touched < since && b.lease.Load() == nil && b.old.Load() == 0 {
			delete(h.budgets, key)
		}
	}
	for meter, o := range h.open {
		if now.After(o.ends) {
			delete(h.open, meter)
		}
	}
	maps.DeleteFunc(h.newer, func(_ Budget, s *span) bool { return now.After(s.ends) })
	return len(h.budgets)+len(h.open) == 0
}

// Kept is how many tenants and budgets the engine remembers: those in use, and for two minutes others.
func (e *Engine) Kept() (tenants, budgets int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.holders {
		h.mu.Lock()
		budgets += len(h.budgets)
		h.mu.Unlock()
	}
	return len(e.holders), budgets
}
