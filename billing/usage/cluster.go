package usage

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// Open opens the pool that a [Recorder] and a [Folder] of this process share. Its connections write as gatehouse_usage.
func Open(ctx context.Context, d *db.DB) (*db.Usage, error) { return d.OpenUsage(ctx, Conns, settle) }

// settle looks whether the database is still in the cluster whose transaction ids the watermark counts in. After a logical restore it is
// not: there they begin anew, below those of events that were restored. Nothing is written over a connection before that is mended.
func settle(ctx context.Context, c *pgx.Conn) error {
	at := "SELECT cluster = (SELECT system_identifier::text FROM pg_control_system()) FROM usage_watermark"
	var same bool
	if err := c.QueryRow(ctx, at).Scan(&same); err != nil || same {
		return err
	}
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, at+" FOR UPDATE").Scan(&same); err != nil || same {
			return err
		}
		return rebase(ctx, tx)
	})
}

// rebase has new events continue above all that there are, and above all days that are sealed. Those that were not folded when the database was dumped stay behind the
// watermark, and are folded like others.
func rebase(ctx context.Context, tx pgx.Tx) error {
	var base int64
	err := tx.QueryRow(ctx, `UPDATE usage_watermark SET cluster = (SELECT system_identifier::text FROM pg_control_system()),
		base = GREATEST(txid, (SELECT max(txid) FROM usage_events), (SELECT max(hi) FROM usage_closings)) RETURNING base`).Scan(&base)
	if err != nil {
		return fmt.Errorf("rebase the watermark: %w", err)
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE usage_events ALTER COLUMN txid SET DEFAULT txid_current() + %d", base)); err != nil {
		return fmt.Errorf("rebase new events: %w", err)
	}
	return nil
}
