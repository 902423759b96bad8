package rbac_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/rbac"
)

// names are all names of a definition, with one of each kind that it does not have.
type names struct {
	roles       []rbac.Role
	tiers       []rbac.Tier
	permissions []rbac.Permission
	features    []rbac.Feature
}

func namesOf(d rbac.Definition) names {
	n := names{
		roles:       []rbac.Role{"", "nobodyelse", "OWNER", "r:owner"},
		tiers:       append([]rbac.Tier{"", "gold", "t:team"}, d.Tiers...),
		permissions: []rbac.Permission{"", "no:such", "tenant:*", "*"},
		features:    []rbac.Feature{"", "no.such", "f:sso", "*"},
	}
	for r := range d.Roles {
		n.roles = append(n.roles, r)
	}
	for p := range d.Permissions {
		n.permissions = append(n.permissions, p)
	}
	for f := range d.Features {
		n.features = append(n.features, f)
	}
	return n
}

func TestTableAnswersAsCasbinForEveryCombination(t *testing.T) {
	t.Parallel()
	d := product()
	engine := engineOf(t, policyOf(t, d))
	table := tableOf(t, d, policyOf(t, d))
	all := namesOf(d)
	for _, role := range all.roles {
		for _, tier := range all.tiers {
			for _, permission := range all.permissions {
				want, err := engine.Enforce(role, tier, permission)
				if err != nil {
					t.Fatalf("Enforce(%q, %q, %q) = %v", role, tier, permission, err)
				}
				got := table.Decide(role, tier, permission, "")
				if got.Allowed != want {
					t.Errorf("Decide(%q, %q, %q) = %+v, want %v", role, tier, permission, got, want)
				}
				if got.Allowed == (got.Clause != "") {
					t.Errorf("Decide(%q, %q, %q) = %+v, want a clause if and only if refused", role, tier, permission, got)
				}
				for _, feature := range all.features[1:] {
					included, err := engine.EnforceFeature(tier, feature)
					if err != nil {
						t.Fatalf("EnforceFeature(%q, %q) = %v", tier, feature, err)
					}
					want := included && (want || permission == "" && slices.Contains(table.Roles(), role))
					if got := table.Decide(role, tier, permission, feature); got.Allowed != want {
						t.Errorf("Decide(%q, %q, %q, %q) = %+v, want %v", role, tier, permission, feature, got, want)
					}
				}
			}
		}
	}
}

// What a refusal says would help must help, and nothing lower may.
func TestRefusalNamesTheLowestRoleAndTierThatHelp(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for _, role := range table.Roles() {
		for i, tier := range d.Tiers {
			for permission := range d.Permissions {
				v := table.Decide(role, tier, permission, sso)
				if v.Allowed {
					continue
				}
				needsRole, needsTier := v.NeedsRole, v.NeedsTier
				if needsRole == "" {
					needsRole = role
				}
				if needsTier == "" {
					needsTier = tier
				}
				if !table.Decide(needsRole, needsTier, permission, sso).Allowed {
					t.Errorf("Decide(%q, %q, %q) = %+v, and that does not help", role, tier, permission, v)
				}
				if at := slices.Index(d.Tiers, needsTier); at > i && table.Decide(needsRole, d.Tiers[at-1], permission, sso).Allowed {
					t.Errorf("Decide(%q, %q, %q) = %+v, and a lower tier would do", role, tier, permission, v)
				}
				if rank := v.NeedsRole.Rank(); rank > 1 &&
					table.Decide(rbac.BuiltinRoles()[rank-2], team, permission, "").Allowed {
					t.Errorf("Decide(%q, %q, %q) = %+v, and a lower role would do", role, tier, permission, v)
				}
			}
		}
	}
}

