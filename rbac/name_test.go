package rbac_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAZ_08_PermissionTricks(t *testing.T) {
	t.Parallel()
	d := product()
	engine := engineOf(t, policyOf(t, d))
	table := tableOf(t, d, policyOf(t, d))
	for _, name := range []string{
		"", "*", "tenant:*", "*:read", "tenant:write ", " tenant:write", "tenant:write\n", "Tenant:Write", "TENANT:WRITE",
		"tenant", "tenant:", ":write", "tenant:write:all", "../tenant:write", "tenant/write", "tenant:../write",
		"tenant:write\x00", "tenant:wri%74e", "tenant\uff1awrite", "tenаnt:write", "self", "1:2", "r:owner,tenant:read",
		strings.Repeat("a", 100) + ":b",
	} {
		if p, err := rbac.ParsePermission(name); err == nil {
			t.Errorf("ParsePermission(%q) = %q, want an error", name, p)
		}
		if name == string(rbac.Self) {
			continue
		}
		if v := table.Decide(rbac.Owner, team, rbac.Permission(name), ""); v.Allowed || v.Clause != rbac.UnknownPermission {
			t.Errorf("Decide(%q) = %+v, want %s", name, v, rbac.UnknownPermission)
		}
		if allowed, err := engine.Enforce(rbac.Owner, team, rbac.Permission(name)); allowed || err != nil {
			t.Errorf("Enforce(%q) = %v, %v, want a refusal", name, allowed, err)
		}
	}
}

func TestAZ_09_ReservedRoleNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"system", "root", "gatehouse", "operator", "anonymous", "self", "Owner", "owner ", "OWNER", "", "r:owner"} {
		if role, err := rbac.ParseRole(name); err == nil {
			t.Errorf("ParseRole(%q) = %q, want an error", name, role)
		}
	}
	for _, role := range rbac.BuiltinRoles() {
		if got, err := rbac.ParseRole(string(role)); got != role || err != nil {
			t.Errorf("ParseRole(%q) = %q, %v, want it", role, got, err)
		}
	}
}

func TestGatehousesOwnPermissionsAreWellFormed(t *testing.T) {
	t.Parallel()
	for p := range rbac.Base().Permissions {
		if _, err := rbac.ParsePermission(string(p)); (err == nil) != (p != rbac.Self) {
			t.Errorf("ParsePermission(%q) = %v", p, err)
		}
	}
}
