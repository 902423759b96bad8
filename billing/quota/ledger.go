package quota

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// ledger is the SQL of budgets and leases. The row of a budget is locked before anything of it or of its leases changes, and rows of
// several in the order of [Budget.compare].
type ledger struct {
	pool     *db.Usage
	instance uuid.UUID
	ttl      time.Duration
	clock    func(time.Time) time.Time
	trips    atomic.Int64
	breaker  breaker
	// asks and makes are how many ask at once, and how many make budgets: these may wait for a fold.
	asks, makes chan struct{}
}

// key is the parameters $1 to $7 of all statements about one budget.
func (b Budget) key(more ...any) []any {
	return append([]any{b.Tenant.UUID(), string(b.Meter), string(b.counted()), string(b.Kind), b.Subject, string(b.Period), b.Starts}, more...)
}

const isBudget = `tenant_id = $1 AND meter = $2 AND measure = $3 AND kind = $4 AND subject = $5 AND period = $6 AND starts_at = $7`

// row is a budget as the database has it.
type row struct {
	amount, version, used, leased int64
	others                        int64 // instances beside this one that have something of it
	ends, now                     time.Time
}

// avail is what can be lent. Less than nothing is nothing: a number may have been lowered.
func (r row) avail() int64 { return max(r.amount-r.used, 0) - r.leased }

// total is what counts as used.
func (r row) total() int64 { return plus(r.used, r.leased) }

// plus adds what is not less than nothing, up to the largest number there is.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

const lockSQL = `SELECT amount, version, used, leased, ends_at, clock_timestamp(),
	(SELECT count(DISTINCT instance) FROM quota_leases WHERE ` + isBudget + ` AND instance <> $8 AND granted > 0 AND expires_at > clock_timestamp())
	FROM quotas WHERE ` + isBudget + ` FOR UPDATE`

// largest is that of bigint: whatever somebody records, sums stay there and the fold goes on.
const largest = `9223372036854775807`

// counts is what a row of sums comes to in a budget of the measure $3: of money, if it is of its currency.
const counts = `CASE $3 WHEN 'quantity' THEN quantity WHEN 'events' THEN events WHEN 'cost ' || currency THEN cost ELSE 0 END`

var errNoRow = errors.New("the budget has no row yet")

func (l *ledger) lock(ctx context.Context, tx pgx.Tx, b Budget) (r row, err error) {
	err = tx.QueryRow(ctx, lockSQL, b.key(l.instance)...).Scan(&r.amount, &r.version, &r.used, &r.leased, &r.ends, &r.now, &r.others)
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, errNoRow
	}
	if err != nil {
		return row{}, fmt.Errorf("lock the budget of %s: %w", b.Meter, err)
	}
	r.now = l.clock(r.now.UTC())
	return r, nil
}

// open locks a budget of which more is to be lent. One that another has replaced has no row for that.
func (l *ledger) open(ctx context.Context, tx pgx.Tx, b Budget, t *terms) (row, error) {
	r, err := l.lock(ctx, tx, b)
	if err == nil && !r.ends.Equal(t.ends) {
		return row{}, errNoRow
	}
	return r, err
}

// What was used before the row is made is in the sums, as far as it is folded; the fold adds the rest to the row. So no fold may be under way.
const (
	makeSQL = `INSERT INTO quotas (tenant_id, meter, measure, kind, subject, period, starts_at, ends_at, base, amount, version, used)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, ` + summedSQL + ` ON CONFLICT ON CONSTRAINT quotas_pkey DO NOTHING`

	// summedSQL is what was used from $7 to before $8.
	summedSQL = `LEAST(` + largest + `, COALESCE((
	SELECT sum(` + counts + `) FROM usage_hours h
	WHERE h.tenant_id = $1 AND h.meter = $2 AND h.starts_at >= $7 AND h.starts_at < $8
	AND ($4 = 'tenant' OR $4 = 'user' AND user_id = $5 OR $4 = 'api_key' AND key_id = $5)), 0))::bigint`
)

// making is a budget that has no row yet, with what has to make room for it.
type making struct {
	Budget
	*terms

	former []span
}

