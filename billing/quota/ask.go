package quota

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

const (
	// pace is for how long a lease should do.
	pace = 250 * time.Millisecond
	// first is how much more than it needs an instance asks for whose pace is not known.
	first = 64
	// refused and shared are for how long a refusal is believed: where all is used, and at first where others may give back.
	refused = 250 * time.Millisecond
	shared  = 20 * time.Millisecond
)

// tries are how often a call begins anew: while the database is slow, a billing period may move more than once, and each budget by itself.
const tries = 10

// errAgain says that the ground has moved: a period has ended, or a lease was gone. Whoever meets it each time is told to try again.
var errAgain = errs.New(errs.Unavailable, "try_again", "Two changes met. Nothing was changed; try again.")

// ask decides about a call with the help of the database.
func (e *Engine) ask(ctx context.Context, c Call) (h Hold, d Decision, err error) {
	for range tries {
		p := e.lookup(&c)
		if mono, _ := e.now(); p == nil || mono >= p.ends {
			if p, err = e.build(ctx, &c); err != nil {
				return e.without(ctx, c, err)
			}
		}
		if p.signpost { // raced with a change of the rules
			err = errAgain
			continue
		}
		h, d, err = e.agree(ctx, p, &c)
		if !errors.Is(err, errAgain) {
			break
		}
		p.void.Store(true)
	}
	if err != nil {
		return e.without(ctx, c, err)
	}
	return h, d, nil
}

// without decides where the database cannot be asked. One that gives another answer each time can be.
func (e *Engine) without(ctx context.Context, c Call, err error) (Hold, Decision, error) {
	m := c.Terms.Meter
	if ctx.Err() != nil || errs.As(err).Kind != errs.Unavailable || errors.Is(err, errAgain) {
		return Hold{}, Decision{}, err
	}
	if m.Limit != billing.Soft && m.Unavailable != billing.Open {
		return Hold{}, Decision{}, err
	}
	d := Decision{Allowed: true, Unchecked: true}
	mono, wall := e.now()
	at := e.at(mono, wall)
	if m.Limit != billing.Soft {
		var spent int64
		spent, d.Allowed = e.holder(c.Tenant).unchecked(&c, c.amount(plain(m)), at)
		d.State = State{Limit: billing.Number{Value: m.Cap}, Used: spent, Remaining: max(0, m.Cap-spent)}
	}
	return Hold{At: at}, d, nil
}

// turnstile is one budget of a call while it is asked for.
type turnstile struct {
	*budget
	terms   *terms
	n, hand int64 // wanted, and taken out of the lease meanwhile
	took    bool  // what was wanted, out of lease
	lease   *lease
	old     *lease // of another id, to be given back
	over    *denial
}

// agree takes from all budgets of a path: what this instance has, and what the database lends.
func (e *Engine) agree(ctx context.Context, p *path, c *Call) (Hold, Decision, error) {
	mono, _ := e.now()
	for _, b := range p.budgets {
		n := c.amount(b.Measure)
		if d := b.denied.Load(); d != nil && mono < d.until && n >= d.n && b.here() < n && !b.terms.Load().soft {
			return Hold{}, Decision{Budget: b.Budget, ByPlan: b.ofPlan(d.State), State: d.State}, nil
		}
	}
	for i, b := range p.budgets {
		if err := b.lock(ctx); err != nil {
			for _, locked := range p.budgets[:i] {
				locked.unlock()
			}
			return Hold{}, Decision{}, err
		}
	}
	defer func() {
		for _, b := range p.budgets {
			b.unlock()
		}
	}()
	gates, lacking := e.gates(p, c)
	if len(lacking) > 0 {
		if err := e.refill(ctx, p, lacking); err != nil {
			undo(gates)
			return Hold{}, Decision{}, err
		}
	}
	return e.pass(p, c, gates)
}

