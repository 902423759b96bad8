package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const pruneSome = 10_000

// prune deletes what was needed to count keys and subjects of days before oldest once, of which no event is taken any more, and the sums by
// hour from before a day. It does so by some rows at a time: one long transaction would hold the watermark back.
func prune(ctx context.Context, c *pgx.Conn, oldest, hours day) error {
	for sql, limit := range map[string]time.Time{
		`DELETE FROM usage_keys WHERE (tenant_id, idem) IN (SELECT tenant_id, idem FROM usage_keys WHERE day < $1 LIMIT $2)`: oldest.time(),
		`DELETE FROM usage_hours WHERE (tenant_id, meter, starts_at, cell) IN
			(SELECT tenant_id, meter, starts_at, cell FROM usage_hours WHERE starts_at < $1 LIMIT $2)`: hours.time(),
		`DELETE FROM usage_seal_subjects WHERE (tenant_id, month, meter, subject) IN
			(SELECT tenant_id, month, meter, subject FROM usage_seal_subjects WHERE month < $1 LIMIT $2)`: monthOf(oldest.time()),
	} {
		for {
			done, err := c.Exec(ctx, sql, limit, pruneSome)
			if err != nil {
				return fmt.Errorf("prune usage: %w", err)
			}
			if done.RowsAffected() < pruneSome {
				break
			}
		}
	}
	return nil
}
