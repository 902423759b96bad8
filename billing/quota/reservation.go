package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Reservation is what one call holds in the database, whatever becomes of the instance that made it. Its event carries the id as its lease.
type Reservation struct {
	ID        id.Reservation
	At        time.Time // of its event
	ExpiresAt time.Time // when it ends by itself, settled or not
	Held      bool      // of any budget: otherwise there is nothing to settle
}

// Reserve is [Engine.Take] for a call that another process may settle. It asks the database each time; where that cannot be asked, what an open
// meter admits has a reservation that covers nothing.
func (e *Engine) Reserve(ctx context.Context, c Call, lasts time.Duration) (Reservation, Decision, error) {
	if err := reservable(&c); err != nil {
		return Reservation{}, Decision{}, err
	}
	if lasts <= 0 {
		return Reservation{}, Decision{}, errors.New("quota: a reservation without time")
	}
	r, d, err := e.agreeTo(ctx, c, lasts, false)
	if err == nil {
		return r, d, nil
	}
	h, d, err := e.without(ctx, c, err)
	if err != nil || !d.Allowed {
		return Reservation{}, d, err
	}
	return Reservation{ID: id.New[id.Reservation](), At: h.At, ExpiresAt: h.At.Add(lasts)}, d, nil
}

// errDry takes back what a question would have reserved.
var errDry = errors.New("nothing was meant")

// Ask is what [Engine.Reserve] would say now. It reserves, and takes that back before anybody sees it: used is what is used without the call.
// It decides nothing where the database cannot be asked.
func (e *Engine) Ask(ctx context.Context, c Call) (Decision, error) {
	if err := reservable(&c); err != nil {
		return Decision{}, err
	}
	_, d, err := e.agreeTo(ctx, c, time.Second, true)
	if err == nil && d.Allowed && !d.Over && d.Budget != (Budget{}) {
		d.Used -= c.amount(d.Budget.Measure)
		d.Remaining = max(0, d.Limit.Value-d.Used)
	}
	return d, err
}

// reservable says why nothing can be reserved for a call.
func reservable(c *Call) error {
	if c.Terms == nil || c.Quantity < 0 || c.Cost < 0 {
		return errors.New("quota: a reservation without terms, or of less than nothing")
	}
	if a := c.Terms.Meter.Aggregation; !a.Adds() {
		return fmt.Errorf("quota: nothing can be reserved of a meter of the aggregation %s", a)
	}
	return nil
}

// agreeTo reserves, also where rows have to be made before, the ground moves, or what this instance could spend itself is what lacks.
func (e *Engine) agreeTo(ctx context.Context, c Call, lasts time.Duration, dry bool) (Reservation, Decision, error) {
	returned := false
	for range tries {
		p := e.lookup(&c)
		var err error
		if mono, _ := e.now(); p == nil || mono >= p.ends {
			if p, err = e.build(ctx, &c); err != nil {
				return Reservation{}, Decision{}, err
			}
		}
		r, d, err := e.reserve(ctx, p, &c, lasts, dry)
		switch {
		case errors.Is(err, errNoRow):
			p.void.Store(true)
			err = e.make(ctx, p.holder, p.budgets)
		case errors.Is(err, errAgain):
			p.void.Store(true)
			err = nil
		case err == nil && !d.Allowed && !returned:
			// What this instance could spend itself may be what lacks.
			for _, b := range p.budgets {
				if err = e.tendTo(ctx, b, all); err != nil {
					return Reservation{}, Decision{}, err
				}
			}
			returned = true
		default:
			return r, d, err
		}
		if err != nil {
			return Reservation{}, Decision{}, err
		}
	}
	return Reservation{}, Decision{}, fmt.Errorf("reserve of %s: %w", c.Meter, errAgain)
}

func (e *Engine) reserve(ctx context.Context, p *path, c *Call, lasts time.Duration, dry bool) (r Reservation, d Decision, err error) {
	from, _ := e.now()
	d = Decision{Allowed: true}
	err = e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var paying []*budget
		for _, b := range p.budgets {
			t := b.terms.Load()
			locked, err := e.ledger.open(ctx, tx, b.Budget, t)
			if err != nil {
				return err
			}
			if r.At = locked.now; !locked.now.Before(t.ends) {
				return errAgain
			}
			if err := e.ledger.amount(ctx, tx, b.Budget, t, &locked, p.rules.grants[b.Meter]); err != nil {
				return err
			}
			used := locked.total()
			if n := c.amount(b.Measure); n == 0 || n <= locked.avail() {
				paying = append(paying, b)
				b.learn(locked.amount, used)
				s := State{Limit: billing.Number{Value: locked.amount}, Used: plus(used, n), Remaining: max(0, locked.amount-used-n), ResetsAt: t.ends}
				if !d.Over && (d.Budget == (Budget{}) || scarcer(s, d.State)) {
					d.Budget, d.ByPlan, d.State = b.Budget, t.ofPlan(locked.amount), s
				}
				continue
			}
			d.Budget, d.Over, d.Allowed = b.Budget, t.soft, t.soft
			d.ByPlan = t.ofPlan(locked.amount)
			d.State = State{Limit: billing.Number{Value: locked.amount}, Used: used, Remaining: max(0, locked.amount-used), ResetsAt: t.ends}
			if !d.Allowed {
				return nil
			}
		}
		// Of the database's time, since the event's key says when it was made, and the clock of this machine may be wrong.
		r.ID, r.Held = id.At[id.Reservation](r.At), len(paying) > 0
		for _, b := range paying {
			if err := e.ledger.reserve(ctx, tx, b.Budget, r.ID.UUID(), c.amount(b.Measure), lasts); err != nil {
				return err
			}
		}
		if dry {
			return errDry
		}
		return nil
	})
	if dry && errors.Is(err, errDry) {
		return Reservation{}, d, nil
	}
	if err != nil || !d.Allowed {
		return Reservation{}, d, err
	}
	if r.At.IsZero() { // nothing limits the call
		r.At = e.clock.Load().at(from)
		r.ID = id.At[id.Reservation](r.At)
	}
	r.ExpiresAt = r.At.Add(lasts)
	return r, d, nil
}

