package rbac_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestNobodyGrantsAboveTheirOwnRole(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for i, actor := range rbac.BuiltinRoles() {
		for j, granted := range rbac.BuiltinRoles() {
			if got, want := rbac.CanGrant(actor, granted), i >= j; got != want {
				t.Errorf("CanGrant(%q, %q) = %v, want %v", actor, granted, got, want)
			}
			if got, want := table.CanGrant(actor, granted), i >= j; got != want {
				t.Errorf("Table.CanGrant(%q, %q) = %v, want %v", actor, granted, got, want)
			}
		}
	}
}

func TestUnknownRolesNeitherGrantNorAreGranted(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for _, unknown := range []rbac.Role{"", "OWNER", "owner ", "r:owner", "system"} {
		for _, known := range append(rbac.BuiltinRoles(), unknown) {
			if rbac.CanGrant(unknown, known) || rbac.CanGrant(known, unknown) {
				t.Errorf("CanGrant with %q and %q = true, want false", unknown, known)
			}
			if table.CanGrant(unknown, known) || table.CanGrant(known, unknown) {
				t.Errorf("Table.CanGrant with %q and %q = true, want false", unknown, known)
			}
		}
	}
}

func TestRolesOfTheCatalogAreGrantedByWhoHasAllOfThem(t *testing.T) {
	t.Parallel()
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for _, tc := range []struct {
		actor, granted rbac.Role
		want           bool
	}{
		{rbac.Admin, auditor, true},
		{rbac.Member, auditor, false}, // has no events:read
		{auditor, rbac.Viewer, true},
		{auditor, rbac.Member, false},
		{auditor, auditor, true},
		{auditor, contractor, false},
		{rbac.Member, contractor, true},
		{rbac.Viewer, contractor, false},
		{contractor, rbac.Viewer, false},
	} {
		if got := table.CanGrant(tc.actor, tc.granted); got != tc.want {
			t.Errorf("Table.CanGrant(%q, %q) = %v, want %v", tc.actor, tc.granted, got, tc.want)
		}
	}
}
