package usage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Row is what a group used in a step. What the report is not parted by is empty. A number that 64 bits cannot hold is the largest that
// they can.
type Row struct {
	StartsAt time.Time
	UserID   id.User
	KeyID    id.Key
	Feature  string
	Model    string
	Route    string
	Role     string
	Subject  string
	Group    string `gorm:"column:directory_group"`
	Value    int64  // by the meter's aggregation
	Events   int64

	InputTokens  int64
	OutputTokens int64
	CachedTokens int64

	Cost     int64  // in billionths; 0 if there are several currencies: part by currency
	Currency string // "" if there are several, or none
}

// Report answers from the sums and from what is not folded yet, in one snapshot: it is what counting all events would give, at any moment.
// Rows come by time, those of one step by value, largest first. A mistake in the query is an errs.InvalidField.
func Report(ctx context.Context, tx *db.TenantTx, q Query) ([]Row, error) {
	if err := q.check(tx.Now); err != nil {
		return nil, err
	}
	from, to := q.Range()
	sql, grain := q.sql()
	args := []any{tx.Tenant, q.Meter, from, to, grain, tx.Tenant, q.Meter, from, to}
	if slices.Contains(q.GroupBy, ByGroup) {
		args = append(args, tx.Tenant)
	}
	var rows []Row
	if err := tx.DB.WithContext(ctx).Exec(planned).Error; err != nil {
		return nil, fmt.Errorf("report usage of %s: %w", q.Meter, err)
	}
	if err := tx.DB.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("report usage of %s: %w", q.Meter, err)
	}
	if len(rows) > mostRows {
		return nil, errs.InvalidField("step", "The report has more than 10,000 rows. Ask for a shorter range, longer steps or the top groups.")
	}
	return rows, nil
}

// planned keeps Postgres from starting workers and a compiler for the tail: it takes what is all but empty for a share of all events, and both
// would take longer than the report.
const planned = "SELECT set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)"

// tailSQL is what the sums do not have yet.
const tailSQL = `SELECT date_trunc(?, at, 'UTC'), ` + about + `, 1, quantity, quantity, input_tokens, output_tokens, cached_tokens, cost
	FROM usage_events WHERE ` + unfolded + `
	AND tenant_id = ? AND meter = ? AND at >= ? AND at < ?`

// groupsSQL has a cell once for each group of its user.
const groupsSQL = `, members AS (SELECT DISTINCT m.user_id AS member, g.name FROM directory_groups d
		JOIN memberships m ON m.tenant_id = d.tenant_id AND m.id = d.membership_id CROSS JOIN LATERAL jsonb_array_elements_text(d.groups) AS g (name)
		WHERE d.tenant_id = ?),
	grouped AS (SELECT cells.*, COALESCE(members.name, '') AS directory_group FROM cells LEFT JOIN members ON members.member = cells.user_id)`

func (q Query) sql() (sql, grain string) {
	table, grain := "usage_days", "day"
	if q.byHour() {
		table, grain = "usage_hours", "hour"
	}
	var b strings.Builder
	b.WriteString("WITH cells AS (SELECT starts_at, " + about + ", " + sums + " FROM " + table +
		" WHERE tenant_id = ? AND meter = ? AND starts_at >= ? AND starts_at < ? UNION ALL " + tailSQL + ")")
	keys := q.keys()
	value := values[q.Aggregation]
	from := "cells"
	if slices.Contains(q.GroupBy, ByGroup) {
		b.WriteString(groupsSQL)
		from = "grouped"
	}
	if q.Top > 0 && len(keys) > 0 {
		list := strings.Join(keys, ", ")
		fmt.Fprintf(&b, ", best AS (SELECT %s FROM %s GROUP BY %s ORDER BY %s DESC, %s LIMIT %d)", list, from, list, value, list, q.Top)
		var same []string
		for _, k := range keys {
			same = append(same, "b."+k+" IS NOT DISTINCT FROM c."+k)
		}
		from = "(SELECT c.* FROM " + from + " c JOIN best b ON " + strings.Join(same, " AND ") + ") AS chosen"
	}
	groups := keys
	at := "CAST(NULL AS timestamptz)"
	if q.Step != Whole {
		if at = "starts_at"; string(q.Step) != grain {
			at = "date_trunc('" + string(q.Step) + "', starts_at, 'UTC')"
		}
		groups = append([]string{at}, keys...)
	}
	columns := []string{at + " AS starts_at"}
	for _, k := range keys {
		if k != columnsOf[ByCurrency] { // the measures have it
			columns = append(columns, k)
		}
	}
	columns = append(columns, clamped(value)+" AS value", measures)
	fmt.Fprintf(&b, " SELECT %s FROM %s", strings.Join(columns, ", "), from)
	if len(groups) > 0 {
		b.WriteString(" GROUP BY " + strings.Join(groups, ", "))
	} else {
		b.WriteString(" HAVING count(*) > 0")
	}
	order := append([]string{"starts_at", "value DESC"}, keys...)
	fmt.Fprintf(&b, " ORDER BY %s LIMIT %d", strings.Join(order, ", "), mostRows+1)
	return b.String(), grain
}

// keys are the columns of the groups.
func (q Query) keys() []string {
	keys := make([]string, 0, len(q.GroupBy))
	for _, d := range q.GroupBy {
		keys = append(keys, columnsOf[d])
	}
	return keys
}

var columnsOf = map[Dimension]string{
	ByUser: "user_id", ByAPIKey: "key_id", ByFeature: "feature", ByModel: "model", ByRoute: "route", ByRole: "role",
	ByCurrency: "currency", BySubject: "subject", ByGroup: "directory_group",
}

var values = map[billing.Aggregation]string{
	billing.Sum: "sum(quantity)", billing.Count: "sum(events)", billing.Max: "max(largest)", billing.Unique: "count(DISTINCT subject)",
}

func clamped(sum string) string {
	return "CAST(LEAST(" + sum + ", 9223372036854775807) AS bigint)"
}

var measures = clamped("sum(events)") + " AS events, " + clamped("sum(input_tokens)") + " AS input_tokens, " +
	clamped("sum(output_tokens)") + " AS output_tokens, " + clamped("sum(cached_tokens)") + " AS cached_tokens, " +
	"CASE WHEN min(NULLIF(currency, '')) IS NOT DISTINCT FROM NULLIF(max(currency), '') THEN " + clamped("sum(cost)") + " ELSE 0 END AS cost, " +
	"CASE WHEN min(NULLIF(currency, '')) = max(currency) THEN max(currency) ELSE '' END AS currency"
