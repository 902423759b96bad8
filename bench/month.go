package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/migrations"
)

// A month of one tenant by day, of the sums and of the events themselves.
const (
	minMonth  = 500 // times as fast
	monthDays = 30
	perDay    = 666_667 // events of all tenants: 20 million in a month
	share     = 20      // of which every twentieth is of one tenant, a million in a month
	monthRuns = 20      // of the fast side for each of the slow one
	attempts  = 5
)

// fillSQL makes the events of a day in a table without an index, which is attached when it has them. They are folded: the watermark is beyond
// their transaction ids. The tenant asked about has twenty users with four features each, as in the other rows; the others share the rest.
const fillSQL = `INSERT INTO %[1]s (txid, at, received_at, quantity, input_tokens, output_tokens, cached_tokens, cost, idem, tenant_id, user_id, day, meter, subject,
	feature, role, plan, route, model, currency)
SELECT 0, at, at, 1 + n %% 100, n %% 400, n %% 90, 0, 15000 * (n %% 100), CAST(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0') || '7'
		|| substr(md5(CAST(n AS text) || '%[1]s'), 1, 3) || 'a' || substr(md5(CAST(n AS text) || '%[1]s'), 4, 15) AS uuid),
	CASE WHEN n %% %[2]d = 0 THEN $1::uuid ELSE CAST('00000000-0000-7000-8000-' || lpad(to_hex(n %% 997), 12, '0') AS uuid) END,
	CAST('00000000-0000-7000-9000-' || lpad(to_hex(n / 20 %% 20), 12, '0') AS uuid), $2::date, 'ai.tokens', '',
	(ARRAY['chat', 'search', 'agents', 'export'])[1 + n / 1000 %% 4], 'member', 'pro', 'POST /chat', 'large', 'USD'
FROM (SELECT n, $2::date + n * interval '24 hours' / %[3]d AS at FROM generate_series(1, %[3]d - 1) AS n) AS made`

// The sums lie as folds leave them: a cell where its first event came, which of one with more events is earlier.
const sumHours = `INSERT INTO usage_hours (tenant_id, meter, starts_at, cell, user_id, key_id, subject, feature, role, route, model, currency, events, largest, quantity,
	input_tokens, output_tokens, cached_tokens, cost)
SELECT tenant_id, meter, date_trunc('hour', at, 'UTC'), gen_random_uuid(), user_id, key_id, subject, feature, role, route, model, currency, count(*), max(quantity),
	sum(quantity), sum(input_tokens), sum(output_tokens), sum(cached_tokens), sum(cost)
FROM %s GROUP BY 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12 ORDER BY 3, count(*) DESC`

const sumDays = `INSERT INTO usage_days (tenant_id, meter, starts_at, cell, user_id, key_id, subject, feature, role, route, model, currency, events, largest, quantity,
	input_tokens, output_tokens, cached_tokens, cost)
SELECT tenant_id, meter, date_trunc('day', starts_at, 'UTC'), gen_random_uuid(), user_id, key_id, subject, feature, role, route, model, currency, sum(events),
	max(largest), sum(quantity), sum(input_tokens), sum(output_tokens), sum(cached_tokens), sum(cost)
FROM usage_hours GROUP BY 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12 ORDER BY 3, sum(events) DESC`

// monthSQL is what one would ask of the events.
const monthSQL = `SELECT date_trunc('day', at, 'UTC') AS starts_at, CAST(sum(quantity) AS bigint) AS value, count(*) AS events FROM usage_events
WHERE tenant_id = ? AND meter = ? AND at >= ? AND at < ? GROUP BY 1 ORDER BY 1`

