package why_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/why"
)

// place is a tenant of a server of its own, on free.
type place struct {
	testing.TB
	server *apitest.Server
	tenant *apitest.Tenant
}

func newPlace(tb testing.TB) place {
	tb.Helper()
	s := apitest.Start(tb)
	return place{tb, s, s.NewTenant(tb, billing.Free)}
}

func (p place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// within changes something of the tenant as the operator.
func (p place) within(do func(ctx context.Context, tx *db.TenantTx) error) {
	p.Helper()
	ctx := authn.AsOperator(context.WithoutCancel(p.Context()))
	p.must(p.server.Scope.Tenant(ctx, p.tenant.ID, func(tx *db.TenantTx) error { return do(ctx, tx) }))
}

// path asks about a member from the database as it is.
func (p place) path(m id.Membership, permission rbac.Permission, feature billing.Feature) []why.Step {
	p.Helper()
	s, err := access.New(access.Config{DB: p.server.Scope, Keys: p.server.Keys})
	p.must(err)
	p.must(s.ReloadCatalog(p.Context()))
	who, standing := s.Member(p.Context(), p.tenant.ID, m)
	if who == nil {
		p.Fatalf("Member(%s) = %v", m, standing)
	}
	var path []why.Step
	p.within(func(ctx context.Context, tx *db.TenantTx) (err error) {
		path, err = why.Path(ctx, tx, s, why.Question{Principal: who, Standing: standing, Permission: permission, Feature: feature})
		return err
	})
	return path
}

// holds compares what steps say, their dates apart.
func (p place) holds(what string, got, want []why.Step) {
	p.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(why.Step{}, "Since", "By")); diff != "" {
		p.Errorf("path of %s (-want +got):\n%s", what, diff)
	}
}

var free = why.Step{What: why.Plan, Name: "free", Holds: true} //nolint:gochecknoglobals // never written

func TestPathOfABuiltInRole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m := p.tenant.Join(t, rbac.Viewer)
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, rbac.Admin)
		return err
	})
	got := p.path(m.ID, rbac.MembersWrite, "")
	p.holds("an admin", got, []why.Step{
		{What: why.Role, Name: "admin", Holds: true}, {What: why.Permission, Name: "members:write", Holds: true}, free,
	})
	if got[0].By != "operator" || got[0].Since == nil || time.Since(*got[0].Since) > time.Hour {
		t.Errorf("step of the role = %+v, want who gave it and when", got[0])
	}
	p.holds("no permission", p.path(m.ID, "no:such", ""), []why.Step{
		{What: why.Role, Name: "admin", Holds: true}, {What: why.Permission, Name: "no:such"}, free,
	})
}

func TestPathOfARefusal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m := p.tenant.Join(t, rbac.Viewer)
	p.holds("a viewer", p.path(m.ID, rbac.MembersWrite, billing.SSO), []why.Step{
		{What: why.Role, Name: "viewer", Holds: true},
		{What: why.Permission, Name: "members:write"},
		free,
		{What: why.Feature, Name: "sso", Via: "plan"},
	})
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, m.ID)
		return err
	})
	got := p.path(m.ID, rbac.MembersRead, "")
	if first := got[0]; first.What != why.Standing || first.Name != "member_suspended" || first.Holds || first.Since == nil {
		t.Errorf("first step of a suspended member = %+v, want the suspension and its date", first)
	}
}

func TestPathOfARoleByAGroup(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.tenant.SetPlan(t, billing.Team)
	m := p.tenant.Join(t, rbac.Viewer)
	over := p.tenant.Connect(t)
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		c, err := sso.ConnectionByID(ctx, tx, over)
		if err != nil {
			return err
		}
		err = tx.DB.Exec(`UPDATE connections SET group_roles = '[{"group": "leads", "role": "admin"}]' WHERE tenant_id = ? AND id = ?`, tx.Tenant, over).Error
		if err != nil {
			return err
		}
		c.GroupRoles = []sso.GroupRole{{Group: "leads", Role: rbac.Admin}}
		now, err := tenants.Member(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		_, err = sso.SetGroups(ctx, tx, c, now, []string{"staff", "leads"})
		return err
	})
	p.holds("a lead", p.path(m.ID, rbac.MembersWrite, ""), []why.Step{
		{What: why.Group, Name: "leads", Holds: true, Via: over.String()},
		{What: why.Mapping, Name: "leads → admin", Holds: true, Via: over.String()},
		{What: why.Role, Name: "admin", Holds: true},
		{What: why.Permission, Name: "members:write", Holds: true},
		{What: why.Plan, Name: "team", Holds: true},
	})
	// A role that somebody gave since is not the group's.
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, rbac.Member)
		return err
	})
	if got := p.path(m.ID, rbac.MembersWrite, ""); got[0].What != why.Role || got[0].Name != "member" {
		t.Errorf("path after another role was given = %+v, want it to begin with that role", got)
	}
}

