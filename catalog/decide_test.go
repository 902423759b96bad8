package catalog_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestDefaultCatalogAnswersAsCasbinForEveryCombination(t *testing.T) {
	t.Parallel()
	c := parse(t, string(catalog.Default()))
	permissions := []rbac.Permission{"", rbac.Self, "no:such"}
	for _, p := range c.Permissions() {
		permissions = append(permissions, p.Name)
	}
	features := []billing.Feature{"", "no.such"}
	for _, f := range c.Features() {
		features = append(features, f.Name)
	}
	for _, role := range append(rbac.BuiltinRoles(), "", "nobodyelse") {
		for _, plan := range append(billing.Plans(), "", "gold") {
			for _, permission := range permissions {
				for _, feature := range features {
					want, err := c.Enforce(role, plan, permission, feature)
					if err != nil {
						t.Fatalf("Enforce(%q, %q, %q, %q) = %v", role, plan, permission, feature, err)
					}
					if got := c.Decide(role, plan, permission, feature); got.Allowed != want {
						t.Errorf("Decide(%q, %q, %q, %q) = %+v, want %v", role, plan, permission, feature, got, want)
					}
				}
			}
		}
	}
}

// The policy is all there is: without any one of its lines, Casbin answers something otherwise than the table.
func TestEveryPolicyLineOfTheDefaultCatalogCounts(t *testing.T) {
	t.Parallel()
	c := parse(t, string(catalog.Default()))
	for i, line := range c.Policy() {
		engine, err := rbac.NewEngine(slices.Delete(c.Policy(), i, i+1))
		if err != nil {
			t.Fatalf("NewEngine() without %q = %v", line, err)
		}
		if !differs(c, engine) {
			t.Errorf("without the line %q every answer is the same", line)
		}
	}
}

func differs(c *catalog.Catalog, engine *rbac.Engine) bool {
	for _, plan := range billing.Plans() {
		for _, role := range rbac.BuiltinRoles() {
			for _, p := range append(c.Permissions(), catalog.Permission{Name: rbac.Self}) {
				allowed, err := engine.Enforce(role, rbac.Tier(plan), p.Name)
				if err != nil || allowed != c.Decide(role, plan, p.Name, "").Allowed {
					return true
				}
			}
		}
		for _, f := range c.Features() {
			included, err := engine.EnforceFeature(rbac.Tier(plan), rbac.Feature(f.Name))
			if err != nil || included != c.Decide(rbac.Owner, plan, "", f.Name).Allowed {
				return true
			}
		}
	}
	return false
}

func TestDefaultCatalogExplains(t *testing.T) {
	t.Parallel()
	c := parse(t, string(catalog.Default()))
	for _, tc := range []struct {
		role       rbac.Role
		plan       billing.Plan
		permission rbac.Permission
		feature    billing.Feature
		want       catalog.Verdict
	}{
		{rbac.Member, billing.Free, "chat:use", "", catalog.Verdict{Allowed: true}},
		{rbac.Member, billing.Pro, "agents:run", "", catalog.Verdict{Allowed: true}},
		{rbac.Owner, billing.Enterprise, "agents:run", "audit_export", catalog.Verdict{Allowed: true}},
		{rbac.Viewer, billing.Pro, "chat:use", "", catalog.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{rbac.Member, billing.Free, "agents:run", "", catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Pro}},
		{rbac.Viewer, billing.Free, "agents:run", "", catalog.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member, NeedsPlan: billing.Pro}},
		{rbac.Admin, billing.Pro, rbac.ConnectionsWrite, billing.SSO, catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Team}},
		{rbac.Admin, billing.Pro, rbac.ConnectionsWrite, "", catalog.Verdict{Allowed: true}},
		{rbac.Viewer, billing.Team, "", billing.CustomRoles, catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Enterprise}},
		{rbac.Viewer, "gold", "chat:use", "", catalog.Verdict{Clause: rbac.UnknownTier}},
	} {
		got := c.Decide(tc.role, tc.plan, tc.permission, tc.feature)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("Decide(%q, %q, %q, %q) (-want +got):\n%s", tc.role, tc.plan, tc.permission, tc.feature, diff)
		}
	}
	if diff := cmp.Diff([]rbac.Permission{"members:read", "reports:read", "tenant:read"}, c.Allowed(rbac.Viewer, billing.Free)); diff != "" {
		t.Errorf("Allowed(viewer, free) (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]billing.Feature{"ai.agents", "ai.messages", "api_keys", "chat", "seats"}, c.Included(billing.Pro)); diff != "" {
		t.Errorf("Included(pro) (-want +got):\n%s", diff)
	}
}

func TestRolesOfTheFileAreGranted(t *testing.T) {
	t.Parallel()
	c := parse(t, "version: 1\nroles:\n  auditor: {inherits: [viewer], permissions: [events:read]}\n")
	if !c.HasRole("auditor") || c.HasRole("system") {
		t.Error("HasRole does not know the roles of the file")
	}
	if !c.CanGrant(rbac.Admin, "auditor") || c.CanGrant(rbac.Member, "auditor") || c.CanGrant("auditor", rbac.Admin) {
		t.Error("CanGrant lets someone reach above their own role, or not up to it")
	}
}

func TestDecideAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	c := parse(t, string(catalog.Default()))
	if got := testing.AllocsPerRun(100, func() { c.Decide(rbac.Viewer, billing.Free, "agents:run", billing.SSO) }); got != 0 {
		t.Errorf("Decide: %v allocations, want 0", got)
	}
}
