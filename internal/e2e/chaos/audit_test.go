package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// sumsSQL counts, in one snapshot, what events give and what the sums of hours and of days say with the events behind the watermark.
const sumsSQL = `WITH mark AS (SELECT txid FROM usage_watermark),
raw AS (SELECT tenant_id, meter, count(*) AS events, sum(quantity) AS quantity, sum(cost) AS cost FROM usage_events GROUP BY 1, 2),
tail AS (SELECT tenant_id, meter, count(*) AS events, sum(quantity) AS quantity, sum(cost) AS cost FROM usage_events
	WHERE txid >= (SELECT txid FROM mark) GROUP BY 1, 2),
hours AS (SELECT tenant_id, meter, sum(events) AS events, sum(quantity) AS quantity, sum(cost) AS cost FROM
	(SELECT tenant_id, meter, events, quantity, cost FROM usage_hours UNION ALL SELECT * FROM tail) AS h GROUP BY 1, 2),
days AS (SELECT tenant_id, meter, sum(events) AS events, sum(quantity) AS quantity, sum(cost) AS cost FROM
	(SELECT tenant_id, meter, events, quantity, cost FROM usage_days UNION ALL SELECT * FROM tail) AS d GROUP BY 1, 2)
SELECT COALESCE(string_agg(format('%s %s: events %s, hours %s, days %s', tenant_id, meter, ROW(raw.*), ROW(hours.*), ROW(days.*)), '; '), '')
FROM raw FULL JOIN hours USING (tenant_id, meter) FULL JOIN days USING (tenant_id, meter)
WHERE ROW(raw.events, raw.quantity, raw.cost) IS DISTINCT FROM ROW(hours.events, hours.quantity, hours.cost)
	OR ROW(raw.events, raw.quantity, raw.cost) IS DISTINCT FROM ROW(days.events, days.quantity, days.cost)`

// errGone says that nothing could be counted, the database having been killed.
var errGone = errors.New("the database is gone")

// audit compares what is stored with what clients know, in one snapshot. It returns errGone where there was no database to ask.
func (r *round) audit(ctx context.Context) error {
	told := map[*book]map[string]int64{}
	for _, u := range r.users() {
		told[u.book] = u.book.toldNow()
	}
	conn, err := pgx.Connect(ctx, r.owner)
	if err != nil {
		return errGone
	}
	defer conn.Close(ctx)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return errGone
	}
	defer func() { _ = tx.Rollback(ctx) }()
	var wrong string
	if err := tx.QueryRow(ctx, sumsSQL).Scan(&wrong); err != nil {
		return errGone
	}
	if wrong != "" {
		r.tally.violate(differs, 1, "%s", wrong)
	}
	for _, u := range r.users() {
		if err := r.compare(ctx, tx, u, told[u.book]); err != nil {
			return errGone
		}
	}
	r.tally.add(audits, 1)
	return nil
}

// compare looks for each of a tenant's events.
func (r *round) compare(ctx context.Context, tx pgx.Tx, u user, told map[string]int64) error {
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(u.tenant.id)); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, "SELECT idem, quantity FROM usage_events WHERE tenant_id = $1 AND meter = $2", tenant.UUID(), u.meter)
	if err != nil {
		return err
	}
	stored, texts, used := map[string]int64{}, 0, int64(0)
	var idem uuid.UUID
	var quantity int64
	_, err = pgx.ForEachRow(rows, []any{&idem, &quantity}, func() error {
		used += quantity
		if idem.Version() != 7 { // the hash of a text
			texts++
			return nil
		}
		if _, twice := stored[idem.String()]; twice {
			r.tally.violate(double, 1, "%s is stored twice", idem)
		}
		stored[idem.String()] = quantity
		return nil
	})
	if err != nil {
		return err
	}
	sent := u.book.sentNow()
	limit, limited := limits[u.tenant.plan]
	if limited && used > limit+u.book.doubtful() {
		r.tally.violate(over, used-limit, "%s has used %d of %d", u.tenant.slug, used, limit)
	}
	if u.reserves { // the keys of these events are the servers' own
		if least, most := sum(told), sum(sent); used < least {
			r.tally.violate(lost, least-used, "of %s %d are stored and %d were settled", u.tenant.slug, used, least)
		} else if used > most {
			r.tally.violate(double, used-most, "of %s %d are stored and %d were sent", u.tenant.slug, used, most)
		}
		return nil
	}
	for key, quantity := range told {
		if got, found := stored[key]; !isText(key) && (!found || got != quantity) {
			r.tally.violate(lost, 1, "%s of %s: stored is %d, want %d", key, u.tenant.slug, got, quantity)
		}
	}
	if least := countTexts(told); texts < least {
		r.tally.violate(lost, int64(least-texts), "of %s %d events with texts for ids are stored, and %d were acknowledged", u.tenant.slug, texts, least)
	}
	if most := countTexts(sent); texts > most {
		r.tally.violate(double, int64(texts-most), "of %s %d events with texts for ids are stored, and %d were sent", u.tenant.slug, texts, most)
	}
	for key, quantity := range stored {
		if want, found := sent[key]; !found || want != quantity || u.book.wasRefused(key) {
			r.tally.violate(forged, 1, "%s of %s: stored is %d, sent was %d", key, u.tenant.slug, quantity, want)
		}
	}
	return nil
}

