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
	newer, err := e.ledger.make(ctx, budgets)
	if err != nil || newer == nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newer = newer
	return nil
}
