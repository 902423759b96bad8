package quota

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

// family is what budgets of one kind have in common, whenever they begin.
func (b Budget) family() Budget {
	b.Starts = time.Time{}
	return b
}

// bounds are those of the period of a family that runs. Of a billing period they are what the newest version of the tenant says that this
// instance knows of, also by what others have made of it: of the family, or else of any, since another version may have moved each.
func (h *holder) bounds(family Budget, now time.Time, t *Terms) (starts, ends time.Time) {
	if family.Period == billing.Billing {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, of := range [...]Budget{family, {}} {
			switch s := h.newer[of]; {
			case s == nil || s.version <= t.Version || now.Before(s.starts):
			case now.Before(s.ends):
				return s.starts, s.ends
			default:
				return billing.Billing.Bounds(now, s.ends) // where the next has begun, as far as can be told
			}
		}
	}
	return family.Period.Bounds(now, t.Anchor)
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
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for of, s := range newer {
		h.newer[of] = s
		if last := h.newer[Budget{}]; last == nil || last.version <= s.version {
			h.newer[Budget{}] = s
		}
	}
	return nil
}

// former are budgets of other billing periods of which this instance has something that would be missed in that of the given ones.
func (h *holder) former(budgets []*budget) (list []*budget) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range budgets {
		if b.Period != billing.Billing {
			continue
		}
		for key, old := range h.budgets {
			if key.family() == b.family() && !key.Starts.Equal(b.Starts) && old.lease.Load() != nil {
				list = append(list, old)
			}
		}
	}
	return list
}