// make makes the rows of budgets that have none, in a transaction of its own: it waits for the fold, which waits for budgets. newer are the
// billing periods that run, by families, where another instance knows of a newer version of the tenant: then nothing is made.
func (l *ledger) make(ctx context.Context, budgets []*budget) (newer map[Budget]*span, err error) {
	newer = map[Budget]*span{}
	err = l.within(ctx, l.makes, func(ctx context.Context, tx pgx.Tx) error {
		// Before the statement that reads the sums, so that it sees those of the fold that it has waited for.
		if _, err := tx.Exec(ctx, "SELECT 1 FROM usage_watermark FOR SHARE"); err != nil {
			return fmt.Errorf("wait for the fold: %w", err)
		}
		list := make([]making, len(budgets))
		for i, b := range budgets {
			list[i] = making{Budget: b.Budget, terms: b.terms.Load()}
			last, err := l.look(ctx, tx, &list[i])
			if err != nil {
				return err
			}
			if last != nil {
				newer[b.family()] = last
			}
		}
		if len(newer) > 0 {
			return nil
		}
		for i := range list {
			if err := l.makeOne(ctx, tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return newer, err
}

func (l *ledger) makeOne(ctx context.Context, tx pgx.Tx, m *making) error {
	if err := l.displace(ctx, tx, m); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, makeSQL, m.key(m.ends, m.base, m.version)...); err != nil {
		return fmt.Errorf("make the budget of %s: %w", m.Meter, err)
	}
	if m.Measure == Subjects {
		if _, err := tx.Exec(ctx, standingSQL, m.Tenant.UUID(), string(m.Meter), string(m.Period), m.Starts, m.ends); err != nil {
			return fmt.Errorf("count the subjects of %s: %w", m.Meter, err)
		}
	}
	return l.inherit(ctx, tx, m)
}

const amendSQL = `UPDATE quotas SET amount = $8, base = $9, version = $10 WHERE ` + isBudget

// amount brings the amount of a locked budget up to date, unless another instance knows of a newer version of the tenant.
func (l *ledger) amount(ctx context.Context, tx pgx.Tx, b Budget, t *terms, r *row, grants []Grant) error {
	if t.version < r.version {
		return nil
	}
	var granted int64
	if t.byPlan && len(grants) > 0 {
		former, err := l.former(ctx, tx, b, grants)
		if err != nil {
			return err
		}
		granted = left(grants, former, r.now)
	}
	amount := t.limit(granted)
	if amount == r.amount && t.version == r.version {
		return nil
	}
	r.amount, r.version = amount, t.version
	if _, err := tx.Exec(ctx, amendSQL, b.key(amount, t.base, t.version)...); err != nil {
		return fmt.Errorf("amend the budget of %s: %w", b.Meter, err)
	}
	return nil
}

const formerSQL = `SELECT starts_at, ends_at, LEAST(GREATEST(0, used::numeric + leased - base), ` + largest + `)::bigint FROM quotas
	WHERE tenant_id = $1 AND meter = $2 AND measure = $3 AND kind = $4 AND subject = $5 AND period = $6 AND starts_at < $7 AND ends_at > $8 ORDER BY starts_at`

// former returns what former periods have used beyond the plan since the first of the grants, if one began before this period.
func (l *ledger) former(ctx context.Context, tx pgx.Tx, b Budget, grants []Grant) (list []spent, err error) {
	first := b.Starts
	for _, g := range grants {
		if g.StartsAt.Before(first) {
			first = g.StartsAt
		}
	}
	if !first.Before(b.Starts) {
		return nil, nil
	}
	rows, err := tx.Query(ctx, formerSQL, b.key(first)...)
	if err != nil {
		return nil, fmt.Errorf("read former periods of %s: %w", b.Meter, err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (s spent, err error) {
		err = r.Scan(&s.starts, &s.ends, &s.over)
		return s, err
	})
}

const lendSQL = `WITH lent AS (
	UPDATE quotas SET leased = leased + $9::bigint WHERE ` + isBudget + `
)
INSERT INTO quota_leases (tenant_id, meter, measure, kind, subject, period, starts_at, id, granted, instance, reserved, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp() + $12)
` + renewedSQL

// A lease that is there grows, and lasts.
const renewedSQL = `ON CONFLICT ON CONSTRAINT quota_leases_pkey DO UPDATE SET granted = quota_leases.granted + EXCLUDED.granted,
	expires_at = EXCLUDED.expires_at, dead_txid = NULL RETURNING xmax = 0 AS first`

// lend adds n to a lease of a locked budget and makes it last. first says that there was no such lease (any more).
func (l *ledger) lend(ctx context.Context, tx pgx.Tx, b Budget, lease uuid.UUID, n int64) (first bool, err error) {
	if err := tx.QueryRow(ctx, lendSQL, b.key(lease, n, l.instance, nil, l.ttl)...).Scan(&first); err != nil {
		return false, fmt.Errorf("lend of %s: %w", b.Meter, err)
	}
	return first, nil
}

// reserve lends n to one call.
func (l *ledger) reserve(ctx context.Context, tx pgx.Tx, b Budget, reservation uuid.UUID, n int64, lasts time.Duration) error {
	if _, err := tx.Exec(ctx, lendSQL, b.key(reservation, n, nil, n, lasts)...); err != nil {
		return fmt.Errorf("reserve of %s: %w", b.Meter, err)
	}
	return nil
}

// A lease that has expired is the sweep's.
const returnSQL = `WITH held AS MATERIALIZED (
	SELECT LEAST(granted, $9::bigint) AS n FROM quota_leases WHERE ` + isBudget + ` AND id = $8 AND dead_txid IS NULL AND expires_at > clock_timestamp()
), shorter AS (
	UPDATE quota_leases SET granted = granted - (SELECT n FROM held) WHERE ` + isBudget + ` AND id = $8 AND EXISTS (SELECT FROM held)
)
UPDATE quotas SET leased = leased - (SELECT n FROM held) WHERE ` + isBudget + ` AND EXISTS (SELECT FROM held) RETURNING (SELECT n FROM held)`

// giveBack takes n out of a lease of a locked budget, if it still lasts, and says how much came back.
func (l *ledger) giveBack(ctx context.Context, tx pgx.Tx, b Budget, lease uuid.UUID, n int64) (back int64, err error) {
	err = tx.QueryRow(ctx, returnSQL, b.key(lease, n)...).Scan(&back)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("give back of %s: %w", b.Meter, err)
	}
	return back, nil
}
