package tenants_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

var (
	errSlugTaken = errs.New(errs.Conflict, "slug_taken", "")
	errNotFound  = errs.NotFound("")
)

func (w *world) create(in tenants.New) error {
	ctx := authn.AsOperator(w.Context())
	return w.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, _, err := tenants.Create(ctx, sys, tx, in)
		return err
	})
}

func TestTEN_08_TakenSlugTellsNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	gone := c.company("gone")
	must(t, gone.delete())
	before := c.rows()
	var answers []string
	for _, slug := range []string{"acme", "gone", "gatehouse"} {
		err := c.create(tenants.New{Slug: slug, Name: "x", Plan: billing.Free, Owner: "a@b.example"})
		want := errSlugTaken
		if slug == "gatehouse" {
			want = errInvalid // the installation's own is reserved
		}
		wantCode(t, "Create "+slug, err, want)
		answers = append(answers, errs.As(err).Detail)
	}
	if answers[0] != answers[1] {
		t.Errorf("a slug in use answers %q, one of a deleted tenant %q, want no difference", answers[0], answers[1])
	}
	if diff := cmp.Diff(before, c.rows()); diff != "" {
		t.Errorf("refused tenants left rows (-before +after):\n%s", diff)
	}
	if n := succeeded(race(repeat(20, func() error {
		return c.create(tenants.New{Slug: "fresh", Name: "x", Plan: billing.Free, Owner: "a@b.example"})
	})...)); n != 1 {
		t.Errorf("of 20 tenants with one slug %d were made, want 1", n)
	}
}

func TestCreateRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.rows()
	for _, in := range []tenants.New{
		{Slug: "Acme", Name: "x", Plan: billing.Free, Owner: "a@b.example"},
		{Slug: "acme", Name: "", Plan: billing.Free, Owner: "a@b.example"},
		{Slug: "acme", Name: "x", Plan: "gold", Owner: "a@b.example"},
		{Slug: "acme", Name: "x", Owner: "a@b.example"},
		{Slug: "acme", Name: "x", Plan: billing.Free, Owner: "a@b.example, c@d.example"},
	} {
		wantCode(t, fmt.Sprintf("Create(%+v)", in), w.create(in), errInvalid)
	}
	if diff := cmp.Diff(before, w.rows()); diff != "" {
		t.Errorf("refused tenants left rows (-before +after):\n%s", diff)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (c *company) delete() error {
	return c.db.Admit(c.operator(), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		return tenants.Delete(c.operator(), sys, tx)
	})
}

func TestTEN_19_DeletedTenant(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.operator()
	m := c.join("m", rbac.Member)
	must(t, c.claim("corp.example"))
	link := c.link(m, time.Hour)
	must(t, c.delete())

	c.refuse(ctx, "Current", errNotFound, func(tx *db.TenantTx) error { _, _, err := tenants.Current(ctx, tx); return err })
	c.refuse(ctx, "Resume", errNotFound, func(tx *db.TenantTx) error { _, err := tenants.Resume(ctx, tx); return err })
	c.refuse(ctx, "Rename", errNotFound, func(tx *db.TenantTx) error { _, err := tenants.Rename(ctx, tx, "x"); return err })
	c.refuse(ctx, "SetPlan", errNotFound, func(tx *db.TenantTx) error { _, err := tenants.SetPlan(ctx, tx, billing.Pro); return err })
	c.refuse(ctx, "RedeemLink", tenants.ErrLinkUsed, func(tx *db.TenantTx) error { _, err := tenants.RedeemLink(ctx, tx, link); return err })
	wantCode(t, "a second Delete", c.delete(), errNotFound)
	err := c.db.System(ctx, func(sys *db.SystemTx) error {
		_, bySlug := tenants.BySlug(ctx, sys, "acme")
		wantCode(t, "BySlug", bySlug, errNotFound)
		_, byDomain := tenants.RouteDomain(ctx, sys, "corp.example")
		wantCode(t, "RouteDomain", byDomain, errNotFound)
		places, err := tenants.PlacesOf(ctx, sys, m.UserID)
		if len(places) != 0 {
			t.Errorf("PlacesOf = %v, want none", places)
		}
		all, listed := tenants.All(ctx, sys, id.Tenant{}, 10)
		if len(all) != 0 || listed != nil {
			t.Errorf("All = %v, %v, want none", all, listed)
		}
		return err
	})
	must(t, err)
	wantCode(t, "its slug for another tenant", c.create(tenants.New{Slug: "acme", Name: "x", Plan: billing.Free, Owner: "a@b.example"}), errSlugTaken)
	heir := c.company("heir")
	must(t, heir.claim("corp.example")) // a released domain can be proven by whoever has it now
}

