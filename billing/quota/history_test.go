package quota_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// history is a random one of a tenant on several instances, beside a model that only adds up.
type history struct {
	*rig

	random       *rand.Rand
	limit        int64
	call         quota.Call
	engines      []*quota.Engine
	holds        []pending
	reservations []pending
	recorded     int64 // of all events
	excess       int64 // of events that came late or were above what was taken for them: nothing could keep them within the limit
	steps        []string

	moves bool           // the tenant's billing begins now at this time and now at that
	heard []*quota.Terms // by each engine, if it moves
}

// pending is a call that was let through and has not ended.
type pending struct {
	hold     quota.Hold
	held     quota.Reservation
	quantity int64
	taken    time.Time
	orphan   bool // its instance is gone
}

const lifetime = 600 * time.Millisecond

func (h *history) engineNew(t *testing.T) *quota.Engine {
	t.Helper()
	return h.engine(t, func(c *quota.Config) { c.Lease = lifetime })
}

func pick(random *rand.Rand, list *[]pending) (pending, bool) {
	if len(*list) == 0 {
		return pending{}, false
	}
	i := random.IntN(len(*list))
	p := (*list)[i]
	*list = append((*list)[:i], (*list)[i+1:]...)
	return p, true
}

// write records what a call has used, at most, less or more than it had taken.
func (h *history) write(t *testing.T, p pending, quantity int64, reserved bool) {
	t.Helper()
	e := usage.Event{Tenant: h.call.Tenant, At: p.hold.At, Meter: string(meter), Quantity: quantity, Lease: p.hold.Lease}
	if reserved {
		e.At, e.Lease = p.held.At, p.held.ID.UUID()
	}
	if got, err := h.Record(t.Context(), e); err != nil || got[0].Status != usage.Accepted {
		t.Fatalf("Record() = %+v, %v", got, err)
	}
	h.recorded += quantity
	h.excess += max(0, quantity-p.quantity)
	if time.Since(p.taken) > lifetime/5 || p.orphan {
		h.excess += min(quantity, p.quantity)
	}
}

// step does something, and says what.
func (h *history) step(t *testing.T) string {
	t.Helper()
	i := h.random.IntN(len(h.engines))
	e, c := h.engines[i], h.call
	c.Quantity = 1 + h.random.Int64N(9)
	if h.moves {
		c.Terms = h.heard[i]
		switch h.random.IntN(12) {
		case 0:
			h.call.Terms = billed(h.limit, time.Now().AddDate(0, 0, -2-h.random.IntN(24)), h.call.Terms.Version+1)
			return fmt.Sprintf("the billing moves to %v", h.call.Terms.Anchor)
		case 1, 2:
			h.heard[i] = h.call.Terms
			return fmt.Sprintf("%d hears of %v", i, h.call.Terms.Anchor)
		}
	}
	switch n := h.random.IntN(100); {
	case n < 40:
		hold, d, err := e.Take(t.Context(), c)
		if err != nil {
			t.Fatalf("Take() = %v", err)
		}
		if d.Allowed {
			h.holds = append(h.holds, pending{hold: hold, quantity: c.Quantity, taken: time.Now()})
		}
		return fmt.Sprintf("%d takes %d: %v", i, c.Quantity, d.Allowed)
	case n < 50:
		held, d, err := e.Reserve(t.Context(), c, lifetime)
		if err != nil {
			t.Fatalf("Reserve() = %v", err)
		}
		if d.Allowed {
			h.reservations = append(h.reservations, pending{held: held, quantity: c.Quantity, taken: time.Now()})
		}
		return fmt.Sprintf("%d reserves %d: %v", i, c.Quantity, d.Allowed)
	case n < 70:
		p, ok := pick(h.random, &h.holds)
		if !ok {
			return "nothing"
		}
		used := h.random.Int64N(p.quantity + 3)
		h.write(t, p, used, false)
		p.hold.Settle(used, 0)
		return fmt.Sprintf("settles %d with %d", p.quantity, used)
	case n < 76:
		p, ok := pick(h.random, &h.reservations)
		if !ok {
			return "nothing"
		}
		used := h.random.Int64N(p.quantity + 3)
		h.write(t, p, used, true)
		if n < 74 { // or its process ends in between
			if _, err := e.Settle(t.Context(), c.Tenant, p.held.ID, used, 0); err != nil {
				t.Fatalf("Settle() = %v", err)
			}
		}
		return fmt.Sprintf("settles the reservation of %d with %d", p.quantity, used)
	case n < 82:
		if p, ok := pick(h.random, &h.holds); ok {
			p.hold.Release()
		}
		if p, ok := pick(h.random, &h.reservations); ok {
			if _, err := e.Cancel(t.Context(), c.Tenant, p.held.ID); err != nil {
				t.Fatalf("Cancel() = %v", err)
			}
		}
		return "releases"
	case n < 86:
		h.engines[i] = h.engineNew(t)
		for j := range h.holds {
			h.holds[j].orphan = true // whosever it is: the model forgives too much rather than too little
		}
		return fmt.Sprintf("%d crashes", i)
	case n < 89:
		e.Return(t.Context())
		return fmt.Sprintf("%d returns", i)
	case n < 91:
		time.Sleep(lifetime + lifetime/4)
		return "time passes"
	}
	h.fold(t)
	return "fold"
}

