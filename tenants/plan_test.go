package tenants_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// sell makes versions of plans as a catalog does: two of pro, one of each other.
func (w *world) sell() {
	w.Helper()
	w.exec(`INSERT INTO plan_versions (plan, version, terms, catalog_version, created_at)
		SELECT plan, version, '{"features": []}', 1, now() FROM (VALUES ('free', 1), ('pro', 1), ('pro', 2), ('team', 1), ('enterprise', 1)) AS v (plan, version)`)
}

func (c *company) pin() billing.Pin {
	c.Helper()
	rows, err := query[string](c.world, "SELECT plan || '@' || plan_version FROM tenants WHERE id = $1", c.tenant.ID.UUID())
	if err != nil || len(rows) != 1 {
		c.Fatalf("read the plan: %v, %v", rows, err)
	}
	for _, plan := range billing.Plans() {
		for v := range int64(3) {
			if pin := (billing.Pin{Plan: plan, Version: v}); pin.String() == rows[0] {
				return pin
			}
		}
	}
	c.Fatalf("unknown plan %s", rows[0])
	return billing.Pin{}
}

var (
	pro   = billing.Pin{Plan: billing.Pro}
	pro1  = billing.Pin{Plan: billing.Pro, Version: 1}
	pro2  = billing.Pin{Plan: billing.Pro, Version: 2}
	team1 = billing.Pin{Plan: billing.Team, Version: 1}
)

func TestMovesTakeTheNewestVersionOrTheOneNamed(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	for _, tc := range []struct{ to, want billing.Pin }{{pro, pro2}, {pro1, pro1}, {pro, pro2}, {pro2, pro2}, {team1, team1}} {
		c.must(c.operator(), "move", func(tx *db.TenantTx) error {
			_, err := tenants.MovePlan(c.operator(), tx, tc.to)
			return err
		})
		if got := c.pin(); got != tc.want {
			t.Errorf("MovePlan(%v) leaves %v, want %v", tc.to, got, tc.want)
		}
	}
	for _, wrong := range []billing.Pin{{Plan: "gold"}, {Plan: billing.Pro, Version: 3}, {Plan: billing.Pro, Version: -1}, {}} {
		c.refuse(c.operator(), "MovePlan of "+wrong.String(), errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.MovePlan(c.operator(), tx, wrong)
			return err
		})
		c.refuse(c.operator(), "SchedulePlan of "+wrong.String(), errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.SchedulePlan(c.operator(), tx, wrong, tx.Now.Add(time.Hour))
			return err
		})
		c.refuse(c.operator(), "StartTrial of "+wrong.String(), errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.StartTrial(c.operator(), tx, wrong, tx.Now.Add(time.Hour))
			return err
		})
	}
	newcomer := c.company("newcomer")
	if got := newcomer.pin(); got != team1 {
		t.Errorf("a new tenant has %v, want the newest, %v", got, team1)
	}
}

func TestADatedMoveIsSettledOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	ctx := c.operator()
	settle := func() (settled bool) {
		c.must(ctx, "settle", func(tx *db.TenantTx) (err error) {
			settled, err = tenants.SettlePlan(ctx, tx)
			return err
		})
		return settled
	}
	schedule := func(tx *db.TenantTx) error {
		_, err := tenants.SchedulePlan(ctx, tx, pro, tx.Now.Add(time.Hour))
		return err
	}
	c.must(ctx, "schedule", schedule)
	c.refuse(ctx, "a second dated move", tenants.ErrMovePending, schedule)
	c.refuse(ctx, "a move in the past", errInvalid, func(tx *db.TenantTx) error {
		_, err := tenants.SchedulePlan(ctx, tx, pro, tx.Now)
		return err
	})
	if settle() || c.pin() != team1 {
		t.Errorf("before its moment the tenant has %v, want %v", c.pin(), team1)
	}
	// The version is that of the day on which it was dated.
	c.exec(`INSERT INTO plan_versions (plan, version, terms, catalog_version, created_at) VALUES ('pro', 3, '{}', 2, now())`)
	c.sleep(2 * time.Hour)
	failed := race(repeat(4, func() error {
		return c.in(ctx, func(tx *db.TenantTx) error {
			_, err := tenants.SettlePlan(ctx, tx)
			return err
		})
	})...)
	if n := succeeded(failed); n != 4 || c.pin() != pro2 || settle() {
		t.Errorf("%d of 4 settled, the tenant has %v, want all and %v: %v", n, c.pin(), pro2, failed)
	}
	moved := 0
	for _, typ := range c.log() {
		if typ == events.PlanChanged {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("%d events of a change, want 1", moved)
	}
	c.refuse(ctx, "to cancel what has happened", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.CancelPlan(ctx, tx)
		return err
	})
}

