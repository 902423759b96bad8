package decisions_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

type bench struct{ *testdb.Scoped }

func newBench(tb testing.TB) *bench {
	tb.Helper()
	return &bench{testdb.NewScoped(tb)}
}

// run starts a log and returns what ends it and waits.
func (b *bench) run(cfg decisions.Config) (l *decisions.Log, end func()) {
	b.Helper()
	cfg.DB = b.DB
	l, err := decisions.New(cfg)
	b.Must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	end = sync.OnceFunc(func() { cancel(); b.Must(<-done) })
	b.Cleanup(end)
	return l, end
}

func (b *bench) list(tenant id.Tenant, f decisions.Filter, before id.Decision, limit int) (list []decisions.Decision) {
	b.Helper()
	b.Must(b.DB.Tenant(b.Context(), tenant, func(tx *db.TenantTx) (err error) {
		list, err = decisions.List(b.Context(), tx, f, before, limit)
		return err
	}))
	return list
}

func (b *bench) refusal(at time.Time) *decisions.Decision {
	return &decisions.Decision{
		ID: id.At[id.Decision](at), At: at.UTC().Truncate(time.Microsecond), MemberID: id.New[id.Membership](), Role: "viewer", Plan: "free",
		Permission: "chat:use", Feature: "ai.agents", Route: "POST /v1/check", Clause: "role_lacks_permission", NeedsRole: "member",
		NeedsPlan: "pro", TenantVersion: 3, CatalogVersion: 2,
	}
}

func TestWhatIsNotedIsWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l, end := b.run(decisions.Config{})
	other := b.NewTenant("globex")
	now := time.Now()
	first, second := b.refusal(now), b.refusal(now.Add(time.Second))
	second.MemberID, second.KeyID, second.Allowed, second.Permission = id.Membership{}, id.New[id.Key](), true, "members:read"
	l.Note(b.Tenant, first)
	l.Note(b.Tenant, second)
	l.Note(other, b.refusal(now))
	l.Note(id.Tenant{}, b.refusal(now))                  // about nobody's tenant
	l.Note(id.New[id.Tenant](), b.refusal(now))          // of a tenant that does not exist
	odd := b.refusal(now.Add(2 * time.Second))           // what no database takes
	odd.Permission = "a\x00b" + strings.Repeat("é", 100) // cut in the middle of a letter
	l.Note(b.Tenant, odd)
	end()
	if l.Dropped() != 0 || l.Written() != 5 {
		t.Errorf("dropped, written = %d, %d, want 0, 5", l.Dropped(), l.Written())
	}
	odd.Permission = "a\ufffdb" + strings.Repeat("é", 48) + "\ufffd"
	all := []decisions.Decision{*odd, *second, *first}
	same := func(what string, got, want []decisions.Decision) {
		t.Helper()
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(id.Decision{}, id.Membership{}, id.Key{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	yes := true
	same("List", b.list(b.Tenant, decisions.Filter{}, id.Decision{}, 10), all)
	same("List of a page", b.list(b.Tenant, decisions.Filter{}, odd.ID, 1), all[1:2])
	same("List of a member", b.list(b.Tenant, decisions.Filter{Member: first.MemberID}, id.Decision{}, 10), all[2:])
	same("List of a permission", b.list(b.Tenant, decisions.Filter{Permission: "members:read"}, id.Decision{}, 10), all[1:2])
	same("List of approvals", b.list(b.Tenant, decisions.Filter{Allowed: &yes}, id.Decision{}, 10), all[1:2])
	same("List of a time", b.list(b.Tenant, decisions.Filter{Since: second.At, Until: odd.At}, id.Decision{}, 10), all[1:2])
	if n := len(b.list(other, decisions.Filter{}, id.Decision{}, 10)); n != 1 {
		t.Errorf("decisions of another tenant = %d, want 1", n)
	}
	b.Must(b.DB.Tenant(t.Context(), b.Tenant, func(tx *db.TenantTx) error {
		got, err := decisions.Find(t.Context(), tx, first.ID)
		same("Find", []decisions.Decision{got}, all[2:])
		return err
	}))
	err := b.DB.Tenant(t.Context(), other, func(tx *db.TenantTx) error { _, err := decisions.Find(t.Context(), tx, first.ID); return err })
	if errs.As(err).Kind != errs.Missing {
		t.Errorf("Find by another tenant = %v, want not found", err)
	}
}

func TestWithoutADatabaseNobodyWaitsAndLossesAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var out bytes.Buffer
	_, err := b.Admin.Exec(t.Context(), "REVOKE INSERT ON decisions FROM gatehouse_system")
	b.Must(err)
	l, end := b.run(decisions.Config{Room: 10, Log: slog.New(slog.NewTextHandler(&out, nil))})
	began := time.Now()
	for range 10_000 {
		l.Note(b.Tenant, b.refusal(began))
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("10,000 notes took %s", d)
	}
	end()
	if l.Dropped() != 10_000 || l.Written() != 0 {
		t.Errorf("dropped, written = %d, %d, want 10000, 0", l.Dropped(), l.Written())
	}
	if !strings.Contains(out.String(), "msg=decisions_dropped") || strings.Contains(out.String(), "chat:use") {
		t.Errorf("the log says %s, want that decisions were dropped, and not which", out.String())
	}
}

func TestDecisionsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l, end := b.run(decisions.Config{Room: 10})
	_, err := b.Admin.Exec(t.Context(), "BEGIN; LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE")
	b.Must(err)
	for range 25 {
		l.Note(b.Tenant, b.refusal(time.Now()))
	}
	if l.Dropped() < 5 {
		t.Errorf("dropped = %d, want what the ring has no room for", l.Dropped())
	}
	_, err = b.Admin.Exec(t.Context(), "COMMIT")
	b.Must(err)
	end()
	if n := int64(len(b.list(b.Tenant, decisions.Filter{}, id.Decision{}, 100))); n != l.Written() || n+l.Dropped() != 25 || n < 10 {
		t.Errorf("in the log, written, dropped = %d, %d, %d, want 25 in all and none twice", n, l.Written(), l.Dropped())
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	count := func(sample int, allowed bool) (n int) {
		l, err := decisions.New(decisions.Config{DB: b.DB, Sample: sample})
		b.Must(err)
		for range 10_000 {
			if l.Wants(allowed) {
				n++
			}
		}
		return n
	}
	if n := count(0, true); n < 30 || n > 300 {
		t.Errorf("approvals of 10,000 by default = %d, want about 100", n)
	}
	if n := count(1, true); n != 10_000 {
		t.Errorf("approvals of 10,000, of each = %d", n)
	}
	if n := count(-1, true); n != 0 {
		t.Errorf("approvals of 10,000, of none = %d", n)
	}
	if n := count(-1, false); n != 10_000 {
		t.Errorf("refusals of 10,000 = %d, want all", n)
	}
	if (*decisions.Log)(nil).Wants(false) {
		t.Error("no log wants a refusal")
	}
}

func TestNotingAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	b := newBench(t)
	l, err := decisions.New(decisions.Config{DB: b.DB})
	b.Must(err)
	d := *b.refusal(time.Now())
	if n := testing.AllocsPerRun(100, func() { l.Note(b.Tenant, &d) }); n != 0 {
		t.Errorf("allocations of Note = %v, want 0", n)
	}
}

func TestSevenDaysAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l, end := b.run(decisions.Config{})
	week := time.Now().Add(-7 * 24 * time.Hour)
	old, young := b.refusal(week.Add(-time.Minute)), b.refusal(week.Add(time.Minute))
	l.Note(b.Tenant, old)
	l.Note(b.Tenant, young)
	end()
	b.Must(b.DB.System(t.Context(), func(sys *db.SystemTx) error {
		if n, err := decisions.Prune(t.Context(), sys); err != nil || n != 1 {
			t.Errorf("Prune = %d, %v, want 1", n, err)
		}
		return nil
	}))
	if got := b.list(b.Tenant, decisions.Filter{}, id.Decision{}, 10); len(got) != 1 || got[0].ID != young.ID {
		t.Errorf("left = %v, want the younger one", got)
	}
}

func TestNobodyRewritesDecisions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, sql := range []string{"UPDATE decisions SET allowed = true", "DELETE FROM decisions", "TRUNCATE decisions"} {
		if err := b.DB.Tenant(t.Context(), b.Tenant, func(tx *db.TenantTx) error { return tx.DB.Exec(sql).Error }); err == nil {
			t.Errorf("%s as the tenant = nil, want it refused", sql)
		}
	}
	if err := b.DB.System(t.Context(), func(tx *db.SystemTx) error { return tx.DB.Exec("UPDATE decisions SET allowed = true").Error }); err == nil {
		t.Error("UPDATE as the system = nil, want it refused")
	}
}
