package usage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Difference is a day of a tenant's meter whose events and sums do not agree: what each of the three says of it. The totals may agree where
// what they are made of (by whom, of which model, how many tokens) does not.
type Difference struct {
	TenantID id.Tenant
	Meter    string
	Day      time.Time
	Cells    int64 // how many sums of the day are not what its events give

	Events, HourEvents, DayEvents       int64
	Quantity, HourQuantity, DayQuantity int64
	Cost, HourCost, DayCost             int64
}

// Audit says what is counted again.
type Audit struct {
	Tenant   id.Tenant // zero for all
	From, To time.Time // beginnings of days in UTC; From no longer ago than events are kept
}

const (
	mostDifferences = 1_000
	// auditLimit is how long Postgres may count: it reads all events that are kept.
	auditLimit = "30min"
)

// cellsOf sums a table by day and cell. The cell is worked out from what a row says it is about, also where the row has one.
func cellsOf(table, at, events, largest, condition string) string {
	return `SELECT tenant_id, meter, day, ` + cellHash + ` AS cell, ` + sums + ` FROM (
		SELECT tenant_id, meter, date_trunc('day', ` + at + `, 'UTC') AS day, ` + about + `, ` + events + ` AS events, max(` + largest + `) AS largest,
			sum(quantity) AS quantity, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens,
			sum(cost) AS cost
		FROM ` + table + ` WHERE ` + at + ` >= @from AND ` + at + ` < @to AND (CAST(@tenant AS uuid) IS NULL OR tenant_id = @tenant)` + condition + `
		GROUP BY tenant_id, meter, date_trunc('day', ` + at + `, 'UTC'), ` + about + `) AS grouped`
}

var verifySQL = `WITH raw AS (` + cellsOf("usage_events", "at", "count(*)", "quantity", " AND txid < (SELECT txid FROM usage_watermark)") + `),
	hours AS (` + cellsOf("usage_hours", "starts_at", "sum(events)", "largest", "") + `),
	days AS (` + cellsOf("usage_days", "starts_at", "sum(events)", "largest", "") + `),
	compared AS (
		SELECT tenant_id, meter, day, r.events AS events, h.events AS hour_events, d.events AS day_events,
			r.quantity AS quantity, h.quantity AS hour_quantity, d.quantity AS day_quantity, r.cost AS cost, h.cost AS hour_cost, d.cost AS day_cost,
			` + measuresOf("r") + ` IS DISTINCT FROM ` + measuresOf("h") + ` OR ` + measuresOf("r") + ` IS DISTINCT FROM ` + measuresOf("d") + ` AS wrong
		FROM raw r FULL JOIN hours h USING (tenant_id, meter, day, cell) FULL JOIN days d USING (tenant_id, meter, day, cell)
	)
	SELECT tenant_id, meter, day, count(*) FILTER (WHERE wrong) AS cells, ` + totals("events", "quantity", "cost") + `
	FROM compared GROUP BY tenant_id, meter, day HAVING bool_or(wrong) ORDER BY day, tenant_id, meter LIMIT @most`

func measuresOf(table string) string {
	return "ROW(" + table + "." + strings.ReplaceAll(sums, ", ", ", "+table+".") + ")"
}

// totals are the columns of a difference, of the events and of both sums.
func totals(columns ...string) string {
	var list []string
	for _, c := range columns {
		for _, of := range []string{"", "hour_", "day_"} {
			list = append(list, clamped("COALESCE(sum("+of+c+"), 0)")+" AS "+of+c)
		}
	}
	return strings.Join(list, ", ")
}

// Verify counts folded events again and returns where the sums say something else, in one snapshot; at most the first thousand differences.
func Verify(ctx context.Context, sys *db.SystemTx, a Audit) ([]Difference, error) {
	q := sys.DB.WithContext(ctx)
	if err := q.Exec("SELECT set_config('statement_timeout', ?, true)", auditLimit).Error; err != nil {
		return nil, fmt.Errorf("verify usage: %w", err)
	}
	var tenant *id.Tenant
	if !a.Tenant.IsZero() {
		tenant = &a.Tenant
	}
	var found []Difference
	err := q.Raw(verifySQL, map[string]any{"from": a.From, "to": a.To, "tenant": tenant, "most": mostDifferences}).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("verify usage: %w", err)
	}
	return found, nil
}