// Settlement is what became of a reservation.
type Settlement struct {
	// Late says that there was no reservation any more, and Above that it was of less. Either is counted all the same, and the ledger marks
	// it as covered by no lease.
	Late, Above bool
	// Repeated says that it had been settled before; nothing has changed.
	Repeated bool
}

// Settle gives back what a reserved call has not used. Its event is recorded first: if this is never called, the rest comes back when the
// reservation expires.
func (e *Engine) Settle(ctx context.Context, tenant id.Tenant, reservation id.Reservation, quantity, cost int64) (Settlement, error) {
	return e.end(ctx, tenant, reservation, Call{Quantity: quantity, Cost: cost}, false)
}

// Cancel gives back all of a reservation: there was no call.
func (e *Engine) Cancel(ctx context.Context, tenant id.Tenant, reservation id.Reservation) (Settlement, error) {
	return e.end(ctx, tenant, reservation, Call{}, true)
}

func (e *Engine) end(ctx context.Context, tenant id.Tenant, reservation id.Reservation, used Call, canceled bool) (s Settlement, err error) {
	for range tries {
		if s, err = e.endOnce(ctx, tenant, reservation, used, canceled); !errors.Is(err, errAgain) {
			break
		}
	}
	return s, err
}

func (e *Engine) endOnce(ctx context.Context, tenant id.Tenant, reservation id.Reservation, used Call, canceled bool) (s Settlement, err error) {
	err = e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		budgets, err := e.ledger.reserved(ctx, tx, tenant, reservation)
		if err != nil {
			return err
		}
		s = Settlement{Late: len(budgets) == 0}
		for _, b := range budgets {
			n := used.amount(b.Measure)
			if canceled {
				n = 0
			}
			if err := e.ledger.settle(ctx, tx, b, reservation.UUID(), n, &s); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

const reservedSQL = `SELECT meter, measure, kind, subject, period, starts_at FROM quota_leases WHERE tenant_id = $1 AND id = $2 AND reserved IS NOT NULL`

func (l *ledger) reserved(ctx context.Context, tx pgx.Tx, tenant id.Tenant, reservation id.Reservation) ([]Budget, error) {
	rows, err := tx.Query(ctx, reservedSQL, tenant.UUID(), reservation.UUID())
	if err != nil {
		return nil, fmt.Errorf("read reservation %s: %w", reservation, err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (b Budget, err error) {
		var what counted
		err = r.Scan(&b.Meter, &what, &b.Kind, &b.Subject, &b.Period, &b.Starts)
		b.Tenant, b.Starts = tenant, b.Starts.UTC()
		b.Measure, b.Currency = what.parts()
		return b, err
	})
	slices.SortFunc(list, Budget.compare)
	return list, err
}

// The event may be folded already: then granted is smaller by what was used.
const settleSQL = `WITH held AS MATERIALIZED (
	SELECT LEAST(granted, GREATEST(0, reserved - $9::bigint)) AS back, reserved < $9 AS above FROM quota_leases WHERE ` + isBudget + ` AND id = $8
), shorter AS (
	UPDATE quota_leases SET granted = granted - (SELECT back FROM held), settled_at = clock_timestamp(), expires_at = clock_timestamp() + $10::interval
	WHERE ` + isBudget + ` AND id = $8
)
UPDATE quotas SET leased = leased - (SELECT back FROM held) WHERE ` + isBudget + ` AND EXISTS (SELECT FROM held) RETURNING (SELECT above FROM held)`

// settle gives back what a reservation holds of one budget beyond n.
func (l *ledger) settle(ctx context.Context, tx pgx.Tx, b Budget, reservation uuid.UUID, n int64, s *Settlement) error {
	if _, err := l.lock(ctx, tx, b); errors.Is(err, errNoRow) {
		return errAgain // another has replaced it a moment ago
	} else if err != nil {
		return err
	}
	var settled, over bool
	err := tx.QueryRow(ctx, "SELECT settled_at IS NOT NULL, dead_txid IS NOT NULL OR expires_at < clock_timestamp() FROM quota_leases WHERE "+isBudget+" AND id = $8",
		b.key(reservation)...).Scan(&settled, &over)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // swept a moment ago, or of another budget since
		return errAgain
	case err != nil:
		return fmt.Errorf("read what is reserved of %s: %w", b.Meter, err)
	case settled:
		s.Repeated = true
		return nil
	}
	s.Late = s.Late || over
	var above bool
	if err := tx.QueryRow(ctx, settleSQL, b.key(reservation, n, l.ttl)...).Scan(&above); err != nil {
		return fmt.Errorf("settle what is reserved of %s: %w", b.Meter, err)
	}
	s.Above = s.Above || above
	return nil
}
