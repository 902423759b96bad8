package quota

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
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
			l.take(-n)
		}
	}
	h.path = nil
}

// giveBack puts into a lease what was taken of it. Nobody reaches one that is over.
func (b *budget) giveBack(l *lease, n int64) {
	l.give(n)
	if b.denied.Load() != nil {
		b.denied.Store(nil)
	}
}

// unchecked counts what was admitted of a meter in its period without the database.
func (h *holder) unchecked(meter billing.Feature, n int64, m billing.Meter, now time.Time) int64 {
	starts, _ := m.Period.Bounds(now, time.Time{})
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.open[meter]
	if o == nil || !o.starts.Equal(starts) {
		o = &opened{starts: starts}
		h.open[meter] = o
	}
	if o.n+n <= m.Cap {
		o.n += n
		return o.n
	}
	return o.n + n
}

// opened is what was admitted of a meter without the database.
type opened struct {
	starts time.Time
	n      int64
}
