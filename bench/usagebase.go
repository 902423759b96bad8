package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// usageBaselines is what one would write without package usage: the same events into a table with the same key, and a sum by hour beside
// it, in one transaction for each event.
type usageBaselines struct {
	db    *db.DB
	conns chan *pgx.Conn
	admin *pgx.Conn
}

const baselineTables = `
CREATE TABLE bench_events (idem uuid NOT NULL, tenant_id uuid NOT NULL, at timestamptz NOT NULL, meter text NOT NULL, quantity bigint NOT NULL,
	user_id uuid, feature text NOT NULL, role text NOT NULL, plan text NOT NULL, route text NOT NULL, model text NOT NULL, input_tokens bigint NOT NULL,
	output_tokens bigint NOT NULL, PRIMARY KEY (idem, tenant_id));
CREATE TABLE bench_hours (tenant_id uuid, meter text, hour timestamptz, user_id uuid, feature text, events bigint NOT NULL, quantity numeric NOT NULL,
	PRIMARY KEY (tenant_id, meter, hour, user_id, feature));
CREATE TABLE bench_copied (LIKE usage_events INCLUDING DEFAULTS, PRIMARY KEY (idem, tenant_id, day));
GRANT SELECT, INSERT, UPDATE ON bench_events, bench_hours, bench_copied TO gatehouse_tenant, gatehouse_app`

func newUsageBaselines(ctx context.Context, w *world, d *db.DB) (b *usageBaselines, err error) {
	b = &usageBaselines{db: d, conns: make(chan *pgx.Conn, poolSize)}
	if b.admin, err = pgx.Connect(ctx, w.pg.URL(devpg.Superuser, "bench")); err != nil {
		return nil, fmt.Errorf("connect the baselines: %w", err)
	}
	if _, err := b.admin.Exec(ctx, baselineTables); err != nil {
		return nil, fmt.Errorf("make the tables of the baselines: %w", err)
	}
	for range poolSize {
		c, err := pgx.Connect(ctx, w.database)
		if err != nil {
			return nil, fmt.Errorf("connect the baselines: %w", err)
		}
		b.conns <- c
	}
	return b, nil
}

func (b *usageBaselines) close() {
	ctx := context.Background()
	for range poolSize {
		_ = (<-b.conns).Close(ctx)
	}
	_, _ = b.admin.Exec(ctx, "DROP TABLE bench_events, bench_hours, bench_copied")
	_ = b.admin.Close(ctx)
}

const (
	insertEvent = `INSERT INTO bench_events (idem, tenant_id, at, meter, quantity, user_id, feature, role, plan, route, model, input_tokens, output_tokens)
		VALUES (%s) ON CONFLICT DO NOTHING`
	addHour = `INSERT INTO bench_hours AS h (tenant_id, meter, hour, user_id, feature, events, quantity) %s
		ON CONFLICT (tenant_id, meter, hour, user_id, feature) DO UPDATE SET events = h.events + 1, quantity = h.quantity + EXCLUDED.quantity`
)

// gorm is a transaction that sets the tenant, inserts, and adds to the sum.
func (b *usageBaselines) gorm(ctx context.Context, events []usage.Event) error {
	e := events[0]
	now := time.Now().UTC()
	return b.db.Tenant(ctx, e.Tenant, func(tx *db.TenantTx) error {
		insert := fmt.Sprintf(insertEvent, "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?")
		err := tx.DB.Exec(insert, e.Key, e.Tenant, now, e.Meter, e.Quantity, e.User, e.Feature, e.Role, e.Plan, e.Route, e.Model, e.InputTokens, e.OutputTokens).Error
		if err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		add := fmt.Sprintf(addHour, "VALUES (?, ?, ?, ?, ?, 1, ?)")
		if err := tx.DB.Exec(add, e.Tenant, e.Meter, now.Truncate(time.Hour), e.User, e.Feature, e.Quantity).Error; err != nil {
			return fmt.Errorf("add: %w", err)
		}
		return nil
	})
}

// pgx is one statement that does both.
func (b *usageBaselines) pgx(ctx context.Context, events []usage.Event) error {
	e := events[0]
	now := time.Now().UTC()
	sql := "WITH one AS (" + fmt.Sprintf(insertEvent, "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13") +
		" RETURNING tenant_id, meter, user_id, feature, quantity) " +
		fmt.Sprintf(addHour, "SELECT tenant_id, meter, $14, user_id, feature, 1, quantity FROM one")
	return b.with(func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, sql, e.Key, e.Tenant.UUID(), now, e.Meter, e.Quantity, e.User.UUID(), e.Feature, e.Role, e.Plan, e.Route, e.Model,
			e.InputTokens, e.OutputTokens, now.Truncate(time.Hour))
		return err
	})
}

// copy is a bulk COPY into a table with the same columns and the same key, and nothing else.
func (b *usageBaselines) copy(ctx context.Context, events []usage.Event) error {
	now := time.Now().UTC()
	columns := []string{
		"at", "quantity", "input_tokens", "output_tokens", "cached_tokens", "cost", "idem", "tenant_id", "user_id", "day", "meter", "subject", "feature", "role",
		"plan", "route", "model", "currency",
	}
	return b.with(func(c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"bench_copied"}, columns, pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
			e := events[i]
			return []any{
				now, e.Quantity, e.InputTokens, e.OutputTokens, e.CachedTokens, e.Cost, e.Key, [16]byte(e.Tenant.UUID()), [16]byte(e.User.UUID()), now, e.Meter, "",
				e.Feature, e.Role, e.Plan, e.Route, e.Model, "",
			}, nil
		}))
		return err
	})
}

func (b *usageBaselines) with(fn func(*pgx.Conn) error) error {
	c := <-b.conns
	defer func() { b.conns <- c }()
	return fn(c)
}

var errCount = errors.New("events, sums and what was acknowledged differ")

// verify holds what was measured to be true: as many events as were acknowledged, and as many in the sums and behind the watermark.
func (b *usageBaselines) verify(ctx context.Context, acknowledged int64) error {
	var events, counted int64
	err := b.admin.QueryRow(ctx, `SELECT (SELECT count(*) FROM usage_events), (SELECT COALESCE(sum(events), 0)::bigint FROM usage_hours) +
		(SELECT count(*) FROM usage_events WHERE txid >= (SELECT txid FROM usage_watermark))`).Scan(&events, &counted)
	if err != nil {
		return fmt.Errorf("count usage: %w", err)
	}
	if events != acknowledged || counted != acknowledged {
		return fmt.Errorf("%w: %d, %d, %d", errCount, events, counted, acknowledged)
	}
	return nil
}
