package usage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// member has a tenant know a user as one of groups, given as JSON.
func (r *rig) member(tb testing.TB, tenant id.Tenant, user id.User, groups string) {
	tb.Helper()
	c := dial(tb, r.urls.AdminURL)
	member := id.New[id.Membership]()
	for sql, args := range map[string][]any{
		`INSERT INTO memberships (tenant_id, id, user_id, role, status, email, source, created_at, updated_at)
			VALUES ($1, $2, $3, 'member', 'active', gen_random_uuid() || '@example.com', 'jit', now(), now())`: {tenant, member, user},
		`INSERT INTO directory_groups (tenant_id, membership_id, connection_id, groups, updated_at)
			VALUES ($1, $2, gen_random_uuid(), $3, now()), ($1, $2, gen_random_uuid(), $3, now())`: {tenant, member, groups},
	} {
		// The rows that these refer to do not matter here.
		if _, err := c.Exec(tb.Context(), "SET session_replication_role = replica"); err != nil {
			tb.Fatal(err)
		}
		if _, err := c.Exec(tb.Context(), sql, args...); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestUsageByDirectoryGroupCountsInEach(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, b, now := id.New[id.Tenant](), id.New[id.Tenant](), time.Now()
	ada, bob, eve := id.New[id.User](), id.New[id.User](), id.New[id.User]()
	r.member(t, a, ada, `["engineering", "staff"]`)
	r.member(t, a, bob, `["staff"]`)
	r.member(t, a, eve, `[]`)
	r.member(t, b, eve, `["spies"]`)
	var events []usage.Event
	var want []string
	for user, n := range map[id.User]int64{ada: 1, bob: 2, eve: 4, {}: 8} {
		e := tokens(a, now, n)
		e.User = user
		events, want = append(events, e), append(want, "accepted")
	}
	other := tokens(b, now, 16)
	other.User = eve
	r.record(t, append(events, other), append(want, "accepted")...)
	q := usage.Query{Meter: "ai.tokens", Aggregation: billing.Sum, From: now, To: now.Add(time.Hour), GroupBy: []usage.Dimension{usage.ByGroup}}
	sums := func(tenant id.Tenant, q usage.Query) map[string]int64 {
		got := map[string]int64{}
		for _, row := range report(t, r.db, tenant, q) {
			got[row.Group] = row.Value
		}
		return got
	}
	for _, folded := range []bool{false, true} {
		if diff := cmp.Diff(map[string]int64{"engineering": 1, "staff": 3, "": 12}, sums(a, q)); diff != "" {
			t.Errorf("folded %t: by group (-want +got):\n%s", folded, diff)
		}
		if diff := cmp.Diff(map[string]int64{"spies": 16}, sums(b, q)); diff != "" {
			t.Errorf("folded %t: of the other tenant (-want +got):\n%s", folded, diff)
		}
		r.fold(t)
	}
	q.Top, q.Step = 2, usage.Day
	if diff := cmp.Diff(map[string]int64{"staff": 3, "": 12}, sums(a, q)); diff != "" {
		t.Errorf("the top two (-want +got):\n%s", diff)
	}
	if cells := q.Cells(usage.Row{Group: "staff"}); cells[2] != "staff" || q.Columns()[2] != "directory_group" {
		t.Errorf("as a file: %q of %q", cells, q.Columns())
	}
}
