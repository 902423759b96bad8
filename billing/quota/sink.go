package quota

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const clockSQL = `SELECT clock_timestamp(), base + txid_current() FROM usage_watermark`

// The rows of all budgets that the events or the sweep concern, in the order in which everybody locks them.
const concernSQL = `SELECT count(*) FROM (
	SELECT 1 FROM quotas q WHERE EXISTS (
		SELECT FROM (SELECT DISTINCT tenant_id, meter FROM usage_events WHERE txid >= $1 AND txid < $2) e WHERE (e.tenant_id, e.meter) = (q.tenant_id, q.meter)
	) AND q.ends_at > $3::timestamptz - interval '40 days' OR EXISTS (
		SELECT FROM quota_leases l WHERE l.expires_at < $3 AND ` + sameBudget + `
	) ORDER BY tenant_id, array_position(ARRAY['api_key', 'user', 'tenant'], kind), meter, measure, subject, period, starts_at FOR UPDATE
) AS locked`

const sameBudget = `(l.tenant_id, l.meter, l.measure, l.kind, l.subject, l.period, l.starts_at)
	= (q.tenant_id, q.meter, q.measure, q.kind, q.subject, q.period, q.starts_at)`

const budgetColumns = `tenant_id, meter, measure, kind, subject, period, starts_at`

// reached is the highest threshold of a budget q to which s.n has been added.
const reached = `GREATEST(q.reached, CASE WHEN (q.used::numeric + s.n) * 100 >= q.amount::numeric * 100 THEN 100
	WHEN (q.used::numeric + s.n) * 100 >= q.amount::numeric * 80 THEN 80 WHEN (q.used::numeric + s.n) * 100 >= q.amount::numeric * 50 THEN 50 ELSE 0 END)`

// Money counts in budgets of its currency alone. An event belongs to the budget whose lease paid for it, and without one to that of its own time.
const foldSQL = `WITH events AS MATERIALIZED (
	SELECT row_number() OVER () AS n, e.* FROM (
		SELECT tenant_id, meter, lease, user_id, key_id, date_trunc('hour', at, 'UTC') AS hour, 'cost ' || currency AS money, sum(quantity) AS quantity, count(*) AS events, sum(cost) AS cost
		FROM usage_events WHERE txid >= $1 AND txid < $2 GROUP BY tenant_id, meter, lease, user_id, key_id, date_trunc('hour', at, 'UTC'), currency
	) AS e
), charged AS MATERIALIZED (
	SELECT DISTINCT ON (e.n, q.measure, q.kind, q.subject, q.period)
		q.tenant_id, q.meter, q.measure, q.kind, q.subject, q.period, q.starts_at, l.id AS lease,
		CASE q.measure WHEN 'quantity' THEN e.quantity WHEN 'events' THEN e.events ELSE e.cost END AS n
	FROM events e
	JOIN quotas q ON q.tenant_id = e.tenant_id AND q.meter = e.meter AND (q.kind = 'tenant' OR q.kind = 'user' AND q.subject = e.user_id
		OR q.kind = 'api_key' AND q.subject = e.key_id) AND q.measure IN ('quantity', 'events', e.money)
	LEFT JOIN quota_leases l ON l.id = e.lease AND ` + sameBudget + `
	WHERE l.id IS NOT NULL OR e.hour >= q.starts_at AND e.hour < q.ends_at
	ORDER BY e.n, q.measure, q.kind, q.subject, q.period, l.id IS NULL, e.hour >= q.starts_at AND e.hour < q.ends_at DESC, q.starts_at DESC
), paid AS MATERIALIZED (
	SELECT c.*, LEAST(l.granted, c.n)::bigint AS moved FROM (
		SELECT ` + budgetColumns + `, lease, sum(n) AS n FROM charged WHERE lease IS NOT NULL GROUP BY ` + budgetColumns + `, lease
	) AS c JOIN quota_leases l ON l.id = c.lease AND (l.tenant_id, l.meter, l.measure, l.kind, l.subject, l.period, l.starts_at)
		= (c.tenant_id, c.meter, c.measure, c.kind, c.subject, c.period, c.starts_at)
), shorter AS (
	UPDATE quota_leases l SET granted = l.granted - p.moved FROM paid p WHERE l.id = p.lease
	AND (l.tenant_id, l.meter, l.measure, l.kind, l.subject, l.period, l.starts_at) = (p.tenant_id, p.meter, p.measure, p.kind, p.subject, p.period, p.starts_at)
)
UPDATE quotas q SET used = LEAST(q.used + s.n, ` + largest + `)::bigint, leased = q.leased - s.moved,
	unleased = LEAST(q.unleased + s.n - s.moved, ` + largest + `)::bigint,
	reached = ` + reached + `
FROM (
	SELECT ` + budgetColumns + `, sum(n) AS n, COALESCE((SELECT sum(p.moved) FROM paid p WHERE (p.tenant_id, p.meter, p.measure, p.kind, p.subject,
		p.period, p.starts_at) = (c.tenant_id, c.meter, c.measure, c.kind, c.subject, c.period, c.starts_at)), 0)::bigint AS moved
	FROM charged c GROUP BY ` + budgetColumns + `
) AS s WHERE (q.tenant_id, q.meter, q.measure, q.kind, q.subject, q.period, q.starts_at)
	= (s.tenant_id, s.meter, s.measure, s.kind, s.subject, s.period, s.starts_at)`

// A lease that was found expired is over when everything is folded that could have been recorded before then.
const releaseSQL = `WITH gone AS (
	DELETE FROM quota_leases WHERE expires_at < $2 AND (dead_txid < $1 OR granted = 0) RETURNING ` + budgetColumns + `, granted
)
UPDATE quotas q SET leased = q.leased - g.granted FROM (
	SELECT ` + budgetColumns + `, sum(granted)::bigint AS granted FROM gone GROUP BY ` + budgetColumns + `
) AS g WHERE (q.tenant_id, q.meter, q.measure, q.kind, q.subject, q.period, q.starts_at)
	= (g.tenant_id, g.meter, g.measure, g.kind, g.subject, g.period, g.starts_at)`

const markSQL = `UPDATE quota_leases SET dead_txid = $1 WHERE expires_at < $2 AND dead_txid IS NULL`

// Sink charges folded events to budgets, in the transaction that folds them, and sweeps leases that have expired. The folder of usage is
// given it.
func Sink(ctx context.Context, tx pgx.Tx, lo, hi int64) error {
	var now time.Time
	var here int64
	if err := tx.QueryRow(ctx, clockSQL).Scan(&now, &here); err != nil {
		return fmt.Errorf("read the clock of the fold: %w", err)
	}
	if _, err := tx.Exec(ctx, concernSQL, lo, hi, now); err != nil {
		return fmt.Errorf("lock the budgets of folded usage: %w", err)
	}
	if _, err := tx.Exec(ctx, foldSQL, lo, hi); err != nil {
		return fmt.Errorf("charge budgets: %w", err)
	}
	if _, err := tx.Exec(ctx, foldSubjectsSQL, lo, hi); err != nil {
		return fmt.Errorf("count subjects: %w", err)
	}
	if _, err := tx.Exec(ctx, releaseSQL, hi, now); err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	if _, err := tx.Exec(ctx, markSQL, here, now); err != nil {
		return fmt.Errorf("mark leases: %w", err)
	}
	return nil
}
