package metered

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Reservation is a use that any process may settle. Nothing of it is kept here: whoever made it holds on to it ([Tickets]).
type Reservation struct {
	ID    id.Reservation // also the key of its event, which therefore counts once
	Lease uuid.UUID      // of its event; zero if no budget lends anything for it
	// Kept says that the database keeps what it holds. Otherwise it holds nothing.
	Kept          bool
	Meter         billing.Feature
	Quantity      int64
	Cost          int64
	At, ExpiresAt time.Time
	By            authn.Principal // to whom the event is attributed, as they were
}

// Reserve is [Meters.Take] of a use that any process may settle within u.Lasts. Of a meter that is no sum there is nothing to be reserved: it is
// decided, and counted if its things are, and the reservation is nil.
func (m *Meters) Reserve(ctx context.Context, p *authn.Principal, u Use) (*Reservation, access.Decision, State, error) {
	c, d, err := m.call(p, u)
	if err != nil || d.Clause != "" {
		return nil, d, State{}, err
	}
	if !c.Terms.Meter.Aggregation.Adds() {
		_, d, state, err := m.take(ctx, p, u, c)
		return nil, d, state, err
	}
	made, of, err := m.Quota.Reserve(ctx, c, u.Lasts)
	if err != nil {
		return nil, access.Decision{}, State{}, unavailable(err)
	}
	state := stateOf(c, of)
	if !of.Allowed {
		return nil, m.refused(p, u, c, of), state, nil
	}
	state.Unlimited = state.Limit == nil && !state.Unchecked
	r := &Reservation{
		ID: made.ID, Kept: made.Held, Meter: c.Meter, Quantity: c.Quantity, Cost: c.Cost, At: made.At, ExpiresAt: made.ExpiresAt, By: *p,
	}
	if made.Held {
		r.Lease = made.ID.UUID()
	}
	return r, access.Decision{}, state, nil
}

// expired says that what was held is held no longer. What held nothing cannot be too late.
func (r *Reservation) expired(now time.Time) bool {
	return r.Lease != uuid.Nil && now.After(r.ExpiresAt)
}

// Settled is what became of a reservation.
type Settled struct {
	usage.Outcome

	Late  bool // it had expired: what it held may have been lent to others, and is counted all the same
	Above bool // more was used than was reserved
}

// Settle records what a reserved use came to, and gives back the rest. Attribution, meter, time, key and lease of the event are those of the
// reservation, so that settling twice counts once.
func (m *Meters) Settle(ctx context.Context, r *Reservation, e usage.Event) (Settled, error) {
	e = e.By(&r.By)
	e.Key, e.Meter, e.At, e.Lease = r.ID.UUID().String(), string(r.Meter), r.At, r.Lease
	outcomes, err := m.Usage.Record(ctx, e)
	if err != nil {
		return Settled{}, err
	}
	out := Settled{Outcome: outcomes[0]}
	if out.Status == usage.Accepted {
		out.Late, out.Above = r.expired(m.Access.Now()), e.Quantity > r.Quantity
	}
	if !r.Kept || out.Status == usage.Refused {
		return out, nil
	}
	quantity, cost := e.Quantity, m.cost(r, e)
	if out.Status == usage.Duplicate {
		// The first time may have said something else, and may have failed before it gave anything back: nothing is given back by our figures.
		quantity, cost = r.Quantity, r.Cost
	}
	s, err := m.Quota.Settle(ctx, r.By.Tenant, r.ID, quantity, cost)
	if err != nil {
		return out, nil //nolint:nilerr // it is recorded, and what is left comes back when the reservation expires
	}
	if out.Status == usage.Accepted {
		out.Late, out.Above = s.Late || s.Repeated, s.Above // one that was released before holds nothing either
	}
	return out, nil
}

// Above says whether an event comes to more than was reserved for it.
func (m *Meters) Above(r *Reservation, e usage.Event) bool {
	return e.Quantity > r.Quantity || m.cost(r, e) > r.Cost
}

// cost is what the event says that it cost.
func (m *Meters) cost(r *Reservation, e usage.Event) int64 {
	terms, known, err := m.Access.Metered(&r.By, r.Meter)
	if err != nil || !known {
		return max(e.Cost, r.Cost)
	}
	cost, _ := priced(terms, Use{Quantity: e.Quantity, Cost: e.Cost})
	return cost
}

// Release gives back what a reservation holds: nothing was used. Of one that was settled before, or has expired, it changes nothing.
func (m *Meters) Release(ctx context.Context, r *Reservation) (quota.Settlement, error) {
	if !r.Kept {
		return quota.Settlement{Late: r.expired(m.Access.Now())}, nil
	}
	s, err := m.Quota.Cancel(ctx, r.By.Tenant, r.ID)
	if err != nil {
		return quota.Settlement{}, unavailable(err)
	}
	return s, nil
}
