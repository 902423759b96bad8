package usage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// still opens the same database so that all statements of a transaction see one state of it.
func (r *rig) still(tb testing.TB) *db.DB {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: r.urls.URL + "&default_transaction_isolation=repeatable%20read"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// report asks in a transaction of the tenant's own.
func report(tb testing.TB, d *db.DB, tenant id.Tenant, q usage.Query) []usage.Row {
	tb.Helper()
	var rows []usage.Row
	err := d.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) (err error) {
		rows, err = usage.Report(tb.Context(), tx, q)
		return err
	})
	if err != nil {
		tb.Fatalf("Report(%+v) = %v", q, err)
	}
	return rows
}

// counted is a group of a full recount.
type counted struct {
	StartsAt time.Time
	UserID   id.User
	Feature  string
	Value    int64
	Events   int64
}

// recounts are what reports must equal, as SQL over the events alone.
var recounts = map[billing.Aggregation]string{
	billing.Sum: "sum(quantity)", billing.Count: "count(*)", billing.Max: "max(quantity)", billing.Unique: "count(DISTINCT subject)",
}

// same compares reports of every aggregation and step with a recount of the events in the same snapshot, and says how many there were.
func same(ctx context.Context, d *db.DB, tenant id.Tenant, from, to time.Time) (events int64, err error) {
	err = d.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		for aggregation, value := range recounts {
			for _, step := range usage.Steps() {
				q := usage.Query{
					Meter: "ai.tokens", Aggregation: aggregation, From: from, To: to, Step: step, GroupBy: []usage.Dimension{usage.ByUser, usage.ByFeature},
				}
				rows, err := usage.Report(ctx, tx, q)
				if err != nil {
					return err
				}
				var got, want []counted
				for _, r := range rows {
					got = append(got, counted{r.StartsAt.UTC(), r.UserID, r.Feature, r.Value, r.Events})
				}
				err = tx.DB.Raw(fmt.Sprintf(`SELECT date_trunc('%s', at, 'UTC') AS starts_at, user_id, feature, CAST(%s AS bigint) AS value, count(*) AS events
					FROM usage_events WHERE tenant_id = ? AND meter = 'ai.tokens' GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3`, step, value), tenant).Scan(&want).Error
				if err != nil {
					return err
				}
				events = 0
				for i := range want {
					want[i].StartsAt = want[i].StartsAt.UTC()
					events += want[i].Events
				}
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(id.User{})); diff != "" {
					return fmt.Errorf("%s by %s (-recount +report):\n%s", aggregation, step, diff)
				}
			}
		}
		return nil
	})
	return events, err
}