// gates takes what can be taken here, and returns all budgets that are asked for something, and those that lack it.
func (e *Engine) gates(p *path, c *Call) (all, lacking []*turnstile) {
	mono, wall := e.now()
	expired := false
	for _, b := range p.budgets {
		l := b.lease.Load()
		expired = expired || l != nil && l.until.passed(mono, wall) && l.left() > 0
	}
	wallet := p.holder.current(mono, e.turn(), expired)
	for _, b := range p.budgets {
		g := &turnstile{budget: b, terms: b.terms.Load(), n: c.amount(b.Measure)}
		all = append(all, g)
		if g.n == 0 {
			continue
		}
		switch l := b.lease.Load(); {
		case l == nil:
		case l.until.passed(mono, wall):
			b.lease.Store(nil) // what is left of it is the sweep's
		case l.id != wallet || b.agreed != g.terms: // what changed may have become less
			b.replaced(l, mono)
			g.old, g.hand = l, l.gather()
		default:
			if _, ok := l.take(g.n); ok {
				g.lease, g.took = l, true
				continue
			}
			if g.hand = l.gather(); g.hand >= g.n {
				l.spread(g.hand-g.n, g.n)
				g.lease, g.hand, g.took = l, 0, true
				continue
			}
			g.lease = l
		}
		if d := b.denied.Load(); d != nil && mono < d.until && g.n >= d.n && g.old == nil {
			g.over = d // a soft one
			if g.lease != nil {
				g.lease.spread(g.hand, g.n)
			}
			g.lease, g.hand = nil, 0
			continue
		}
		lacking = append(lacking, g)
		g.lent(wallet)
	}
	return all, lacking
}

// lent gives the gate a lease to fill, with the id that the call's leases have in common.
func (g *turnstile) lent(wallet uuid.UUID) {
	if g.lease == nil {
		g.lease = &lease{id: wallet}
	}
}

// undo puts back what was taken.
func undo(gates []*turnstile) {
	for _, g := range gates {
		switch {
		case g.took:
			g.lease.give(g.n)
		case g.lease != nil && g.budget.lease.Load() == g.lease:
			g.lease.spread(g.hand, g.n)
		case g.old != nil && g.hand > 0:
			g.keep(g.old)
			g.old.give(g.hand) // which goes back with the next round
		}
		g.took, g.hand = false, 0
	}
}