// countTexts counts the ids that are no UUID: of these the table has a hash.
func countTexts(of map[string]int64) (n int) {
	for key := range of {
		if isText(key) {
			n++
		}
	}
	return n
}

func isText(key string) bool { return len(key) != 36 || uuid.Validate(key) != nil }

// countStamped looks for events whose time is that of a server whose clock was wrong: it is the database that says when something happened.
func (r *round) countStamped(ctx context.Context, u user) error {
	conn, err := pgx.Connect(ctx, r.owner)
	if err != nil {
		return fmt.Errorf("look at the times of events: %w", err)
	}
	defer conn.Close(ctx)
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(u.tenant.id)); err != nil {
		return err
	}
	var n int64
	err = conn.QueryRow(ctx, "SELECT count(*) FROM usage_events WHERE tenant_id = $1 AND abs(extract(epoch FROM at - received_at)) > 3000", tenant.UUID()).Scan(&n)
	if err != nil {
		return fmt.Errorf("look at the times of events: %w", err)
	}
	if n > 0 {
		r.tally.violate(stamped, n, "of %s", u.tenant.slug)
	}
	return nil
}

// usedSQL also says what the ledger knows, for whoever must find out why the two differ.
const usedSQL = `SELECT (SELECT COALESCE(sum(quantity), 0)::bigint FROM usage_events WHERE tenant_id = $1 AND meter = $2),
	(SELECT COALESCE(string_agg(format('%s of %s: used %s, leased %s, unleased %s', kind, measure, used, leased, unleased), '; '), '') FROM quotas
		WHERE tenant_id = $1 AND meter = $2) ||
	(SELECT COALESCE(string_agg(format('; lease of %s until %s, dead at %s', granted, expires_at, dead_txid), ''), '') FROM quota_leases
		WHERE tenant_id = $1 AND meter = $2)`

// used is what is stored of a tenant's meter, and what the ledger says of it.
func (r *round) used(ctx context.Context, u user) (n int64, ledger string, err error) {
	conn, err := pgx.Connect(ctx, r.owner)
	if err != nil {
		return 0, "", fmt.Errorf("count what is used: %w", err)
	}
	defer conn.Close(ctx)
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(u.tenant.id)); err != nil {
		return 0, "", err
	}
	err = conn.QueryRow(ctx, usedSQL, tenant.UUID(), u.meter).Scan(&n, &ledger)
	return n, ledger, err
}

// verify has the program count again.
func (r *round) verify(ctx context.Context) error {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	var found []usage.Difference
	err := r.db.System(ctx, func(sys *db.SystemTx) (err error) {
		found, err = usage.Verify(ctx, sys, usage.Audit{From: today.AddDate(0, 0, -2), To: today.AddDate(0, 0, 2)})
		return err
	})
	if err != nil {
		return errGone
	}
	for _, d := range found {
		r.tally.violate(differs, 1, "verification: %+v", d)
	}
	r.tally.add(verified, 1)
	return nil
}

// report asks some server how much a tenant has used: at least what was acknowledged before, and at most what was sent by then.
func (c *client) report(u user) error {
	least := sum(u.book.toldNow())
	a, err := c.send(http.MethodGet, "/v1/usage?meter="+u.meter, u.tenant, nil)
	if err != nil || a.status != http.StatusOK {
		return errGone
	}
	var got struct{ Rows []struct{ Value int64 } }
	if err := json.Unmarshal(a.body, &got); err != nil {
		return fmt.Errorf("read a report: %w", err)
	}
	value := int64(0)
	for _, row := range got.Rows {
		value += row.Value
	}
	if most := sum(u.book.sentNow()); value < least || value > most {
		c.tally.violate(differs, 1, "a report of %s says %d, want %d to %d", u.tenant.slug, value, least, most)
	}
	return nil
}
