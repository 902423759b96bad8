package quota

import "context"

// ahead is a budget whose lease is about to be used up, and of which more is asked for before calls have to wait.
type ahead struct {
	path *path
	*budget
}

// waiting bounds how many are to be filled up. For more there is no hurry: calls ask themselves.
const waiting = 256

// foresee has the lease of a budget filled up, if nobody is about to.
func (e *Engine) foresee(p *path, b *budget) {
	if b.foreseen.Load() || !b.foreseen.CompareAndSwap(false, true) {
		return
	}
	select {
	case e.low <- ahead{p, b}:
	default:
		b.foreseen.Store(false)
	}
}

// fillUp fills up leases until ctx ends.
func (e *Engine) fillUp(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-e.low:
			// What fails here is asked for again by a call, which says so.
			_ = e.ahead(ctx, a)
			a.foreseen.Store(false)
		}
	}
}

// ahead fills up a lease that is still spent from. It does nothing where that might be decided otherwise by now.
func (e *Engine) ahead(ctx context.Context, a ahead) error {
	select {
	case a.asking <- struct{}{}:
	default: // who asks fills it
		return nil
	}
	defer a.unlock()
	l := a.lease.Load()
	from, wall := e.now()
	if l == nil || l.until.passed(from, wall) || l.left() > l.spare() || a.path.off() || from >= a.path.ends {
		return nil
	}
	g := &turnstile{budget: a.budget, terms: a.terms.Load(), lease: l, hand: l.left()}
	if !unchanged(a.path, []*turnstile{g}) {
		return nil
	}
	results, err := e.ledger.draw(ctx, []drawing{{a.budget, l.id, 0, g.want(from) - g.hand}})
	if err != nil {
		return err
	}
	switch r := results[0]; {
	case r.changed, r.over:
	case r.lost:
		a.lease.Store(nil) // all of it is the sweep's
	case r.n > 0:
		a.learn(r.amount, r.total())
		l.until.set(from+e.ttl-e.margin(), wall.Add(e.ttl-e.margin()))
		a.last, a.asked = l.left()+r.n, from
		l.spread(r.n, 1)
		e.saw(from, r.now)
	}
	return nil
}

// early is the part of a lease at which more is asked for.
const early = 4

// spare is about what is left of a lease when more is asked for ahead.
func (l *lease) spare() int64 { return 2 * shards * l.low.Load() }

// soon says that so little is left of a shard that more is to be asked for. A small lease is not filled up ahead: others need it too.
func (l *lease) soon(rest int64) bool { return rest < l.low.Load() }
