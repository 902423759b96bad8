package usage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// retire lets go of the partitions before oldest whose events are all in the sums and sealed. Their events stay, as segments.
func retire(ctx context.Context, c *pgx.Conn, pool *db.Usage, oldest day) error {
	days, err := listPartitions(ctx, c)
	if err != nil {
		return err
	}
	for _, d := range days {
		if d >= oldest {
			return nil
		}
		if err := retireOne(ctx, c, pool, d); err != nil {
			return fmt.Errorf("retire %s: %w", d.partition(), err)
		}
	}
	return nil
}

// finished is the condition of partitions that nobody has to read any more.
const finished = `NOT EXISTS (SELECT FROM %[1]s WHERE ` + unfolded + `)
	AND NOT EXISTS (SELECT FROM %[1]s WHERE txid >= (SELECT COALESCE(max(hi), 0) FROM usage_closings))`

func retireOne(ctx context.Context, c *pgx.Conn, pool *db.Usage, of day) error {
	name := pgx.Identifier{of.partition()}.Sanitize()
	var done bool
	if err := c.QueryRow(ctx, "SELECT "+fmt.Sprintf(finished, name)).Scan(&done); err != nil || !done {
		return err // the next turn finds it folded and sealed
	}
	var attached, pending bool
	err := c.QueryRow(ctx, `SELECT count(*) > 0, COALESCE(bool_or(inhdetachpending), false) FROM pg_inherits
		WHERE inhparent = 'usage_events'::regclass AND inhrelid = to_regclass($1)`, of.partition()).Scan(&attached, &pending)
	if err != nil {
		return err
	}
	if attached {
		how := " CONCURRENTLY" // nobody waits for it
		if pending {           // somebody died over it
			how = " FINALIZE"
		}
		if _, err := c.Exec(ctx, "ALTER TABLE usage_events DETACH PARTITION "+name+how); err != nil {
			return err
		}
	}
	return archiveTable(ctx, c, pool, of)
}
