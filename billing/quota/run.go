package quota

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// round is how often leases are looked after.
	round = 250 * time.Millisecond
	// still is after how many rounds without a call what is left goes back: within a second.
	still = 3
	// farewell bounds the giving back at the end.
	farewell = 5 * time.Second
)

// Run looks after the leases until ctx ends: it gives back what lies idle, keeps what calls still hold, and records thresholds. At the end
// it gives back everything.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(round)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
			defer cancel()
			e.tend(last, all)
			return nil
		case <-tick.C:
		}
		e.tend(ctx, idle)
		if n%int(time.Second/round) == 0 {
			if err := e.notify(ctx); err != nil && ctx.Err() == nil {
				e.log.WarnContext(ctx, "quota_not_notified", "error", err.Error())
			}
			e.forget()
		}
	}
}

// Return gives back all that this instance could still spend.
func (e *Engine) Return(ctx context.Context) { e.tend(ctx, all) }

// which says of what leases the rest goes back.
type which int

const (
	idle which = iota
	all
)

func (e *Engine) tend(ctx context.Context, what which) {
	for _, b := range e.budgets() {
		if ctx.Err() != nil {
			return
		}
		if err := e.look(ctx, b, what); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "quota_lease_not_returned", "meter", string(b.Meter), "error", err.Error())
			return
		}
	}
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

// look after one lease.
func (e *Engine) look(ctx context.Context, b *budget, what which) error {
	l := b.lease.Load()
	if l == nil {
		return nil
	}
	if left := l.left(); left != b.seen {
		b.seen, b.still = left, 0
	} else {
		b.still++
	}
	mono, _ := e.now()
	held := int64(mono) < l.keep.Load()
	due := mono > time.Duration(l.until.mono.Load())-e.ttl/2
	back := what == all || b.still >= still && l.left() > 0
	if keep := due && (held || b.still < still); !back && !keep {
		return nil
	}
	if err := b.lock(ctx); err != nil {
		return err
	}
	defer b.unlock()
	if b.lease.Load() != l {
		return nil
	}
	return e.renew(ctx, b, l, back, held)
}

// renew gives back what is left of a lease, or keeps it.
func (e *Engine) renew(ctx context.Context, b *budget, l *lease, back, held bool) error {
	from, wall := e.now()
	if l.until.passed(from, wall) {
		b.lease.Store(nil)
		return nil
	}
	var hand int64
	if back {
		hand = l.gather()
	}
	lost := false
	var now row
	e.ledger.trips.Add(1)
	err := e.ledger.pool.Tx(ctx, func(tx pgx.Tx) error {
		r, err := e.ledger.lock(ctx, tx, b.Budget)
		if err != nil {
			return err
		}
		now = r
		if hand > 0 {
			gone, err := e.ledger.giveBack(ctx, tx, b.Budget, l.id, hand)
			if err != nil {
				return err
			}
			now.leased -= gone
		}
		if held || !back {
			lost, err = e.ledger.lend(ctx, tx, b.Budget, l.id, 0)
		}
		e.saw(from, r.now)
		return err
	})
	switch {
	case err != nil || lost:
		b.lease.Store(nil) // whether it was given back is not known: what is left ends with the lease
	case held || !back:
		l.until.set(from+e.ttl-e.margin(), wall.Add(e.ttl-e.margin()))
	}
	if err == nil {
		b.learn(now.amount, now.used+now.leased)
	}
	b.last, b.asked = l.left(), from
	return err
}

// forget drops what nobody has asked for.
func (e *Engine) forget() {
	mono, _ := e.now()
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
	r := e.clock.Load()
	if r == nil {
		return
	}
	now := r.at(mono)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.holders {
		h.mu.Lock()
		for key, b := range h.budgets {
			if t := b.terms.Load(); b.lease.Load() == nil && now.After(t.ends.Add(turn)) {
				delete(h.budgets, key)
			}
		}
		h.mu.Unlock()
	}
}