func TestReportsEqualARecountWhileEventsComeAndAreFolded(t *testing.T) {
	t.Parallel()
	r := build(t, func(c *usage.Config) {
		c.Meters = func(context.Context, id.Tenant, string) (usage.Meter, bool, error) {
			return usage.Meter{Unique: true}, true, nil
		}
	})
	still := r.still(t)
	tenants := []id.Tenant{id.New[id.Tenant](), id.New[id.Tenant]()}
	users := []id.User{id.New[id.User](), id.New[id.User](), {}}
	now := time.Now().UTC()
	ctx, cancel := context.WithCancel(t.Context())
	var producers, others errgroup.Group
	var mu sync.Mutex
	unique := map[string]bool{}
	var keys []string
	for range 6 {
		producers.Go(func() error {
			for range 120 {
				events := make([]usage.Event, 1+rand.IntN(20))
				for i := range events {
					key := uuid.Must(uuid.NewV7()).String()
					if rand.IntN(4) == 0 {
						key = fmt.Sprintf("order %d", rand.IntN(500))
					}
					mu.Lock()
					if len(keys) > 0 && rand.IntN(8) == 0 {
						key = keys[rand.IntN(len(keys))]
					}
					keys = append(keys, key)
					tenant := tenants[rand.IntN(2)]
					unique[tenant.String()+key] = true
					mu.Unlock()
					events[i] = usage.Event{
						Key: key, Tenant: tenant, At: now.Add(-time.Duration(rand.IntN(50)) * time.Hour), Meter: "ai.tokens", Quantity: rand.Int64N(100),
						User: users[rand.IntN(3)], Feature: []string{"chat", "search"}[rand.IntN(2)], Subject: fmt.Sprintf("document %d", rand.IntN(30)),
					}
				}
				if _, err := r.Record(ctx, events...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	others.Go(func() error {
		for ctx.Err() == nil {
			if _, err := r.folder.Fold(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	checks := 0
	others.Go(func() error {
		for ctx.Err() == nil {
			if _, err := same(ctx, still, tenants[checks%2], now.AddDate(0, 0, -3), now.Add(time.Hour)); err != nil && ctx.Err() == nil {
				return err
			}
			checks++
		}
		return nil
	})
	if err := producers.Wait(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := others.Wait(); err != nil {
		t.Error(err)
	}
	r.fold(t)
	var total int64
	for _, tenant := range tenants {
		n, err := same(t.Context(), still, tenant, now.AddDate(0, 0, -3), now.Add(time.Hour))
		if err != nil {
			t.Error(err)
		}
		total += n
	}
	if int(total) != len(unique) {
		t.Errorf("%d events, want %d: as many as there are keys", total, len(unique))
	}
	if checks < 3 {
		t.Errorf("%d checks while events came, want some", checks)
	}
	t.Logf("%d events sent, %d counted, %d checks", len(keys), total, checks)
}

func TestATopIsOfTheWholeRange(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, now := id.New[id.Tenant](), time.Now().UTC()
	e := func(model string, hoursAgo int, quantity, cost int64, currency string) usage.Event {
		return usage.Event{
			Tenant: a, At: now.Add(-time.Duration(hoursAgo) * time.Hour), Meter: "ai.tokens", Quantity: quantity, Model: model, Cost: cost, Currency: currency,
		}
	}
	events := []usage.Event{e("large", 48, 10, 5, "USD"), e("large", 0, 10, 5, "USD"), e("small", 0, 15, 1, "EUR"), e("tiny", 48, 1, 0, ""), e("tiny", 0, 1, 0, "")}
	r.record(t, events, "accepted", "accepted", "accepted", "accepted", "accepted")
	q := usage.Query{
		Meter: "ai.tokens", Aggregation: billing.Sum, From: now.AddDate(0, 0, -3), To: now, Step: usage.Day, GroupBy: []usage.Dimension{usage.ByModel}, Top: 1,
	}
	for _, folded := range []bool{false, true} {
		rows := report(t, r.db, a, q)
		if len(rows) != 2 || rows[0].Model != "large" || rows[1].Model != "large" || rows[1].Value != 10 {
			t.Errorf("folded %t: the top model = %+v, want large on both days", folded, rows)
		}
		whole := q
		whole.Step, whole.Top, whole.GroupBy = usage.Whole, 0, nil
		if rows := report(t, r.db, a, whole); len(rows) != 1 || rows[0].Value != 37 || rows[0].Events != 5 || rows[0].Cost != 0 || rows[0].Currency != "" {
			t.Errorf("folded %t: the whole = %+v, want 37 of 5 events, in several currencies", folded, rows)
		}
		whole.GroupBy = []usage.Dimension{usage.ByCurrency}
		rows = report(t, r.db, a, whole)
		if len(rows) != 3 || rows[0].Currency != "USD" || rows[0].Cost != 10 || rows[1].Currency != "EUR" || rows[1].Cost != 1 {
			t.Errorf("folded %t: by currency = %+v, want 10 USD, 1 EUR and what costs nothing", folded, rows)
		}
		if rows := report(t, r.db, id.New[id.Tenant](), whole); len(rows) != 0 {
			t.Errorf("folded %t: another tenant reads %+v, want nothing", folded, rows)
		}
		r.fold(t)
	}
}

// A range of hours need not begin with a day, whatever its steps are.
func TestARangeOfHoursIsNotWidenedToDays(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	tenant := id.New[id.Tenant]()
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3).Add(10 * time.Hour)
	to := from.AddDate(0, 0, 1)
	r.record(t, []usage.Event{
		tokens(tenant, from.Add(-time.Minute), 1), tokens(tenant, from, 20), tokens(tenant, to.Add(-time.Minute), 300), tokens(tenant, to, 4_000),
	}, "accepted", "accepted", "accepted", "accepted")
	for _, folded := range []bool{false, true} {
		if folded {
			r.fold(t)
		}
		q := usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: from, To: to, Hours: true}
		if rows := report(t, r.still(t), tenant, q); len(rows) != 1 || rows[0].Value != 320 {
			t.Errorf("Report(%+v) = %+v, want one row of 320", q, rows)
		}
		q.Step = usage.Day
		rows := report(t, r.still(t), tenant, q)
		if len(rows) != 2 || rows[0].Value != 20 || rows[1].Value != 300 || !rows[0].StartsAt.Equal(from.Truncate(24*time.Hour)) {
			t.Errorf("Report(%+v) = %+v, want 20 of the first day and 300 of the second", q, rows)
		}
		if q.Hours = false; len(report(t, r.still(t), tenant, q)) != 2 || report(t, r.still(t), tenant, q)[1].Value != 4_300 {
			t.Errorf("Report(%+v) is not of whole days", q)
		}
	}
	q := usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: from.AddDate(0, 0, -100), To: to, Hours: true}
	err := r.still(t).Tenant(t.Context(), tenant, func(tx *db.TenantTx) error {
		_, err := usage.Report(t.Context(), tx, q)
		return err
	})
	if err == nil {
		t.Errorf("Report(%+v) = nil, want it refused: hours are kept for 90 days", q)
	}
}
