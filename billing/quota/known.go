package quota

import "github.com/seed-2a059015/gatehouse/billing"

// Known is what this instance knows, without asking, of the budget of a call that has the smallest part left: as of when the database was last
// asked, and what was spent here since. The Budget is zero if nothing limits the call, and ok is false if nothing is known.
func (e *Engine) Known(c Call) (d Decision, ok bool) {
	p := e.lookup(&c)
	if p == nil {
		return Decision{}, false
	}
	d.Allowed = true
	for _, b := range p.budgets {
		s := b.known.Load()
		if s == nil {
			continue
		}
		now := *s
		now.Used = max(0, s.Used-b.here())
		now.Remaining = max(0, s.Limit.Value-now.Used)
		if ok && !scarcer(now, d.State) {
			continue
		}
		d.Budget, d.ByPlan, d.State, ok = b.Budget, b.ofPlan(now), now, true
	}
	return d, ok || len(p.budgets) == 0
}

// scarcer compares by the part that is left: of money and calls the numbers cannot be.
func scarcer(a, b State) bool {
	return float64(a.Remaining)*float64(max(b.Limit.Value, 1)) < float64(b.Remaining)*float64(max(a.Limit.Value, 1))
}

// learn remembers what the database said of a budget.
func (b *budget) learn(amount, used int64) {
	b.known.Store(&State{
		Limit: billing.Number{Value: amount}, Used: used, Remaining: max(0, amount-used), ResetsAt: b.terms.Load().ends,
	})
}