func TestPathOfACustomRole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m := p.tenant.Join(t, rbac.Viewer)
	c, err := catalog.Parse("test", catalog.Default())
	p.must(err)
	var own tenants.CustomRole
	p.within(func(ctx context.Context, tx *db.TenantTx) (err error) {
		own, err = tenants.CreateCustomRole(ctx, tx, c, tenants.NewCustomRole{Name: "Front desk", Permissions: []rbac.Permission{rbac.MembersWrite}})
		if err != nil {
			return err
		}
		_, err = tenants.SetRole(ctx, tx, m.ID, own.Role)
		return err
	})
	p.holds("a custom role", p.path(m.ID, rbac.MembersWrite, ""), []why.Step{
		{What: why.Role, Name: string(own.Role), Holds: true}, {What: why.Permission, Name: "members:write", Holds: true}, free,
	})
	p.holds("what a custom role lacks", p.path(m.ID, rbac.EventsRead, ""), []why.Step{
		{What: why.Role, Name: string(own.Role), Holds: true}, {What: why.Permission, Name: "events:read"}, free,
	})
}

func TestPathOfATrialAndAnOverride(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m := p.tenant.Join(t, rbac.Owner)
	c, err := catalog.Parse("test", catalog.Default())
	p.must(err)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Team}, until)
		return err
	})
	trial := why.Step{What: why.Trial, Name: "team", Holds: true, Until: &until}
	p.holds("a trial", p.path(m.ID, "", billing.SSO), []why.Step{
		{What: why.Role, Name: "owner", Holds: true}, free, trial, {What: why.Feature, Name: "sso", Holds: true, Via: "trial"},
	})
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetOverride(ctx, tx, c, tenants.Override{Override: billing.Override{Feature: billing.SSO, Expires: until}, Reason: "abuse"})
		return err
	})
	got := p.path(m.ID, "", billing.SSO)
	p.holds("an override", got, []why.Step{
		{What: why.Role, Name: "owner", Holds: true},
		free, trial,
		{What: why.Feature, Name: "sso", Via: "override"},
		{What: why.Override, Name: "sso", Until: &until},
	})
	if last := got[len(got)-1]; last.By != "operator" || last.Since == nil {
		t.Errorf("step of the override = %+v, want who set it and when", last)
	}
}

// Whoever is asked about in another tenant is nobody there, and nothing of their own tenant is told.
func TestPathKnowsNobodyOfAnotherTenant(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	other := p.server.NewTenant(t, billing.Enterprise)
	m := other.Join(t, rbac.Owner)
	s, err := access.New(access.Config{DB: p.server.Scope, Keys: p.server.Keys})
	p.must(err)
	p.must(s.ReloadCatalog(t.Context()))
	if who, err := s.Member(t.Context(), p.tenant.ID, m.ID); who != nil || err == nil {
		t.Errorf("Member() of another tenant = %+v, %v, want nobody", who, err)
	}
	who, standing := s.Member(t.Context(), other.ID, m.ID)
	p.within(func(ctx context.Context, tx *db.TenantTx) error {
		path, err := why.Path(ctx, tx, s, why.Question{Principal: who, Standing: standing, Permission: rbac.MembersRead})
		for _, step := range path {
			if step.Since != nil || step.By != "" || step.What == why.Plan && step.Name != "free" {
				t.Errorf("a step in another tenant's scope = %+v, want nothing of the log or the plan", step)
			}
		}
		return err
	})
}
