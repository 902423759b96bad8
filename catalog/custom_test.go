package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const desk rbac.Role = "rol_01kdesk0000000000000000000"

// The table and Casbin agree about a custom role on every plan, with what a tenant has apart from its plan.
func TestCustomRolesAnswerAsCasbin(t *testing.T) {
	t.Parallel()
	c := parse(t, string(catalog.Default()))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	role, err := c.Custom(desk, []rbac.Permission{rbac.MembersRead, rbac.ConnectionsWrite, "chat:gone"})
	if err != nil {
		t.Fatalf("Custom = %v", err)
	}
	for _, plan := range billing.Plans() {
		for _, overrides := range [][]billing.Override{nil, {{Feature: billing.SSO, On: true}}, {{Feature: billing.SSO}}} {
			e := &billing.Entitlements{Pin: billing.Pin{Plan: plan}, Overrides: overrides}
			allowed := map[rbac.Permission]bool{}
			for _, p := range c.AllowedFor(e, catalog.Question{Custom: role}, now) {
				allowed[p] = true
			}
			for _, p := range c.Permissions() {
				q := catalog.Question{Custom: role, Permission: p.Name}
				want, err := c.EnforceFor(e, q, now)
				if err != nil {
					t.Fatal(err)
				}
				if got := c.DecideFor(e, q, now); got.Allowed != want || allowed[p.Name] != want {
					t.Errorf("%v: DecideFor(%q) = %+v, AllowedFor has it %v, want %v", e, p.Name, got, allowed[p.Name], want)
				}
			}
		}
	}
}

func TestCustomRoleOfAnotherCatalogIsUnknown(t *testing.T) {
	t.Parallel()
	one, other := parse(t, string(catalog.Default())), parse(t, string(catalog.Default()))
	role, err := one.Custom(desk, []rbac.Permission{rbac.MembersRead})
	if err != nil {
		t.Fatalf("Custom = %v", err)
	}
	e := &billing.Entitlements{Pin: billing.Pin{Plan: billing.Free}}
	got := other.DecideFor(e, catalog.Question{Custom: role, Permission: rbac.MembersRead}, time.Time{})
	if diff := cmp.Diff(catalog.Verdict{Clause: rbac.UnknownRole}, got); diff != "" {
		t.Errorf("DecideFor (-want +got):\n%s", diff)
	}
}