func TestClausesInTheirOrder(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for _, tc := range []struct {
		role       rbac.Role
		tier       rbac.Tier
		permission rbac.Permission
		feature    rbac.Feature
		want       rbac.Verdict
	}{
		{"", "", "", "", rbac.Verdict{Clause: rbac.UnknownPermission}},
		{rbac.Owner, team, "", "", rbac.Verdict{Clause: rbac.UnknownPermission}},
		{"x", "x", "x:y", "x", rbac.Verdict{Clause: rbac.UnknownPermission}},
		{"x", "x", "", "x", rbac.Verdict{Clause: rbac.UnknownFeature}},
		{"x", "x", chatUse, "x", rbac.Verdict{Clause: rbac.UnknownFeature}},
		{"x", "x", chatUse, sso, rbac.Verdict{Clause: rbac.UnknownRole}},
		{"x", free, "", sso, rbac.Verdict{Clause: rbac.UnknownRole}},
		{rbac.Viewer, "x", chatUse, sso, rbac.Verdict{Clause: rbac.UnknownTier}},
		{rbac.Viewer, free, chatUse, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{rbac.Viewer, free, agentsRun, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member, NeedsTier: pro}},
		{rbac.Viewer, free, agentsRun, sso, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member, NeedsTier: team}},
		{rbac.Viewer, pro, agentsRun, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{rbac.Admin, team, rbac.TenantDelete, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Owner}},
		{auditor, free, chatUse, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{rbac.Member, free, agentsRun, "", rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: pro}},
		{rbac.Member, free, agentsRun, sso, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: team}},
		{rbac.Member, pro, chatUse, sso, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: team}},
		{rbac.Viewer, pro, "", sso, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: team}},
		{rbac.Member, pro, agentsRun, agents, rbac.Verdict{Allowed: true}},
		{rbac.Viewer, team, "", sso, rbac.Verdict{Allowed: true}},
		{contractor, free, rbac.Self, "", rbac.Verdict{Allowed: true}},
		{contractor, free, rbac.TenantRead, "", rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Viewer}},
	} {
		got := table.Decide(tc.role, tc.tier, tc.permission, tc.feature)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("Decide(%q, %q, %q, %q) (-want +got):\n%s", tc.role, tc.tier, tc.permission, tc.feature, diff)
		}
	}
}

// The policy is all there is: without any one of its lines, some answer is another one.
func TestEveryPolicyLineChangesAnAnswer(t *testing.T) {
	t.Parallel()
	d := product()
	policy := policyOf(t, d)
	whole := tableOf(t, d, policy)
	for i, line := range policy {
		without := tableOf(t, d, slices.Delete(slices.Clone(policy), i, i+1))
		if !differ(whole, without, d) {
			t.Errorf("without the line %q every answer is the same", line)
		}
	}
}

func differ(a, b *rbac.Table, d rbac.Definition) bool {
	for role := range d.Roles {
		for _, tier := range d.Tiers {
			for permission := range d.Permissions {
				if a.Decide(role, tier, permission, "") != b.Decide(role, tier, permission, "") {
					return true
				}
			}
			for feature := range d.Features {
				if a.Decide(role, tier, "", feature) != b.Decide(role, tier, "", feature) {
					return true
				}
			}
		}
	}
	return false
}

func TestZeroValuesDeny(t *testing.T) {
	t.Parallel()
	if (rbac.Verdict{}).Allowed {
		t.Error("the zero Verdict allows")
	}
	var table rbac.Table
	for _, permission := range []rbac.Permission{"", rbac.Self, rbac.TenantRead} {
		if v := table.Decide(rbac.Owner, team, permission, ""); v.Allowed {
			t.Errorf("zero Table.Decide(%q) = %+v, want a refusal", permission, v)
		}
	}
	if v := table.Decide(rbac.Owner, team, "", sso); v.Allowed {
		t.Errorf("zero Table.Decide of a feature = %+v, want a refusal", v)
	}
	if table.CanGrant(rbac.Owner, rbac.Viewer) || table.CanGrant("", "") {
		t.Error("the zero Table grants")
	}
}

func TestTableListsWhatItAllows(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	if diff := cmp.Diff([]rbac.Permission{chatUse, rbac.MembersRead, rbac.TenantRead}, table.Permissions(rbac.Member, free)); diff != "" {
		t.Errorf("Permissions(member, free) (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]rbac.Feature{agents}, table.Features(pro)); diff != "" {
		t.Errorf("Features(pro) (-want +got):\n%s", diff)
	}
	if got := table.Permissions("x", free); got != nil {
		t.Errorf("Permissions of an unknown role = %v, want none", got)
	}
	if got := table.Features("x"); got != nil {
		t.Errorf("Features of an unknown tier = %v, want none", got)
	}
}
