package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/api"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type grants struct {
	Permissions []rbac.Permission
	Features    []billing.Feature
	Clause      string
	Message     string
}

func grantsOf(tb testing.TB, c *apitest.Client) (g grants, tag string) {
	tb.Helper()
	a := c.Do(tb, "GET", "/v1/permissions", nil).Want(tb, 200)
	a.JSON(tb, &g)
	return g, a.Header.Get("ETag")
}

func TestPermissionsAreThoseOfRoleAndPlan(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := builtin(t)
	for _, plan := range billing.Plans() {
		tenant := s.NewTenant(t, plan)
		for _, role := range apitest.Roles() {
			callers := []*apitest.Client{s.Bearer(s.Session(t, tenant, role))}
			if role != rbac.Owner {
				callers = append(callers, s.Machine(s.APIKey(t, tenant, role)))
			}
			for _, caller := range callers {
				got, _ := grantsOf(t, caller)
				want := grants{Permissions: append([]rbac.Permission{}, c.Allowed(role, plan)...), Features: append([]billing.Feature{}, c.Included(plan)...)}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("permissions of %s on %s (-want +got):\n%s", role, plan, diff)
				}
			}
		}
	}
}

func TestPermissionsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Member)
	c := s.Bearer(session)
	_, tag := grantsOf(t, c)
	for _, same := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		a := c.With("If-None-Match", same).Do(t, "GET", "/v1/permissions", nil).Want(t, 304)
		if len(a.Text) != 0 || a.Header.Get("ETag") != tag || a.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("a 304 = %q with %v", a.Text, a.Header)
		}
	}
	for _, other := range []string{"", `"other"`, tag[1 : len(tag)-1], tag + "x"} {
		c.With("If-None-Match", other).Do(t, "GET", "/v1/permissions", nil).Want(t, 200)
	}
	known := map[string]string{tag: "a member"}
	for name, another := range map[string]*apitest.Client{
		"an admin":             s.Bearer(s.Session(t, tenant, rbac.Admin)),
		"another member":       s.Bearer(s.SessionOf(t, tenant, tenant.Join(t, rbac.Member))),
		"a key":                s.Machine(s.APIKey(t, tenant, rbac.Member)),
		"a member of another":  s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Member)),
		"a person of two here": s.Bearer(s.SessionOf(t, tenant, tenant.Adopt(t, s.NewTenant(t, billing.Pro).Members[rbac.Owner], rbac.Member))),
	} {
		_, tag := grantsOf(t, another)
		if whose := known[tag]; whose != "" {
			t.Errorf("%s has the ETag of %s", name, whose)
		}
		known[tag] = name
	}
	for what, change := range map[string]func(){
		"the plan": func() { tenant.SetPlan(t, billing.Enterprise) },
		"the role": func() {
			tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.SetRole(ctx, tx, session.Member.ID, rbac.Admin)
				return err
			})
		},
	} {
		_, before := grantsOf(t, c)
		change()
		within(t, time.Second, func() bool {
			return c.With("If-None-Match", before).Do(t, "GET", "/v1/permissions", nil).StatusCode == 200
		})
		if _, after := grantsOf(t, c); after == before {
			t.Errorf("the ETag is the same after %s changed", what)
		}
	}
}

func TestWhoIsSuspendedHasNoPermissions(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	session := s.Session(t, tenant, rbac.Admin)
	person, machine := s.Bearer(session), s.Machine(s.APIKey(t, tenant, rbac.Admin))
	become := func(c *apitest.Client, clause string) {
		t.Helper()
		within(t, time.Second, func() bool { g, _ := grantsOf(t, c); return g.Clause == clause })
		got, after := grantsOf(t, c)
		got.Message = ""
		want := grants{Permissions: []rbac.Permission{}, Features: []billing.Feature{}, Clause: clause}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with %s (-want +got):\n%s", clause, diff)
		}
		c.With("If-None-Match", after).Do(t, "GET", "/v1/permissions", nil).Want(t, 304)
	}
	suspendMember(t, tenant, session.Member)
	become(person, "member_suspended")
	suspend(t, tenant)
	become(machine, "tenant_suspended")
}

func TestWarmPermissionsAskNoDatabase(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(newPlace(t, s).caller)
	asksNoDatabase(t, s, "GET /v1/permissions", func() { grantsOf(t, c) })
	_, tag := grantsOf(t, c)
	asksNoDatabase(t, s, "GET /v1/permissions", func() {
		c.With("If-None-Match", tag).Do(t, "GET", "/v1/permissions", nil).Want(t, 304)
	})
}

// A version is a number, not a character: the first million must not be all that can be told apart.
func TestEntityTagsTellVersionsApart(t *testing.T) {
	t.Parallel()
	known := map[string]int64{}
	for _, version := range []int64{0, 1, 55296, 55297, 1 << 21, 1<<21 + 1, 1 << 40} {
		tag := api.EntityTag(version, "member")
		if other, taken := known[tag]; taken {
			t.Errorf("versions %d and %d have one ETag", version, other)
		}
		known[tag] = version
	}
	if api.EntityTag("a", "b c") == api.EntityTag("a b", "c") {
		t.Error("the ETag runs its parts together")
	}
}
