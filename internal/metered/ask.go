package metered

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Ask is what [Meters.Reserve] would decide now, and what is used without the use that is asked about. It takes nothing. A meter of unique
// things cannot be asked: whether one counts is known once it is counted.
func (m *Meters) Ask(ctx context.Context, p *authn.Principal, u Use) (access.Decision, State, error) {
	c, d, err := m.call(p, u)
	if err != nil || d.Clause != "" {
		return d, State{}, err
	}
	ask := m.Quota.Ask
	switch c.Terms.Meter.Aggregation {
	case billing.Unique:
		return access.Decision{}, State{}, errs.InvalidField("meter", "This one counts unique things, and whether one is new is known once it is counted.")
	case billing.Max: // of which nothing is used up
		ask = func(ctx context.Context, c quota.Call) (quota.Decision, error) {
			_, of, err := m.Quota.Take(ctx, c)
			return of, err
		}
	case billing.Sum, billing.Count:
	}
	of, err := ask(ctx, c)
	if err != nil {
		return access.Decision{}, State{}, unavailable(err)
	}
	state := stateOf(c, of)
	state.Unlimited = state.Limit == nil
	if !of.Allowed {
		return m.refused(p, u, c, of), state, nil
	}
	return access.Decision{}, state, nil
}