// A move whose job is late comes before what is done after its moment.
func TestALateDatedMoveComesBeforeTheNext(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	ctx := c.operator()
	c.must(ctx, "schedule", func(tx *db.TenantTx) error {
		_, err := tenants.SchedulePlan(ctx, tx, pro, tx.Now.Add(time.Hour))
		return err
	})
	c.sleep(2 * time.Hour)
	c.must(ctx, "move", func(tx *db.TenantTx) error {
		_, err := tenants.MovePlan(ctx, tx, billing.Pin{Plan: billing.Enterprise})
		return err
	})
	if got := c.pin().Plan; got != billing.Enterprise {
		t.Errorf("the tenant has %v, want enterprise", got)
	}
	c.must(ctx, "schedule, cancel and list", func(tx *db.TenantTx) error {
		if _, err := tenants.SchedulePlan(ctx, tx, pro1, tx.Now.Add(time.Hour)); err != nil {
			return err
		}
		if _, err := tenants.CancelPlan(ctx, tx); err != nil {
			return err
		}
		moves, err := tenants.PlanMoves(ctx, tx)
		if len(moves) != 2 || moves[0].CanceledAt == nil || moves[1].SettledAt == nil || moves[0].Open() || moves[1].Open() {
			t.Errorf("PlanMoves() = %+v, want one that was canceled and one that was settled", moves)
		}
		return err
	})
	c.sleep(2 * time.Hour)
	c.must(ctx, "settle", func(tx *db.TenantTx) error {
		_, err := tenants.SettlePlan(ctx, tx)
		return err
	})
	if got := c.pin().Plan; got != billing.Enterprise {
		t.Errorf("after a canceled move the tenant has %v, want enterprise", got)
	}
}

func TestConcurrentMovesTakeTurns(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	ctx := c.operator()
	var all []func() error
	for i := range 8 {
		to := []billing.Pin{pro1, pro2, team1, {Plan: billing.Free}}[i%4]
		all = append(all, func() error {
			return c.in(ctx, func(tx *db.TenantTx) error {
				_, err := tenants.MovePlan(ctx, tx, to)
				return err
			})
		}, func() error {
			return c.in(ctx, func(tx *db.TenantTx) error {
				_, err := tenants.SchedulePlan(ctx, tx, to, tx.Now.Add(time.Hour))
				return err
			})
		})
	}
	failed := race(all...)
	if n := succeeded(failed); n != 9 {
		t.Errorf("%d of 16 succeeded, want the 8 moves and one dated move: %v", n, failed)
	}
	// Each event begins where the one before ended, so nothing was lost.
	chain, err := query[string](c.world, `SELECT (data->>'from') || (data->>'from_version') || ' ' || (data->>'to') || (data->>'to_version')
		FROM events WHERE type = 'tenant.plan_changed' ORDER BY created_at, id`)
	if err != nil || len(chain) == 0 {
		t.Errorf("changes = %v, %v, want some", chain, err)
	}
}

const overridable = "version: 1\nfeatures: {export: {from: team}, seats: {numbers: {pro: 5}}}\n"

