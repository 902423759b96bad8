package quota

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// drawing asks for a share of a budget of which nothing has changed since this instance last asked.
type drawing struct {
	*budget
	lease      uuid.UUID
	need, want int64 // at least, and at most where there is much
}

// Locked first: the second statement then sees what the last one left, and how much is lent is decided without another trip while the row
// is locked.
const (
	drawLockSQL = `SELECT FROM quotas WHERE ` + isBudget + ` FOR UPDATE`
	drawSQL     = `WITH q AS MATERIALIZED (
	SELECT amount, version, used, leased, (SELECT count(DISTINCT instance) FROM quota_leases
		WHERE ` + isBudget + ` AND instance <> $10 AND granted > 0 AND expires_at > clock_timestamp()) AS others
	FROM quotas WHERE ` + isBudget + `
), share AS MATERIALIZED (
	SELECT GREATEST($13::bigint, LEAST($14::bigint, (amount - used - leased) / (2 * (others + 1)))) AS n
	FROM q WHERE amount = $15 AND version = $16 AND used <= amount AND amount - used - leased >= $13
), lent AS (
	UPDATE quotas SET leased = leased + share.n FROM share WHERE ` + isBudget + ` AND share.n > 0
), lease AS (
	INSERT INTO quota_leases (tenant_id, meter, measure, kind, subject, period, starts_at, id, granted, instance, reserved, expires_at)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, n + $9::bigint, $10, $11::bigint, clock_timestamp() + $12::interval FROM share WHERE n > 0
	` + renewedSQL + `
)
SELECT amount, version, used, leased, others, clock_timestamp(), COALESCE((SELECT n FROM share), -1), COALESCE((SELECT first FROM lease), false) FROM q`
)

// draw lends of budgets in one trip, in their order.
func (l *ledger) draw(ctx context.Context, list []drawing) ([]lending, error) {
	var batch pgx.Batch
	for _, d := range list {
		batch.Queue(drawLockSQL, d.key()...)
		batch.Queue(drawSQL, d.key(d.lease, 0, l.instance, nil, l.ttl, d.need, d.want, d.amount, d.version)...)
	}
	results := make([]lending, len(list))
	err := l.conn(ctx, l.asks, func(ctx context.Context, c *pgx.Conn) error {
		answers := c.SendBatch(ctx, &batch)
		var failed error
		for i, d := range list {
			if _, err := answers.Exec(); err != nil {
				failed = errors.Join(failed, err)
				break
			}
			r := &results[i]
			err := answers.QueryRow().Scan(&r.amount, &r.version, &r.used, &r.leased, &r.others, &r.now, &r.n, &r.lost)
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				failed = errors.Join(failed, err)
				break
			}
			r.changed = err != nil || r.amount != d.amount || r.version != d.version
			r.ok = r.n > 0 || r.n == 0 && d.need == 0
			r.n = max(r.n, 0)
			r.leased += r.n
			r.now = l.clock(r.now.UTC())
			r.over = !r.changed && !r.now.Before(d.agreed.ends)
		}
		return errors.Join(failed, answers.Close())
	})
	return results, err
}
