package quota

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
)

// known is what this instance knows to be counted. What is counted stays so for its period. It is in two halves, of which the older is
// forgotten when the newer is full: what an instance has forgotten it asks for again.
type known struct {
	mu         sync.RWMutex
	newer, old map[subject]time.Duration // until when, in the time of the process
}

// subject is a hash of a thing and its budget: of one size, however long its name is.
type subject [16]byte

func subjectOf(b Budget, thing string) (s subject) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %d %s", b.Tenant, b.Meter, b.Period, b.Starts.Unix(), thing)
	copy(s[:], h.Sum(nil))
	return s
}

// remembered bounds each half.
const remembered = 50_000

// unique decides about a thing that a meter counts once in a period. The database is asked once for each thing and instance.
func (e *Engine) unique(ctx context.Context, c Call) (Hold, Decision, error) {
	if c.Subject == "" {
		if c.Subject = c.User.String(); c.User.IsZero() {
			c.Subject = c.Key.String()
		}
	}
	if c.Terms.Number.Unlimited {
		mono, wall := e.now()
		return Hold{At: e.at(mono, wall)}, Decision{Allowed: true}, nil
	}
	h := e.holder(c.Tenant)
	if e.clock.Load() == nil {
		if _, err := e.rulesOf(ctx, h); err != nil {
			return e.without(ctx, c, err)
		}
	}
	for range tries {
		hold, d, err := e.counted(ctx, h, &c)
		if err == nil {
			return hold, d, nil
		}
		if !errors.Is(err, errAgain) {
			return e.without(ctx, c, err)
		}
	}
	return Hold{}, Decision{}, fmt.Errorf("count %s: %w", c.Meter, errAgain)
}

// counted decides about the thing of a call in the period that runs now.
func (e *Engine) counted(ctx context.Context, h *holder, c *Call) (Hold, Decision, error) {
	mono, _ := e.now()
	clock := e.clock.Load()
	m := c.Terms.Meter
	b := Budget{Tenant: c.Tenant, Meter: c.Meter, Measure: Subjects, Kind: OfTenant, Period: m.Period}
	var ends time.Time
	b.Starts, ends = h.bounds(b, clock.at(mono), c.Terms)
	s := subjectOf(b, c.Subject)
	hold := Hold{At: clock.at(mono)}
	if e.known.has(s, mono) {
		return hold, Decision{Allowed: true}, nil
	}
	t := terms{base: c.Terms.Number.Value, ends: ends, soft: m.Limit == billing.Soft, version: c.Terms.Version}
	d, err := e.count(ctx, h, h.budget(b, t, mono), c.Subject)
	if err != nil {
		return Hold{}, Decision{}, err
	}
	if d.Allowed {
		e.known.add(s, clock.when(ends), mono)
	}
	return hold, d, nil
}

func (k *known) has(s subject, mono time.Duration) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return mono < k.newer[s] || mono < k.old[s]
}

func (k *known) add(s subject, until, mono time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newer == nil || len(k.newer) >= remembered {
		k.newer, k.old = map[subject]time.Duration{}, k.newer
	}
	if mono < until {
		k.newer[s] = until
	}
}

const (
	countSQL = `INSERT INTO quota_subjects (tenant_id, meter, period, starts_at, thing) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT ON CONSTRAINT quota_subjects_pkey DO NOTHING`
	countedSQL = `UPDATE quotas q SET used = q.used + s.n, reached = ` + reached + ` FROM (SELECT 1 AS n) AS s WHERE ` + isBudget
)

var errNoRoom = errors.New("one more is too many")

// count counts a thing, unless it is one too many.
func (e *Engine) count(ctx context.Context, h *holder, b *budget, thing string) (d Decision, err error) {
	d = Decision{Allowed: true}
	err = e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t := b.terms.Load()
		r, err := e.ledger.open(ctx, tx, b.Budget, t)
		if err != nil {
			return err
		}
		if err := e.ledger.amount(ctx, tx, b.Budget, t, &r, nil); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, countSQL, b.Tenant.UUID(), string(b.Meter), string(b.Period), b.Starts, thing)
		if err != nil {
			return fmt.Errorf("count %s: %w", b.Meter, err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		if r.used >= r.amount {
			d = Decision{t.soft, t.soft, false, b.Budget, true, State{billing.Number{Value: r.amount}, r.used, 0, t.ends}}
			if !t.soft {
				return errNoRoom
			}
		}
		_, err = tx.Exec(ctx, countedSQL, b.key()...)
		return err
	})
	switch {
	case errors.Is(err, errNoRoom):
		return d, nil
	case errors.Is(err, errNoRow):
		if err = e.make(ctx, h, []*budget{b}); err == nil {
			err = errAgain
		}
	}
	return d, err
}

// What was counted before the budget had a row.
const standingSQL = `WITH things AS (
	INSERT INTO quota_subjects (tenant_id, meter, period, starts_at, thing)
	SELECT DISTINCT $1::uuid, $2::text, $3::text, $4::timestamptz, subject FROM usage_hours WHERE tenant_id = $1 AND meter = $2 AND starts_at >= $4 AND starts_at < $5
	ON CONFLICT ON CONSTRAINT quota_subjects_pkey DO NOTHING RETURNING 1
)
UPDATE quotas SET used = used + (SELECT count(*) FROM things)
WHERE tenant_id = $1 AND meter = $2 AND measure = 'subjects' AND period = $3 AND starts_at = $4`

// Events of things that nobody had asked about count too.
const foldSubjectsSQL = `WITH things AS (
	INSERT INTO quota_subjects (tenant_id, meter, period, starts_at, thing)
	SELECT DISTINCT q.tenant_id, q.meter, q.period, q.starts_at, e.subject FROM usage_events e
	JOIN quotas q ON q.tenant_id = e.tenant_id AND q.meter = e.meter AND q.measure = 'subjects' AND e.at >= q.starts_at AND e.at < q.ends_at
	WHERE e.txid >= $1 AND e.txid < $2
	ON CONFLICT ON CONSTRAINT quota_subjects_pkey DO NOTHING RETURNING tenant_id, meter, period, starts_at
)
UPDATE quotas q SET used = q.used + s.n, unleased = q.unleased + s.n, reached = ` + reached + ` FROM (
	SELECT tenant_id, meter, period, starts_at, count(*) AS n FROM things GROUP BY tenant_id, meter, period, starts_at
) AS s WHERE q.measure = 'subjects' AND (q.tenant_id, q.meter, q.period, q.starts_at) = (s.tenant_id, s.meter, s.period, s.starts_at)`
