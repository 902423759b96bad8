package rbac_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/rbac"
)

const support rbac.Role = "rol_01kdesk0000000000000000000"

// custom compiles a role of these permissions beside its engine.
func custom(tb testing.TB, d rbac.Definition, t *rbac.Table, permissions ...rbac.Permission) (*rbac.Custom, *rbac.Engine) {
	tb.Helper()
	policy, err := d.CustomPolicy(support, permissions)
	if err != nil {
		tb.Fatalf("CustomPolicy(%q) = %v", permissions, err)
	}
	engine, err := rbac.NewEngine(policy)
	if err != nil {
		tb.Fatalf("NewEngine() = %v", err)
	}
	c, err := t.Customize(support, engine)
	if err != nil {
		tb.Fatalf("Customize(%q) = %v", permissions, err)
	}
	return c, engine
}

// Every set of permissions is held to Casbin on every tier, also after the role was changed: what it was before leaves nothing behind.
func TestCustomRolesAnswerAsCasbin(t *testing.T) {
	t.Parallel()
	d := versioned()
	table := tableOf(t, d, policyOf(t, d))
	all := namesOf(d)
	kinds := []rbac.Permission{chatUse, agentsRun, rbac.ConnectionsWrite, rbac.MembersRead, rbac.TenantDelete, "no:such"}
	for set := range 1 << len(kinds) {
		var permissions []rbac.Permission
		for i, p := range kinds {
			if set&(1<<i) != 0 {
				permissions = append(permissions, p)
			}
		}
		role, engine := custom(t, d, table, permissions...)
		for _, tier := range slices.Concat(all.tiers, []rbac.Tier{pro1, team2}) {
			for _, p := range all.permissions {
				want, err := engine.Enforce(support, tier, p)
				if err != nil {
					t.Fatal(err)
				}
				got := table.Answer(rbac.Question{Custom: role, Tier: tier, Permission: p})
				if got.Allowed != want {
					t.Errorf("%q: Answer(%q, %q) = %+v, want %v", permissions, tier, p, got, want)
				}
				if got.Allowed && p != rbac.Self && (!slices.Contains(permissions, p) || p == rbac.TenantDelete) {
					t.Errorf("%q: Answer(%q, %q) is allowed, and the role does not have it", permissions, tier, p)
				}
			}
		}
	}
}

// A permission that the catalog no longer has takes itself away and nothing else.
func TestDroppedPermissionLeavesTheOthers(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	role, _ := custom(t, d, table, chatUse, "reports:gone", "*", "chat:*", "../", "self", "a,b")
	if diff := cmp.Diff([]rbac.Permission{chatUse}, table.PermissionsOf(role, team)); diff != "" {
		t.Errorf("PermissionsOf (-want +got):\n%s", diff)
	}
}

func TestRefusalsOfCustomRolesSayWhatHelps(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	role, _ := custom(t, d, table, agentsRun)
	for _, tc := range []struct {
		tier       rbac.Tier
		permission rbac.Permission
		want       rbac.Verdict
	}{
		{free, agentsRun, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: pro}},
		{pro, agentsRun, rbac.Verdict{Allowed: true}},
		{pro, chatUse, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{pro, rbac.TenantDelete, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Owner}},
		{"gold", agentsRun, rbac.Verdict{Clause: rbac.UnknownTier}},
		{pro, "no:such", rbac.Verdict{Clause: rbac.UnknownPermission}},
		{free, rbac.Self, rbac.Verdict{Allowed: true}},
	} {
		got := table.Answer(rbac.Question{Custom: role, Tier: tc.tier, Permission: tc.permission})
		if got != tc.want {
			t.Errorf("Answer(%q, %q) = %+v, want %+v", tc.tier, tc.permission, got, tc.want)
		}
	}
}

// The bits of a role mean nothing in another table.
func TestCustomRoleOfAnotherTableIsUnknown(t *testing.T) {
	t.Parallel()
	d := product()
	one, other := tableOf(t, d, policyOf(t, d)), tableOf(t, d, policyOf(t, d))
	role, _ := custom(t, d, one, chatUse)
	if got, want := other.Answer(rbac.Question{Custom: role, Tier: pro, Permission: chatUse}), (rbac.Verdict{Clause: rbac.UnknownRole}); got != want {
		t.Errorf("Answer = %+v, want %+v", got, want)
	}
	if got := other.PermissionsOf(role, pro); got != nil {
		t.Errorf("PermissionsOf = %q, want none", got)
	}
}

// CAS-01, CAS-09, CAS-10: names that would be another's, a pattern or two values have no policy.
func TestCAS_10_CustomRoleNamesAreNoPolicyText(t *testing.T) {
	t.Parallel()
	d := product()
	for _, name := range []rbac.Role{"", "*", "r:owner", "a,b", "a\nb", "# c", `"q"`, "rol_A", "system", "rol_01; p"} {
		if _, err := d.CustomPolicy(name, []rbac.Permission{chatUse}); err == nil {
			t.Errorf("CustomPolicy(%q) = nil, want an error", name)
		}
	}
}

func TestCAS_09_CustomRolesInheritNothing(t *testing.T) {
	t.Parallel()
	policy, err := product().CustomPolicy(support, []rbac.Permission{chatUse, agentsRun})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range policy {
		if line[0] == "g" {
			t.Errorf("CustomPolicy has the line %q, want none of kind g", line)
		}
	}
}

func TestAnswersAboutCustomRolesAllocateNothing(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	role, _ := custom(t, d, table, chatUse)
	q := rbac.Question{Custom: role, Tier: pro, Permission: agentsRun}
	if got := testing.AllocsPerRun(100, func() { table.Answer(q) }); got != 0 {
		t.Errorf("Answer: %v allocations, want 0", got)
	}
}

func BenchmarkCustomize(b *testing.B) {
	for _, n := range []int{10, 100} {
		d := product()
		var permissions []rbac.Permission
		for i := range n {
			p := rbac.Permission(fmt.Sprintf("thing-%d:use", i))
			d.Permissions[p] = ""
			permissions = append(permissions, p)
		}
		owner := d.Roles[rbac.Owner]
		owner.Permissions = append(owner.Permissions, permissions...)
		d.Roles[rbac.Owner] = owner
		policy, err := d.Policy()
		if err != nil {
			b.Fatal(err)
		}
		engine, err := rbac.NewEngine(policy)
		if err != nil {
			b.Fatal(err)
		}
		table, err := rbac.Compile(d, engine)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("permissions=%d", n), func(b *testing.B) {
			for b.Loop() {
				custom(b, d, table, permissions...)
			}
		})
	}
}
