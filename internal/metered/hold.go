package metered

import (
	"context"
	"errors"
	"sync"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Hold is what one use has taken of its budgets. It is settled or released once; its methods are safe for concurrent use.
type Hold struct {
	meters    *Meters
	principal *authn.Principal
	use       Use
	call      quota.Call
	state     State

	mu    sync.Mutex
	taken quota.Hold
	key   string // of the event, from the first attempt to record it
	asked bool   // an attempt to record it may have succeeded without our hearing so
	done  bool
}

// ErrOver says that a hold was settled or released before.
var ErrOver = errors.New("the hold is settled or released")

// Answer is what the engine said when the hold was taken: on most calls nothing but that it is allowed.
func (h *Hold) Answer() State { return h.state }

// State is that of the budget that decided, or else of the one that has least left, as far as it is known here.
func (h *Hold) State() State {
	if h.state.Limit != nil || h.state.Unchecked {
		return h.state
	}
	d, known := h.meters.Quota.Known(h.call)
	s := stateOf(h.call, d)
	s.Unlimited = known && s.Budget == nil
	return s
}

// Settle records what was used and then gives back the rest. Attribution, meter, time and lease of the event are those of the hold. After an
// error it may be called again, which counts once all the same: such as that of another currency than the meter's. A refused event gives back
// everything.
func (h *Hold) Settle(ctx context.Context, e usage.Event) (usage.Outcome, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return usage.Outcome{}, ErrOver
	}
	if h.key == "" {
		if h.key = e.Key; h.key == "" {
			h.key = id.At[id.Request](h.meters.Access.Now()).UUID().String()
		}
	}
	e = e.By(h.principal)
	e.Key, e.Meter, e.At, e.Lease = h.key, string(h.use.Meter), h.taken.At, h.taken.Lease
	if e.Subject == "" {
		e.Subject = h.use.Subject
	}
	outcomes, err := h.meters.Usage.Record(ctx, e)
	if err != nil {
		h.asked = h.asked || !errors.Is(err, usage.ErrFull) && !errors.Is(err, usage.ErrClosed) && !errors.Is(err, usage.ErrTooMany)
		return usage.Outcome{}, err
	}
	if why := outcomes[0].Refusal; why != nil && why.Code == usage.CurrencyMismatch { // by the meter as it is now, which may not be that of the hold
		return usage.Outcome{}, Mismatch(why)
	}
	h.done = true
	spent, _ := priced(h.call.Terms, Use{Quantity: e.Quantity, Cost: e.Cost})
	switch o := outcomes[0]; {
	case o.Status == usage.Accepted:
		h.taken.Settle(e.Quantity, spent)
	case o.Status == usage.Duplicate && h.asked: // by this very hold, with figures that may have been others
		h.taken.Settle(h.call.Quantity, h.call.Cost)
	default:
		h.taken.Release()
	}
	return outcomes[0], nil
}

// Release gives back everything: nothing was used.
func (h *Hold) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return
	}
	h.done = true
	if h.asked {
		h.taken.Settle(h.call.Quantity, h.call.Cost) // its event may be there
		return
	}
	h.taken.Release()
}