// refill asks the database for what gates lack.
func (e *Engine) refill(ctx context.Context, p *path, lacking []*turnstile) (err error) {
	from, wall := e.now()
	again := false
	if unchanged(p, lacking) {
		if lacking, again, err = e.drawn(ctx, lacking, from, wall); err != nil {
			return err
		}
	}
	if len(lacking) > 0 {
		results := make([]lending, len(lacking))
		err := e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			for i, g := range lacking {
				var err error
				if results[i], err = e.lend(ctx, tx, p, g, from); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.Is(err, errNoRow) {
			missing := make([]*budget, len(lacking))
			for i, g := range lacking {
				missing[i] = g.budget
			}
			if err = e.make(ctx, p.holder, missing); err == nil {
				err = errAgain
			}
		}
		if err != nil {
			return err
		}
		again = e.filled(lacking, results, from, wall) || again
	}
	if again {
		return errAgain
	}
	return nil
}

// unchanged reports whether nothing of the gates has changed since they were last asked for.
func unchanged(p *path, gates []*turnstile) bool {
	for _, g := range gates {
		if g.old != nil || g.agreed != g.terms || g.terms.byPlan && len(p.rules.grants[g.Meter]) > 0 {
			return false
		}
	}
	return true
}

// drawn fills gates of which nothing has changed, and returns the others.
func (e *Engine) drawn(ctx context.Context, gates []*turnstile, from time.Duration, wall time.Time) (changed []*turnstile, again bool, err error) {
	list := make([]drawing, len(gates))
	for i, g := range gates {
		list[i] = drawing{g.budget, g.lease.id, g.n - g.hand, g.want(from)}
	}
	results, err := e.ledger.draw(ctx, list)
	if err != nil {
		return nil, false, err
	}
	var lent []*turnstile
	var shares []lending
	for i, g := range gates {
		if r := results[i]; r.changed {
			changed = append(changed, g)
		} else {
			r.lost = r.lost && g.budget.lease.Load() == g.lease
			lent, shares = append(lent, g), append(shares, r)
		}
	}
	return changed, len(lent) > 0 && e.filled(lent, shares, from, wall), nil
}

// filled puts into the gates what was lent, and says that the call has to begin anew.
func (e *Engine) filled(gates []*turnstile, results []lending, from time.Duration, wall time.Time) (again bool) {
	for i, g := range gates {
		e.fill(g, results[i], from, wall)
		again = again || results[i].lost || results[i].over
	}
	e.saw(from, results[len(results)-1].now)
	return again
}

// lending is what the database said about one budget.
type lending struct {
	row
	n    int64 // lent
	ok   bool  // enough for the call
	lost bool  // the lease that was to grow was gone
	over bool  // the period is
	// returned says that what the instance had of an old lease is given back.
	returned bool
	// changed says that the budget is another than who asked knew, and nothing was lent.
	changed bool
}

// lend decides how much this instance gets of a budget: as much as it uses in a moment, and a share of what is left that becomes smaller with it.
func (e *Engine) lend(ctx context.Context, tx pgx.Tx, p *path, g *turnstile, mono time.Duration) (r lending, err error) {
	if r.row, err = e.ledger.open(ctx, tx, g.Budget, g.terms); err != nil {
		return r, err
	}
	if !r.now.Before(g.terms.ends) {
		r.over = true
		return r, nil
	}
	if err := e.ledger.amount(ctx, tx, g.Budget, g.terms, &r.row, p.rules.grants[g.Meter]); err != nil {
		return r, err
	}
	hand := g.hand
	if g.old != nil {
		back, err := e.ledger.giveBack(ctx, tx, g.Budget, g.old.id, g.hand)
		if err != nil {
			return r, err
		}
		r.leased -= back
		r.returned, hand = true, 0
	}
	avail := r.avail()
	need := g.n - hand
	if avail < need {
		return r, nil
	}
	r.ok = true
	r.n = max(need, min(g.want(mono), avail/(2*(r.others+1))))
	first, err := e.ledger.lend(ctx, tx, g.Budget, g.lease.id, r.n)
	if err != nil {
		return r, err
	}
	r.leased += r.n
	r.lost = first && g.budget.lease.Load() == g.lease
	return r, nil
}

// want is how much the instance uses in a moment.
func (g *turnstile) want(mono time.Duration) int64 {
	if g.budget.lease.Load() != g.lease || g.asked == 0 || mono <= g.asked {
		return g.n * first
	}
	used := float64(max(g.last-g.hand, 0)) + float64(g.n)
	return int64(min(used*float64(pace)/float64(max(mono-g.asked, time.Microsecond)), 1<<52))
}

// fill puts what was lent into the lease.
func (e *Engine) fill(g *turnstile, r lending, from time.Duration, wall time.Time) {
	if r.returned {
		g.hand = 0
	}
	if r.over {
		return
	}
	if r.lost {
		g.budget.lease.Store(nil) // all of it is the sweep's, also what was lent now
		return
	}
	if !r.ok {
		e.deny(g, r)
		if g.budget.lease.Load() == g.lease {
			g.lease.spread(g.hand, g.n)
		}
		g.lease, g.hand = nil, 0
		return
	}
	g.denied.Store(nil)
	g.agreed, g.amount, g.version = g.terms, r.amount, r.version
	g.learn(r.amount, r.total())
	g.lease.until.set(from+e.ttl-e.margin(), wall.Add(e.ttl-e.margin()))
	g.last, g.asked = g.hand+r.n-g.n, from
	g.lease.spread(g.last, g.n)
	g.hand, g.took = 0, true
	g.budget.lease.Store(g.lease)
}

// deny remembers a refusal for a moment.
func (e *Engine) deny(g *turnstile, r lending) {
	mono, _ := e.now()
	believed := refused
	if last := g.denied.Load(); r.leased > 0 {
		if believed = shared; last != nil {
			believed = min(2*last.believed, refused)
		}
	}
	used := r.total() - g.hand
	g.over = &denial{g.n, mono + believed, believed, State{
		Limit: billing.Number{Value: r.amount}, Used: used, Remaining: max(0, r.amount-used), ResetsAt: g.terms.ends,
	}}
	g.denied.Store(g.over)
	g.known.Store(&g.over.State)
}

// pass lets the call through if no hard budget is over.
func (e *Engine) pass(p *path, c *Call, gates []*turnstile) (h Hold, d Decision, err error) {
	d.Allowed = true
	for i, g := range gates {
		h.leases[i] = g.lease
		if g.over == nil {
			continue
		}
		d.Budget, d.ByPlan, d.State, d.Over = g.Budget, g.ofPlan(g.over.State), g.over.State, true
		if !g.terms.soft {
			undo(gates)
			return Hold{}, Decision{Budget: d.Budget, ByPlan: d.ByPlan, State: d.State}, nil
		}
	}
	mono, wall := e.now()
	if !h.valid(mono, wall) {
		undo(gates)
		return Hold{}, Decision{}, errAgain
	}
	e.hold(&h, p, c, mono, wall)
	return h, d, nil
}
