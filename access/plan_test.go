package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const sold = `
version: 1
features:
  ai: {from: pro}
  export: {from: team}
  seats: {numbers: {free: 1, pro: 5, team: 20}}
permissions:
  ai:use: {feature: ai}
  files:export: {feature: export}
roles:
  member: {permissions: [ai:use]}
  admin: {permissions: [files:export]}
`

// versions lists the versions of plans as superuser.
func (w *world) versions() []string {
	w.Helper()
	rows, err := w.admin.Query(w.Context(), "SELECT plan || '@' || version || ' by ' || catalog_version FROM plan_versions ORDER BY 1")
	must(w, err)
	var list []string
	for rows.Next() {
		var v string
		must(w, rows.Scan(&v))
		list = append(list, v)
	}
	must(w, rows.Err())
	return list
}

// asked is the clause of the decision about the owner of the world's tenant, or "".
func (w *world) asked(s *access.Store, permission rbac.Permission, feature billing.Feature) string {
	w.Helper()
	p, err := s.Member(w.Context(), w.tenant.ID, w.owner.ID)
	d := s.Decide(p, err, permission, feature)
	return strings.TrimSpace(d.Clause + " " + d.NeedsPlan)
}

func TestACatalogMakesVersionsOfThePlansThatChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	first := w.versions()
	w.apply([]byte(sold + "\nplans: {pro: {title: Other}}\n")) // a title is no content
	if diff := cmp.Diff(first, w.versions()); diff != "" {
		t.Errorf("versions after another title (-before +after):\n%s", diff)
	}
	w.apply([]byte(strings.Replace(sold, "ai: {from: pro}", "ai: {from: team}", 1)))
	w.apply([]byte(strings.Replace(sold, "pro: 5", "pro: 6", 1)))
	var more []string
	for _, v := range w.versions() {
		if !slices.Contains(first, v) {
			more = append(more, v[:strings.Index(v, " ")])
		}
	}
	// The first took a feature from pro, the second gave it back, and another number to pro and to what has as much.
	if diff := cmp.Diff([]string{"pro@3", "pro@4"}, more); diff != "" {
		t.Errorf("new versions (-want +got):\n%s", diff)
	}
	for _, sql := range []string{"UPDATE plan_versions SET terms = '{}'", "DELETE FROM plan_versions"} {
		if err := w.db.System(w.ctx(), func(sys *db.SystemTx) error { return sys.DB.Exec(sql).Error }); err == nil {
			t.Errorf("%s = nil, want it refused", sql)
		}
	}
}

func TestAPinnedTenantIsUntouchedByANewCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	w.move(billing.Pro)
	s := w.store()
	want(t, "before", w.asked(s, "ai:use", ""), "")
	pin := w.pin()

	// What the plan includes is the tenant's; what a role holds, and what a permission needs, is the catalog's.
	w.apply([]byte(strings.NewReplacer("ai: {from: pro}", "ai: {from: enterprise}", "files:export: {feature: export}", "files:export: {feature: ai}",
		"pro: 5", "pro: 6").Replace(sold)))
	w.soon("the new catalog decides", func() bool { return w.asked(s, "files:export", "") == "" })
	want(t, "the pinned tenant keeps its feature", w.asked(s, "ai:use", "ai"), "")
	c, _ := s.Catalog()
	if n, _, known := c.NumberOf(&billing.Entitlements{Pin: pin}, "seats", time.Now()); n != 5 || !known {
		t.Errorf("seats of %v = %d, %v, want 5", pin, n, known)
	}
	if v := c.DecideOn(billing.Pin{Plan: billing.Pro}, catalog.Question{Role: rbac.Owner, Feature: "ai"}); v.Allowed || v.NeedsPlan != billing.Enterprise {
		t.Errorf("ai on the newest pro = %+v, want it to need enterprise", v)
	}

	// A move takes the newest, and with it what it lacks.
	w.move(billing.Pro)
	w.soon("the move is known", func() bool { return w.asked(s, "ai:use", "") == "feature_not_in_plan enterprise" })
}

func TestAnUpgradedDatabaseGetsVersionOneOfTheCatalogInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	w.exec("DELETE FROM plan_versions") // as a release left it that knew none
	w.exec("UPDATE tenants SET plan_version = 1")
	s := w.deaf(w.config())
	if diff := cmp.Diff([]string{"enterprise@1 by 2", "free@1 by 2", "pro@1 by 2", "team@1 by 2"}, w.versions()); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	want(t, "a tenant on team", w.asked(s, "files:export", ""), "")

	// Before another catalog takes the place of one that nobody has read.
	w.exec("DELETE FROM plan_versions")
	w.apply([]byte(strings.Replace(sold, "export: {from: team}", "export: {from: enterprise}", 1)))
	must(t, s.ReloadCatalog(t.Context()))
	want(t, "a tenant on team of before", w.asked(s, "files:export", ""), "")
	w.move(billing.Team)
	want(t, "a tenant on the newest team", w.asked(s, "files:export", ""), "feature_not_in_plan enterprise")
}

func TestAnOverrideEndsByTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	w.move(billing.Team)
	s := w.deaf(w.config())
	c, _ := s.Catalog()
	other, owner := w.company("other")
	w.set(c, tenants.Override{Override: billing.Override{Feature: "export"}, Reason: "abuse"}, time.Hour)
	want(t, "switched off", w.asked(s, "files:export", ""), "feature_switched_off")
	want(t, "switched off, asked for", w.asked(s, "", "export"), "feature_switched_off")
	p, err := s.Member(t.Context(), other.ID, owner.ID)
	if d := s.Decide(p, err, "files:export", ""); !d.Allowed {
		t.Errorf("another tenant = %+v, want it untouched", d)
	}
	w.ahead.Add(int64(2 * time.Hour))
	want(t, "expired", w.asked(s, "files:export", ""), "")

	w.move(billing.Free)
	want(t, "on free", w.asked(s, "files:export", ""), "feature_not_in_plan team")
	w.set(c, tenants.Override{Override: billing.Override{Feature: "export", On: true}, Reason: "a promise"}, time.Hour)
	want(t, "switched on", w.asked(s, "files:export", "export"), "")
	w.ahead.Add(int64(2 * time.Hour))
	want(t, "expired too", w.asked(s, "files:export", ""), "feature_not_in_plan team")
}

// set sets an override for so long and waits for nobody: what this instance changes, it knows at once.
func (w *world) set(c *catalog.Catalog, o tenants.Override, life time.Duration) tenants.Override {
	w.Helper()
	w.in(func(ctx context.Context, tx *db.TenantTx) (err error) {
		o.Expires = tx.Now.Add(life)
		o, err = tenants.SetOverride(ctx, tx, c, o)
		return err
	})
	return o
}

func TestATrialEndsByTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	s := w.deaf(w.config())
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		if _, err := tenants.SetPlan(ctx, tx, billing.Free); err != nil {
			return err
		}
		_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Team}, tx.Now.Add(time.Hour))
		return err
	})
	want(t, "on trial", w.asked(s, "files:export", "ai"), "")
	w.ahead.Add(int64(time.Hour + time.Minute))
	want(t, "after the trial", w.asked(s, "files:export", ""), "feature_not_in_plan team")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Team}, tx.Now.Add(time.Hour))
		return err
	})
	want(t, "on a second trial", w.asked(s, "files:export", ""), "")
	w.in(func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.EndTrial(ctx, tx); return err })
	want(t, "after its end", w.asked(s, "files:export", ""), "feature_not_in_plan team")
}

// A dated move decides from its moment on, whether or not a job has settled it.
func TestADatedMoveDecidesFromItsMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(sold))
	w.move(billing.Team)
	s := w.deaf(w.config())
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SchedulePlan(ctx, tx, billing.Pin{Plan: billing.Free}, tx.Now.Add(time.Hour))
		return err
	})
	want(t, "before", w.asked(s, "files:export", ""), "")
	w.ahead.Add(int64(time.Hour + time.Minute))
	want(t, "at its moment", w.asked(s, "files:export", ""), "feature_not_in_plan team")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		if settled, err := tenants.SettlePlan(ctx, tx); err != nil || !settled {
			t.Errorf("SettlePlan() = %v, %v, want it settled", settled, err)
		}
		return nil
	})
	want(t, "settled", w.asked(s, "files:export", ""), "feature_not_in_plan team")
	if got := w.pin(); got.Plan != billing.Free {
		t.Errorf("the row has the plan %v, want free", got)
	}
}

// pin is the plan in the tenant's row.
func (w *world) pin() (pin billing.Pin) {
	w.Helper()
	row := w.admin.QueryRow(w.Context(), "SELECT plan, plan_version FROM tenants WHERE id = $1", w.tenant.ID.UUID())
	must(w, row.Scan(&pin.Plan, &pin.Version))
	return pin
}

// move puts the tenant on the newest version of a plan.
func (w *world) move(plan billing.Plan) {
	w.Helper()
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPlan(ctx, tx, plan)
		return err
	})
}

func TestADecisionWithAnOverrideAllocatesNothing(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	c, err := catalog.Parse("test", []byte(sold))
	must(t, err)
	now := time.Now()
	e := &billing.Entitlements{
		Pin: billing.Pin{Plan: billing.Free}, Trial: &billing.Trial{Pin: billing.Pin{Plan: billing.Pro}, Until: now.Add(time.Hour)},
		Overrides: []billing.Override{{Feature: "ai", On: true, Expires: now.Add(time.Hour)}, {Feature: "export"}},
	}
	q := catalog.Question{Role: rbac.Admin, Permission: "files:export", Feature: "ai"}
	if got := testing.AllocsPerRun(100, func() { c.DecideFor(e, q, now) }); got != 0 {
		t.Errorf("DecideFor: %v allocations, want 0", got)
	}
}

// A tenant can be moved to a version before an instance has heard of the catalog that made it.
func TestAVersionIsKnownBeforeItsCatalogIsAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.deaf(w.config()) // which hears of no catalog
	_, before := s.Catalog()
	other := w.open() // whose changes the store is not told
	ctx := w.ctx()
	c, err := catalog.Parse("test", []byte(sold))
	must(t, err)
	must(t, other.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(ctx, sys, tx, c)
		return err
	}))
	must(t, other.Tenant(ctx, w.tenant.ID, func(tx *db.TenantTx) error {
		_, err := tenants.SetPlan(ctx, tx, billing.Pro)
		return err
	}))
	want(t, "on the new version", w.asked(s, "ai:use", ""), "")
	if _, after := s.Catalog(); after != before+1 {
		t.Errorf("the catalog is version %d, want %d", after, before+1)
	}
}
