package quota

import (
	"time"
)

// Settle says what the call has used in the end. What it used less goes back to its budgets; what it used more is taken from them where there
// is any, and is recorded all the same: the fold marks it as covered by no lease. The event of the call carries the same figures.
func (h *Hold) Settle(quantity, cost int64) {
	if h.path == nil {
		return
	}
	spent := h.call
	spent.Quantity, spent.Cost = quantity, cost
	h.settle(&spent)
}

// Release gives back all that the call had taken: it has used nothing, and there is no event of it.
func (h *Hold) Release() {
	if h.path == nil {
		return
	}
	for i, b := range h.path.budgets {
		if l := h.leases[i]; l != nil {
			b.giveBack(l, h.call.amount(b.Measure))
		}
	}
	h.ended()
	*h = Hold{}
}

func (h *Hold) settle(spent *Call) {
	for i, b := range h.path.budgets {
		l := h.leases[i]
		if l == nil {
			continue
		}
		switch n := h.call.amount(b.Measure) - spent.amount(b.Measure); {
		case n > 0:
			b.giveBack(l, n)
		case n < 0:
			l.takeMost(-n)
		}
	}
	h.ended()
	h.path = nil
}

// ended lets go of the leases that had to last.
func (h *Hold) ended() {
	if h.call.Lasts <= 0 {
		return
	}
	for _, l := range h.leases {
		if l != nil {
			l.holds.Add(-1)
		}
	}
}

// giveBack puts into a lease what was taken of it. Nobody reaches one that is over.
func (b *budget) giveBack(l *lease, n int64) {
	l.give(n)
	if b.denied.Load() != nil {
		b.denied.Store(nil)
	}
}

// unchecked admits n of a meter without the database, if the cap of its period has room, and returns what was admitted so. A clock that is set
// back begins no period anew.
func (h *holder) unchecked(c *Call, n int64, now time.Time) (admitted int64, ok bool) {
	starts, ends := c.Terms.Meter.Period.Bounds(now, c.Terms.Anchor)
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.open[c.Meter]
	if o == nil || starts.After(o.starts) {
		o = &opened{starts: starts, ends: ends}
		h.open[c.Meter] = o
	}
	if ok = n <= c.Terms.Meter.Cap-o.n; ok {
		o.n += n
	}
	return o.n, ok
}

// opened is what was admitted of a meter without the database.
type opened struct {
	starts, ends time.Time
	n            int64
}