func TestOverridesAreOfTheirTenantAlone(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("other")
	held, err := catalog.Parse("test", []byte(overridable))
	if err != nil {
		t.Fatal(err)
	}
	ctx := c.operator()
	set := func(o tenants.Override) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error {
			_, err := tenants.SetOverride(ctx, tx, held, o)
			return err
		}
	}
	ten := &billing.Number{Value: 10}
	for what, o := range map[string]tenants.Override{
		"unknown feature":    {Override: billing.Override{Feature: "none", On: true}, Reason: "why"},
		"no feature":         {Reason: "why"},
		"no reason":          {Override: billing.Override{Feature: "export", On: true}},
		"reason of spaces":   {Override: billing.Override{Feature: "export", On: true}, Reason: "  "},
		"invisible reason":   {Override: billing.Override{Feature: "export", On: true}, Reason: "a\u202eb"},
		"number of boolean":  {Override: billing.Override{Feature: "export", Number: ten}, Reason: "why"},
		"switch of a number": {Override: billing.Override{Feature: "seats", On: true}, Reason: "why"},
		"expired":            {Override: billing.Override{Feature: "export", On: true, Expires: time.Unix(1, 0)}, Reason: "why"},
	} {
		c.refuse(ctx, what, errInvalid, set(o))
	}
	c.must(ctx, "set", set(tenants.Override{Override: billing.Override{Feature: "export", On: true}, Reason: "why"}))
	c.must(ctx, "set a number", set(tenants.Override{Override: billing.Override{Feature: "seats", Number: ten}, Reason: "why"}))
	c.must(ctx, "set again", set(tenants.Override{Override: billing.Override{Feature: "seats", Number: &billing.Number{Unlimited: true}}, Reason: "more"}))
	list := func(c *company) (list []tenants.Override) {
		c.must(ctx, "list", func(tx *db.TenantTx) (err error) {
			list, err = tenants.Overrides(ctx, tx)
			return err
		})
		for i := range list {
			list[i].CreatedAt = time.Time{}
		}
		return list
	}
	want := []tenants.Override{
		{Override: billing.Override{Feature: "export", On: true}, Reason: "why"},
		{Override: billing.Override{Feature: "seats", On: true, Number: &billing.Number{Unlimited: true}}, Reason: "more"},
	}
	if diff := cmp.Diff(want, list(c)); diff != "" {
		t.Errorf("Overrides() (-want +got):\n%s", diff)
	}
	if got := list(other); len(got) != 0 {
		t.Errorf("Overrides() of another tenant = %+v, want none", got)
	}
	other.refuse(ctx, "to remove another tenant's", errNotFound, func(tx *db.TenantTx) error { return tenants.RemoveOverride(ctx, tx, "export") })
	c.must(ctx, "entitled", func(tx *db.TenantTx) error {
		e, err := tenants.Entitled(ctx, tx)
		if o := e.Override("seats", tx.Now); o == nil || o.Number == nil || !o.Number.Unlimited || e.Override("none", tx.Now) != nil {
			t.Errorf("Entitled() = %+v, want the overrides", e)
		}
		return err
	})
	c.must(ctx, "remove", func(tx *db.TenantTx) error { return tenants.RemoveOverride(ctx, tx, "export") })
	if diff := cmp.Diff(want[1:], list(c)); diff != "" {
		t.Errorf("Overrides() after the removal (-want +got):\n%s", diff)
	}
}

func TestTrialsRunOneAtATime(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	ctx := c.operator()
	start := func(plan billing.Plan, life time.Duration) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error {
			_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: plan}, tx.Now.Add(life))
			return err
		}
	}
	end := func(tx *db.TenantTx) error { _, err := tenants.EndTrial(ctx, tx); return err }
	c.refuse(ctx, "a trial of its own plan", errInvalid, start(billing.Team, time.Hour))
	c.refuse(ctx, "a trial of a lower plan", errInvalid, start(billing.Pro, time.Hour))
	c.refuse(ctx, "a trial that is over", errInvalid, start(billing.Enterprise, 0))
	c.refuse(ctx, "to end none", errNotFound, end)
	failed := race(repeat(4, func() error { return c.in(ctx, start(billing.Enterprise, time.Hour)) })...)
	if n := succeeded(failed); n != 1 {
		t.Errorf("%d of 4 trials started, want 1: %v", n, failed)
	}
	c.refuse(ctx, "a second trial", tenants.ErrTrialRunning, start(billing.Enterprise, 2*time.Hour))
	c.sleep(2 * time.Hour)
	c.refuse(ctx, "to end one that has ended", errNotFound, end)
	c.must(ctx, "start another", start(billing.Enterprise, time.Hour))
	c.must(ctx, "end it", end)
	c.must(ctx, "entitled", func(tx *db.TenantTx) error {
		e, err := tenants.Entitled(ctx, tx)
		if e.Trial != nil || e.At(tx.Now) != team1 {
			t.Errorf("Entitled() = %+v, want no trial", e)
		}
		return err
	})
}

// Who is no operator never gets here by a route; the scope is the tenant's own either way.
func TestADeletedTenantMovesNowhere(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.sell()
	ctx := c.operator()
	c.must(ctx, "schedule", func(tx *db.TenantTx) error {
		_, err := tenants.SchedulePlan(ctx, tx, pro, tx.Now.Add(time.Hour))
		return err
	})
	if err := c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(ctx, sys, tx) }); err != nil {
		t.Fatal(err)
	}
	c.sleep(2 * time.Hour)
	for what, change := range map[string]func(context.Context, *db.TenantTx) error{
		"MovePlan":       func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.MovePlan(ctx, tx, pro); return err },
		"CancelPlan":     func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.CancelPlan(ctx, tx); return err },
		"EndTrial":       func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.EndTrial(ctx, tx); return err },
		"RemoveOverride": func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveOverride(ctx, tx, "sso") },
	} {
		c.refuse(ctx, what, errNotFound, func(tx *db.TenantTx) error { return change(ctx, tx) })
	}
	c.must(ctx, "settle", func(tx *db.TenantTx) error {
		settled, err := tenants.SettlePlan(ctx, tx)
		if settled {
			t.Error("a deleted tenant was moved")
		}
		return err
	})
}
