package usage_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Whoever is killed over a partition leaves its table detached, and some of its segments. A clock that went wrong makes one of a day anew that
// is in segments already.
func TestSegmentsGoOnWhereSomebodyDied(t *testing.T) {
	t.Parallel()
	r, now, move := later(t)
	a := id.New[id.Tenant]()
	r.record(t, []usage.Event{tokens(a, now, 1), tokens(a, now, 2)}, "accepted", "accepted")
	r.fold(t)
	move(oneDay)
	r.seal(t)
	c := dial(t, r.urls.AdminURL)
	table, today := now.Format("usage_events_20060102"), now.Format("2006-01-02")
	if _, err := c.Exec(t.Context(), "SET ROLE gatehouse_usage"); err != nil {
		t.Fatal(err)
	}
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("ALTER TABLE usage_events DETACH PARTITION " + table)
	run("INSERT INTO usage_segments (tenant_id, day, part, events, first, last, data) VALUES ($1, $2, -1, 2, 0, 0, '')", a.UUID(), today)
	move(48 * oneDay)
	retired := func(want int64) {
		t.Helper()
		until(t, "the table has become segments", func() bool {
			r.Tend()
			return r.number(t, "SELECT count(*) FROM pg_class WHERE relname = $1", table) == 0
		})
		if n := r.number(t, "SELECT sum(events) FROM usage_segments WHERE tenant_id = $1 AND part BETWEEN 0 AND $2", a.UUID(), want-2); n != want {
			t.Errorf("segments have %d events, want %d", n, want)
		}
	}
	retired(2)
	if broken := r.brokenSeals(t); len(broken) > 0 {
		t.Errorf("seals are broken: %q", broken)
	}
	run("CREATE TABLE " + table + " (LIKE usage_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
	run("INSERT INTO "+table+` (txid, at, quantity, input_tokens, output_tokens, cached_tokens, cost, idem, tenant_id, day, meter, subject, feature, role, plan, route, model, currency)
		VALUES (0, now(), 1, 0, 0, 0, 0, gen_random_uuid(), $1, $2, 'calls', '', '', '', '', '', '', '')`, a.UUID(), today)
	retired(3)
}

func TestSegmentsHoldNoWatermarkBack(t *testing.T) {
	t.Parallel()
	r, now, move := later(t)
	if _, err := dial(t, r.urls.AdminURL).Exec(t.Context(), `CREATE TABLE written (txid bigint);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
			'BEGIN INSERT INTO public.written VALUES (txid_current()); RETURN NEW; END';
		CREATE TRIGGER note BEFORE INSERT ON usage_segments FOR EACH ROW EXECUTE FUNCTION note()`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.record(t, []usage.Event{tokens(id.New[id.Tenant](), now, 1)}, "accepted")
	}
	r.fold(t)
	move(oneDay)
	r.seal(t)
	move(48 * oneDay)
	until(t, "the partition is three segments", func() bool {
		r.Tend()
		return r.number(t, "SELECT count(*) FROM usage_segments WHERE part >= 0") == 3
	})
	if n := r.number(t, "SELECT count(DISTINCT txid) FROM written"); n != 3 {
		t.Errorf("three segments were written in %d transactions, want each in its own", n)
	}
}