// month measures a report, of a database of its own, which has 20 million events and is removed at the end.
func (w *world) month(ctx context.Context, _ load) (rows []Row, err error) {
	tenant := id.New[id.Tenant]()
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -monthDays)
	admin, err := pgx.Connect(ctx, w.pg.URL(devpg.Superuser, "bench"))
	if err != nil {
		return nil, fmt.Errorf("connect to make a month: %w", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	if err := w.pg.EnsureDatabase(ctx, "month"); err != nil {
		return nil, err
	}
	defer func() {
		_, dropped := admin.Exec(context.WithoutCancel(ctx), "DROP DATABASE month WITH (FORCE)")
		err = errors.Join(err, dropped)
	}()
	if err := migrations.CreateRoles(ctx, w.pg.URL(devpg.Superuser, "month"), w.pg.Password); err != nil {
		return nil, err
	}
	if err := migrations.Up(ctx, w.pg.URL("gatehouse_owner", "month")); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := w.fillMonth(ctx, tenant, first); err != nil {
		return nil, fmt.Errorf("make a month of events: %w", err)
	}
	took := time.Since(began)
	d, err := db.Open(ctx, db.Config{URL: w.pg.URL("gatehouse_app", "month"), MaxConns: 2})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	ask := usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: first, To: first.AddDate(0, 0, monthDays), Step: usage.Day}
	var slow, fast, ratios []float64
	for range attempts {
		raw, theirs, err := timed(ctx, d, tenant, 1, func(tx *db.TenantTx) (rows []usage.Row, err error) {
			err = tx.DB.WithContext(ctx).Raw(monthSQL, tx.Tenant, ask.Meter, ask.From, ask.To).Scan(&rows).Error
			return rows, err
		})
		if err != nil {
			return nil, fmt.Errorf("ask the events: %w", err)
		}
		sums, ours, err := timed(ctx, d, tenant, monthRuns, func(tx *db.TenantTx) ([]usage.Row, error) { return usage.Report(ctx, tx, ask) })
		if err != nil {
			return nil, fmt.Errorf("ask the sums: %w", err)
		}
		if err := sameMonth(raw, sums); err != nil {
			return nil, err
		}
		slow, fast, ratios = append(slow, theirs), append(fast, ours), append(ratios, theirs/ours)
	}
	ratio := median(ratios)
	return []Row{{
		Name: "usage, a month by day of 1 M of 20 M events, to counting the events", Value: median(fast), Unit: "ms", Ratio: ratio, Met: ratio >= minMonth,
		Target:   fmt.Sprintf("≥ %d × as fast (%.0f ms)", minMonth, median(slow)),
		Measured: fmt.Sprintf("%d rounds, in turns, %d reports for each count; both in a transaction of the tenant; made in %s", attempts, monthRuns, took.Round(time.Second)),
	}}, nil
}

// timed asks some times and returns the last answer, and how many milliseconds one took.
func timed(ctx context.Context, d *db.DB, tenant id.Tenant, times int, ask func(*db.TenantTx) ([]usage.Row, error)) (rows []usage.Row, ms float64, err error) {
	began := time.Now()
	for range times {
		err = d.Tenant(ctx, tenant, func(tx *db.TenantTx) (err error) {
			if times == 1 { // Postgres would give up
				if err := tx.DB.Exec("SELECT set_config('statement_timeout', '5min', true)").Error; err != nil {
					return err
				}
			}
			rows, err = ask(tx)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return rows, float64(time.Since(began).Microseconds()) / 1000 / float64(times), nil
}

// sameMonth refuses to compare answers that differ.
func sameMonth(raw, sums []usage.Row) error {
	if len(raw) != monthDays || len(sums) != monthDays {
		return fmt.Errorf("a month has %d and %d days", len(raw), len(sums))
	}
	for i := range raw {
		if a, b := raw[i], sums[i]; !a.StartsAt.Equal(b.StartsAt) || a.Value != b.Value || a.Events != b.Events {
			return fmt.Errorf("day %d is %+v of events and %+v of sums", i, a, b)
		}
	}
	return nil
}

// fillMonth makes the partitions of a month, on two connections, and their sums.
func (w *world) fillMonth(ctx context.Context, tenant id.Tenant, first time.Time) error {
	exec := func(ctx context.Context, c *pgx.Conn, statements ...string) error {
		for _, sql := range statements {
			if _, err := c.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%.60s: %w", sql, err)
			}
		}
		return nil
	}
	connect := func(ctx context.Context) (*pgx.Conn, error) {
		c, err := pgx.Connect(ctx, w.pg.URL(devpg.Superuser, "month"))
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		return c, exec(ctx, c, "SET work_mem = '256MB'", "SET maintenance_work_mem = '256MB'", "SET synchronous_commit = off", "SET TIME ZONE 'UTC'")
	}
	group, filling := errgroup.WithContext(ctx)
	for half := range 2 {
		group.Go(func() error {
			c, err := connect(filling)
			if err != nil {
				return err
			}
			defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
			for n := half; n < monthDays; n += 2 {
				day := first.AddDate(0, 0, n)
				if err := fillDay(filling, c, exec, tenant.UUID(), day); err != nil {
					return fmt.Errorf("day %s: %w", day.Format(time.DateOnly), err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c, err := connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	return exec(ctx, c, sumDays, "UPDATE usage_watermark SET txid = txid_current()", "VACUUM ANALYZE usage_events", "VACUUM ANALYZE usage_hours",
		"VACUUM ANALYZE usage_days", "CHECKPOINT")
}

func fillDay(ctx context.Context, c *pgx.Conn, exec func(context.Context, *pgx.Conn, ...string) error, tenant uuid.UUID, day time.Time) error {
	table := "usage_events_" + day.Format("20060102")
	if err := exec(ctx, c, "CREATE TABLE "+table+" (LIKE usage_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", "ALTER TABLE "+table+" OWNER TO gatehouse_usage"); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, fmt.Sprintf(fillSQL, table, share, perDay), tenant, day); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return exec(ctx, c, fmt.Sprintf(sumHours, table), "ALTER TABLE "+table+" ADD PRIMARY KEY (idem, tenant_id, day)", "CREATE INDEX ON "+table+" (txid)",
		fmt.Sprintf("ALTER TABLE usage_events ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')", table, day.Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)))
}