func TestDeletedTenantCannotBeResumedInARace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 10 {
		c := w.company(fmt.Sprintf("race%d", n))
		ctx := c.operator()
		c.must(ctx, "suspend", func(tx *db.TenantTx) error { _, err := tenants.Suspend(ctx, tx, "unpaid"); return err })
		failed := race(c.delete, func() error {
			return c.in(ctx, func(tx *db.TenantTx) error { _, err := tenants.Resume(ctx, tx); return err })
		})
		status, err := query[string](w, `SELECT status FROM tenants WHERE slug = $1`, c.tenant.Slug)
		if failed[0] != nil || err != nil || status[0] != "deleted" {
			t.Fatalf("after Delete beside Resume the tenant is %v (%v, %v), want deleted", status, failed, err)
		}
	}
}

func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.operator()
	suspend := func() error {
		return c.in(ctx, func(tx *db.TenantTx) error { _, err := tenants.Suspend(ctx, tx, "unpaid"); return err })
	}
	if failed := race(repeat(10, suspend)...); succeeded(failed) != 10 {
		t.Fatalf("Suspend, ten times at once = %v", failed)
	}
	must(t, c.db.System(ctx, func(sys *db.SystemTx) error {
		got, err := tenants.BySlug(ctx, sys, "acme")
		if got.Status != tenants.StatusSuspended {
			t.Errorf("BySlug = %+v, want it suspended", got)
		}
		places, _ := tenants.PlacesOf(ctx, sys, c.owner.UserID)
		if len(places) != 0 {
			t.Errorf("PlacesOf in a suspended tenant = %v, want none", places)
		}
		return err
	}))
	c.must(ctx, "resume", func(tx *db.TenantTx) error { _, err := tenants.Resume(ctx, tx); return err })
	want := []events.Type{events.TenantCreated, events.MemberJoined, events.TenantSuspended, events.TenantResumed}
	if diff := cmp.Diff(want, c.log()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// onceEach are changes and the event that each leaves.
func (c *company) onceEach(ctx context.Context, m tenants.Membership) []struct {
	typ events.Type
	do  func(*db.TenantTx) error
} {
	yes := true
	return []struct {
		typ events.Type
		do  func(*db.TenantTx) error
	}{
		{events.TenantRenamed, func(tx *db.TenantTx) error { _, err := tenants.Rename(ctx, tx, "New name"); return err }},
		{events.PlanChanged, func(tx *db.TenantTx) error { _, err := tenants.SetPlan(ctx, tx, billing.Pro); return err }},
		{events.PolicyChanged, func(tx *db.TenantTx) error {
			_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleJIT: &yes})
			return err
		}},
		{events.MemberRoleChanged, func(tx *db.TenantTx) error { _, err := tenants.SetRole(ctx, tx, m.ID, rbac.Admin); return err }},
		{events.MemberSuspended, func(tx *db.TenantTx) error { _, err := tenants.SuspendMember(ctx, tx, m.ID); return err }},
		{events.MemberResumed, func(tx *db.TenantTx) error { _, err := tenants.ResumeMember(ctx, tx, m.ID); return err }},
		{events.MemberProfileMoved, func(tx *db.TenantTx) error {
			m, err := tenants.Member(ctx, tx, m.ID)
			if err != nil {
				return err
			}
			_, err = tenants.UpdateProfile(ctx, tx, m, tenants.Profile{Email: "moved@acme.example", Name: "Ada"})
			return err
		}},
		{events.TenantSuspended, func(tx *db.TenantTx) error { _, err := tenants.Suspend(ctx, tx, "unpaid"); return err }},
		{events.TenantResumed, func(tx *db.TenantTx) error { _, err := tenants.Resume(ctx, tx); return err }},
	}
}

func TestEachChangeIsRecordedOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	want := c.log()
	for _, change := range c.onceEach(c.operator(), m) {
		version := c.version()
		c.must(c.operator(), string(change.typ), change.do)
		if got := c.version(); got != version+1 {
			t.Errorf("%s moved the version from %d to %d, want one step", change.typ, version, got)
		}
		c.must(c.operator(), string(change.typ)+" again", change.do) // changes nothing, so it is nothing
		if got := c.version(); got != version+1 {
			t.Errorf("%s again moved the version", change.typ)
		}
		want = append(want, change.typ)
	}
	if diff := cmp.Diff(want, c.log()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func (c *company) version() int64 {
	c.Helper()
	v, err := query[int64](c.world, `SELECT version FROM tenant_state WHERE tenant_id = $1`, c.tenant.ID.UUID())
	must(c, err)
	return v[0]
}

func TestAUD_03_NoChangeWithoutItsEvent(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.operator()
	m := c.join("m", rbac.Member)
	c.exec(`ALTER TABLE events ADD CONSTRAINT broken CHECK (false) NOT VALID`)
	before := c.rows()
	for _, change := range c.onceEach(ctx, m) {
		if change.typ == events.MemberResumed || change.typ == events.TenantResumed {
			continue // there is nothing to resume
		}
		if err := c.in(ctx, change.do); err == nil || errs.As(err).Kind != errs.Internal {
			t.Errorf("%s without its event = %v, want an internal error", change.typ, err)
		}
	}
	for what, err := range map[string]error{
		"Create": c.create(tenants.New{Slug: "other", Name: "x", Plan: billing.Free, Owner: "a@b.example"}),
		"Join":   func() error { _, err := c.tryJoin(id.User{}, "x@acme.example", rbac.Member); return err }(),
		"claim":  c.claim("corp.example"),
		"Delete": c.delete(),
		"Revoke": c.in(ctx, func(tx *db.TenantTx) error {
			_, _, err := c.keys.Create(ctx, tx, tenants.NewKey{Name: "k", Role: rbac.Admin})
			return err
		}),
		"link": c.in(ctx, func(tx *db.TenantTx) error { _, err := tenants.IssueLink(ctx, tx, m, time.Hour); return err }),
	} {
		if err == nil {
			t.Errorf("%s without its event succeeded", what)
		}
	}
	if diff := cmp.Diff(before, c.rows()); diff != "" {
		t.Errorf("changes without events left rows (-before +after):\n%s", diff)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	m, err := other.tryJoin(c.owner.UserID, "owner@acme.example", rbac.Viewer)
	must(t, err)
	yes := true
	other.must(c.operator(), "require SSO", func(tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(c.operator(), tx, tenants.PolicyChange{RequireSSO: &yes})
		return err
	})
	places := func() (slugs []string) {
		t.Helper()
		must(t, c.db.System(t.Context(), func(sys *db.SystemTx) error {
			list, err := tenants.PlacesOf(t.Context(), sys, c.owner.UserID)
			for _, p := range list {
				slugs = append(slugs, fmt.Sprintf("%s %s sso=%v", p.Tenant.Slug, p.Membership.Role, p.Policy.RequireSSO))
			}
			return err
		}))
		return slugs
	}
	if diff := cmp.Diff([]string{"acme owner sso=false", "globex viewer sso=true"}, places()); diff != "" {
		t.Errorf("PlacesOf (-want +got):\n%s", diff)
	}
	other.must(other.operator(), "suspend", func(tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(other.operator(), tx, m.ID)
		return err
	})
	if diff := cmp.Diff([]string{"acme owner sso=false"}, places()); diff != "" {
		t.Errorf("PlacesOf while suspended in one (-want +got):\n%s", diff)
	}
}
