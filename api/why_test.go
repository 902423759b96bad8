package api_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type step struct {
	What  string `json:"what"`
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
	Since string `json:"since"`
	By    string `json:"by"`
	Via   string `json:"via"`
}

type path struct {
	Allowed   bool   `json:"allowed"`
	Clause    string `json:"clause"`
	NeedsRole string `json:"needs_role"`
	Path      []step `json:"path"`
}

// dated checks that steps have dates where they must, and takes these away.
func dated(tb testing.TB, steps []step, with ...string) []step {
	tb.Helper()
	must := map[string]bool{}
	for _, what := range with {
		must[what] = true
	}
	for i, s := range steps {
		if (s.Since != "") != must[s.What] {
			tb.Errorf("step %s has the date %q, want one: %t", s.What, s.Since, must[s.What])
		}
		steps[i].Since = ""
	}
	return steps
}

func TestWhyNamesTheStepsWithDatesAndActors(t *testing.T) {
	t.Parallel()
	p := newPlace(t, apitest.Start(t))
	by := p.Session(t, p.tenant, rbac.Owner)
	owner := p.Bearer(by)
	m := p.tenant.Join(t, rbac.Viewer)
	url := "/v1/members/" + m.ID.String() + "/why?permission=members:write"
	owner.Do(t, "PATCH", "/v1/members/"+m.ID.String(), map[string]any{"role": "member"}).Want(t, 200)

	var got path
	owner.Do(t, "GET", url, nil).Want(t, 200).JSON(t, &got)
	plan := step{What: "plan", Name: string(p.tenant.Plan), Holds: true}
	want := path{Clause: "role_lacks_permission", NeedsRole: "admin", Path: []step{
		{What: "role", Name: "member", Holds: true, By: by.Member.ID.String()}, {What: "permission", Name: "members:write"}, plan,
	}}
	if got.Path = dated(t, got.Path, "role"); !cmp.Equal(want, got) {
		t.Errorf("why not (-want +got):\n%s", cmp.Diff(want, got))
	}

	c := p.tenant.Connect(t)
	ctx := authn.AsOperator(context.WithoutCancel(t.Context()))
	if err := p.Scope.Tenant(ctx, p.tenant.ID, func(tx *db.TenantTx) error {
		connection, err := sso.ConnectionByID(ctx, tx, c)
		if err != nil {
			return err
		}
		connection.GroupRoles = []sso.GroupRole{{Group: "leads", Role: rbac.Admin}}
		err = tx.DB.Exec(`UPDATE connections SET group_roles = '[{"group": "leads", "role": "admin"}]' WHERE tenant_id = ? AND id = ?`, tx.Tenant, c).Error
		if err != nil {
			return err
		}
		now, err := tenants.Member(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		if _, err = sso.SetGroups(ctx, tx, connection, now, []string{"leads"}); err != nil {
			return err
		}
		_, err = tenants.SetPlan(ctx, tx, billing.Team)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	within(t, 5e9, func() bool {
		got = path{}
		owner.Do(t, "GET", url+"&feature=sso", nil).Want(t, 200).JSON(t, &got)
		return got.Allowed && got.Path[len(got.Path)-2].Name == "team"
	})
	want = path{Allowed: true, Path: []step{
		{What: "group", Name: "leads", Holds: true, Via: c.String()},
		{What: "mapping", Name: "leads → admin", Holds: true, Via: c.String()},
		{What: "role", Name: "admin", Holds: true, By: "system"},
		{What: "permission", Name: "members:write", Holds: true},
		{What: "plan", Name: "team", Holds: true, By: "operator"},
		{What: "feature", Name: "sso", Holds: true, Via: "plan"},
	}}
	if got.Path = dated(t, got.Path, "role", "plan"); !cmp.Equal(want, got) {
		t.Errorf("why (-want +got):\n%s", cmp.Diff(want, got))
	}

	owner.Do(t, "POST", "/v1/members/"+m.ID.String()+"/suspend", nil).Want(t, 200)
	within(t, 5e9, func() bool {
		got = path{}
		owner.Do(t, "GET", url, nil).Want(t, 200).JSON(t, &got)
		return got.Clause == "member_suspended"
	})
	if first := got.Path[0]; first.What != "standing" || first.Holds || first.By != by.Member.ID.String() || first.Since == "" {
		t.Errorf("first step of a suspended member = %+v, want who suspended them", first)
	}
}

func TestExplainIsForThoseWhoSeeTheMembers(t *testing.T) {
	t.Parallel()
	p := newPlace(t, apitest.Start(t))
	ask := map[string]any{"permission": "members:read", "explain": true}
	var got path
	p.Bearer(p.Session(t, p.tenant, rbac.Admin)).Do(t, "POST", "/v1/check", ask).Want(t, 200).JSON(t, &got)
	if !got.Allowed || len(got.Path) < 3 || got.Path[0].What != "role" || got.Path[0].Name != "admin" {
		t.Errorf("check with explain = %+v, want the path", got)
	}
	owner := p.Bearer(p.Session(t, p.tenant, rbac.Owner))
	owner.Do(t, "POST", "/v1/check/batch", map[string]any{"checks": []any{ask}}).Refused(t, 422, "invalid_input")
	owner.Do(t, "POST", "/v1/check", map[string]any{"permission": "members:read", "quantity": 2}).Refused(t, 422, "invalid_input")
	owner.Do(t, "GET", "/v1/members/"+p.caller.Member.ID.String()+"/why", nil).Refused(t, 422, "invalid_input")
	other := newPlace(t, p.Server)
	owner.Do(t, "GET", "/v1/members/"+other.caller.Member.ID.String()+"/why?permission=members:read", nil).Refused(t, 404, "not_found")
	for _, role := range []rbac.Role{rbac.Viewer, rbac.Member} {
		c := p.Bearer(p.Session(t, p.tenant, role))
		if c.Do(t, "GET", "/v1/members", nil).StatusCode == 200 {
			continue // this role sees them
		}
		c.Do(t, "POST", "/v1/check", ask).Refused(t, 403, "role_lacks_permission")
	}
}
