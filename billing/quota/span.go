package quota

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// bounds are those of the period that runs. Of a billing period they are what the newest version of the tenant says that this instance knows of,
// also by what others have made of it.
func (h *holder) bounds(p billing.Period, now time.Time, t *Terms) (starts, ends time.Time) {
	if p == billing.Billing {
		h.mu.Lock()
		s := h.newer
		h.mu.Unlock()
		if s != nil && s.version > t.Version && !now.Before(s.starts) && now.Before(s.ends) {
			return s.starts, s.ends
		}
	}
	return p.Bounds(now, t.Anchor)
}

// make makes the rows of budgets, or learns in which billing period others are.
func (e *Engine) make(ctx context.Context, h *holder, budgets []*budget) error {
	for _, b := range h.former(budgets) {
		select { // who asks for something of it may wait for what is asked for here
		case b.asking <- struct{}{}:
			err := e.tendLocked(ctx, b, all)
			b.unlock()
			if err != nil {
				return err
			}
		default:
		}
	}
	newer, err := e.ledger.make(ctx, budgets)
	if err != nil || newer == nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newer = newer
	return nil
}

// former are budgets of other billing periods of which this instance has something that would be missed in that of the given ones.
func (h *holder) former(budgets []*budget) (list []*budget) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range budgets {
		for key, old := range h.budgets {
			same := key
			if same.Starts = b.Starts; b.Period == billing.Billing && same == b.Budget && !key.Starts.Equal(b.Starts) && old.lease.Load() != nil {
				list = append(list, old)
			}
		}
	}
	return list
}
