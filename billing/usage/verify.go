package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Difference is a day of a tenant's meter whose events and sums do not agree: what each of the three says of it.
type Difference struct {
	TenantID id.Tenant
	Meter    string
	Day      time.Time

	Events, HourEvents, DayEvents       int64
	Quantity, HourQuantity, DayQuantity int64
	Cost, HourCost, DayCost             int64
}

const mostDifferences = 1_000

// totals sums a table by day, under the names of the columns.
func totals(table, at, events, condition string) string {
	return `SELECT tenant_id, meter, date_trunc('day', ` + at + `, 'UTC') AS day, ` + events + ` AS events, sum(quantity) AS quantity, sum(cost) AS cost
		FROM ` + table + ` WHERE ` + at + ` >= ? AND ` + at + ` < ?` + condition + ` GROUP BY tenant_id, meter, date_trunc('day', ` + at + `, 'UTC')`
}

var verifySQL = `WITH raw AS (` + totals("usage_events", "at", "count(*)", " AND txid < (SELECT txid FROM usage_watermark)") + `),
	hours AS (` + totals("usage_hours", "starts_at", "sum(events)", "") + `), days AS (` + totals("usage_days", "starts_at", "sum(events)", "") + `),
	compared AS (
		SELECT tenant_id, meter, day,
			COALESCE(r.events, 0) AS events, COALESCE(h.events, 0) AS hour_events, COALESCE(d.events, 0) AS day_events,
			COALESCE(r.quantity, 0) AS quantity, COALESCE(h.quantity, 0) AS hour_quantity, COALESCE(d.quantity, 0) AS day_quantity,
			COALESCE(r.cost, 0) AS cost, COALESCE(h.cost, 0) AS hour_cost, COALESCE(d.cost, 0) AS day_cost
		FROM raw r FULL JOIN hours h USING (tenant_id, meter, day) FULL JOIN days d USING (tenant_id, meter, day)
	)
	SELECT * FROM compared WHERE (events, quantity, cost) <> (hour_events, hour_quantity, hour_cost)
		OR (events, quantity, cost) <> (day_events, day_quantity, day_cost)
	ORDER BY day, tenant_id, meter LIMIT ?`

// Verify counts the folded events of some days again and returns where the sums say something else, in one snapshot; at most the first
// thousand differences. From and to are beginnings of days in UTC, and from no longer ago than events are kept.
func Verify(ctx context.Context, sys *db.SystemTx, from, to time.Time) ([]Difference, error) {
	var found []Difference
	err := sys.DB.WithContext(ctx).Raw(verifySQL, from, to, from, to, from, to, mostDifferences).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("verify usage: %w", err)
	}
	return found, nil
}