// check holds the ledger to what must be at every moment.
func (h *history) check(t *testing.T) {
	t.Helper()
	used, leased, unleased := h.ledger(t, h.call.Tenant)
	if used-unleased+leased > h.limit {
		h.fail(t, "used %d - %d unleased + leased %d is above %d", used, unleased, leased, h.limit)
	}
	if unleased > h.excess {
		h.fail(t, "unleased %d of an excess of %d: something that was let through in time was not paid", unleased, h.excess)
	}
	if sum := h.number(t, `SELECT COALESCE(sum(granted), 0)::bigint FROM quota_leases WHERE tenant_id = $1`, h.call.Tenant.UUID()); sum != leased {
		h.fail(t, "leases hold %d, leased is %d", sum, leased)
	}
}

func (h *history) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(h.steps, "\n"))
}

// Whatever happens, at most the limit is used and lent, all that was recorded is counted, and in the end nothing is lost.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	r := build(t)
	for seed := range uint64(8) {
		randomHistory(t, &history{rig: r, limit: 40 + int64(seed)*25}, seed)
	}
}

// The same holds where the billing period moves, and instances hear of it at different times.
func TestRandomHistoriesOfMovingPeriods(t *testing.T) {
	t.Parallel()
	r := build(t)
	for seed := range uint64(8) {
		randomHistory(t, &history{rig: r, limit: 40 + int64(seed)*25, moves: true}, seed)
	}
}

func randomHistory(t *testing.T, h *history, seed uint64) {
	t.Helper()
	r := h.rig
	h.random = rand.New(rand.NewPCG(seed, 5))
	h.call = quota.Call{Tenant: r.tenant(t), Meter: meter, Terms: terms(h.limit)}
	if h.moves {
		h.call.Terms = billed(h.limit, time.Now().AddDate(0, 0, -3), 1)
	}
	for range 3 {
		h.engines, h.heard = append(h.engines, h.engineNew(t)), append(h.heard, h.call.Terms)
	}
	h.steps = append(h.steps, fmt.Sprintf("seed %d, limit %d", seed, h.limit))
	for range 90 {
		h.steps = append(h.steps, h.step(t))
		h.check(t)
	}
	// All instances end without a word, and calls that have not ended never do.
	time.Sleep(lifetime + lifetime/4)
	r.fold(t)
	r.fold(t)
	h.check(t)
	used, leased, _ := h.ledger(t, h.call.Tenant)
	if used != h.recorded || leased != 0 {
		h.fail(t, "in the end used, leased = %d, %d, want the %d that were recorded, and 0", used, leased, h.recorded)
	}
	if used > h.limit+h.excess {
		h.fail(t, "used %d of %d, with an excess of %d", used, h.limit, h.excess)
	}
	last, rest := h.engineNew(t), max(0, h.limit-used)
	h.call.Quantity = 1
	n := int64(0)
	for ; n <= rest; n++ {
		if _, d, err := last.Take(t.Context(), h.call); err != nil || !d.Allowed {
			break
		}
	}
	if n != rest {
		h.fail(t, "in the end %d could be taken, want the %d that are left", n, rest)
	}
}
