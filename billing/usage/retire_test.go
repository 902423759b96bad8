package usage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// brokenSeals are those that VerifySeals finds of all days, as texts.
func (r *rig) brokenSeals(tb testing.TB) (broken []string) {
	tb.Helper()
	until(tb, "no partition is on its way out", func() bool {
		broken = nil
		err := r.db.System(tb.Context(), func(sys *db.SystemTx) error {
			found, err := usage.VerifySeals(tb.Context(), sys, usage.Audit{From: time.Now().AddDate(-1, 0, 0), To: time.Now().AddDate(1, 0, 0)})
			for _, f := range found {
				broken = append(broken, fmt.Sprint(f.TenantID, " ", f.What))
			}
			return err
		})
		if err != nil && errs.As(err).Kind != errs.Unavailable {
			tb.Fatalf("VerifySeals() = %v", err)
		}
		return err == nil
	})
	return broken
}

func TestSealsHoldAfterTheirEventsBecameSegments(t *testing.T) {
	t.Parallel()
	r, now, move := later(t)
	a, b, ada := id.New[id.Tenant](), id.New[id.Tenant](), id.New[id.User]()
	full := usage.Event{
		Key: keyAt(now.AddDate(0, 0, -3)), Tenant: a, At: now.AddDate(0, 0, -3), Meter: "ai.tokens", Quantity: 7, User: ada, Role: "member", Plan: "pro",
		Feature: "chat", Route: "POST /chat", Model: "large \"one\"\n", InputTokens: 5, OutputTokens: 2, CachedTokens: 1, Cost: 12, Currency: "USD",
	}
	r.record(t, []usage.Event{full, tokens(a, now, 1), call(a, "opaque", 2), tokens(b, now, 4)}, "accepted", "accepted", "accepted", "accepted")
	r.fold(t)
	move(oneDay)
	r.seal(t)
	if broken := r.brokenSeals(t); len(broken) > 0 {
		t.Errorf("seals are broken at once: %q", broken)
	}
	for _, gone := range []struct {
		days     int
		segments int64
	}{{44, 1}, {47, 3}} { // a tenant's day lies in a segment and in a partition, and then in segments alone
		move(time.Duration(gone.days) * oneDay)
		until(t, "partitions have become segments", func() bool {
			r.Tend()
			return r.number(t, "SELECT count(*) FROM usage_segments") == gone.segments
		})
		if broken := r.brokenSeals(t); len(broken) > 0 {
			t.Errorf("after %d days seals are broken: %q", gone.days, broken)
		}
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events"); n != 0 {
		t.Errorf("%d events are left in partitions, want none", n)
	}
	c := dial(t, r.urls.AdminURL)
	for _, tc := range []struct {
		sql  string
		want []string
	}{
		{"UPDATE usage_segments SET data = set_byte(data, length(data) / 2, 255 - get_byte(data, length(data) / 2)) WHERE tenant_id = $1 AND events = 2", []string{"the events are not those that were sealed"}},
		{"DELETE FROM usage_segments WHERE tenant_id = $1 AND events = 1", []string{"the events are not those that were sealed"}},
		{"UPDATE usage_seals SET head = root WHERE tenant_id = $1", []string{"the head does not follow from the day"}},
		{"UPDATE usage_seals SET previous = root WHERE tenant_id = $1", []string{"the head does not follow from the day"}},
		{"UPDATE usage_seal_lines SET cost = cost + 1 WHERE tenant_id = $1", []string{"what the statement says is not what the events give"}},
		{"DELETE FROM usage_seals WHERE tenant_id = $1", []string{"there are events and no seal"}},
	} {
		for _, sql := range []string{
			"CREATE TABLE s1 AS SELECT * FROM usage_segments", "CREATE TABLE s2 AS SELECT * FROM usage_seals", "CREATE TABLE s3 AS SELECT * FROM usage_seal_lines",
		} {
			if _, err := c.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Exec(t.Context(), tc.sql, a.UUID()); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, w := range tc.want {
			want = append(want, a.String()+" "+w)
		}
		if diff := cmp.Diff(want, r.brokenSeals(t), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", tc.sql, diff)
		}
		_, err := c.Exec(t.Context(), `TRUNCATE usage_segments, usage_seals, usage_seal_lines; INSERT INTO usage_segments SELECT * FROM s1;
			INSERT INTO usage_seals SELECT * FROM s2; INSERT INTO usage_seal_lines SELECT * FROM s3; DROP TABLE s1, s2, s3`)
		if err != nil {
			t.Fatal(err)
		}
	}
}
