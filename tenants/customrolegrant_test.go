package tenants_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// What is offered and what is refused come from one rule.
func TestGrantableRolesAreThoseThatMayBeGiven(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "front desk", rbac.MembersRead, rbac.MembersWrite)
	helper := c.role(owner, "Assistant", rbac.MembersRead)
	high := c.role(owner, "Zoo", rbac.MembersRead, rbac.ConnectionsWrite)
	clerk, admin, member := c.join("clerk", desk.Role), c.join("admin", rbac.Admin), c.join("member", rbac.Member)
	for what, tc := range map[string]struct {
		ctx  context.Context
		want []rbac.Role
	}{
		"the owner":                          {owner, []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, rbac.Owner, helper.Role, desk.Role, high.Role}},
		"the operator":                       {authn.AsOperator(t.Context()), []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, rbac.Owner, helper.Role, desk.Role, high.Role}},
		"an admin":                           {c.asking(admin), []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, helper.Role, desk.Role, high.Role}},
		"a clerk":                            {c.asking(clerk), []rbac.Role{helper.Role, desk.Role}},
		"a member":                           {c.asking(member), []rbac.Role{rbac.Viewer, rbac.Member, helper.Role}},
		"nobody":                             {authn.With(t.Context(), &authn.Principal{}), nil},
		"an admin where no catalog is known": {c.as(admin), []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin}},
	} {
		c.must(tc.ctx, what, func(tx *db.TenantTx) error {
			list, err := tenants.GrantableRoles(tc.ctx, tx)
			if err != nil {
				return err
			}
			var got []rbac.Role
			for _, r := range list {
				got = append(got, r.Role)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("GrantableRoles for %s (-want +got):\n%s", what, diff)
			}
			for _, r := range []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, rbac.Owner, helper.Role, desk.Role, high.Role} {
				if may := tenants.MayGive(tc.ctx, tx, r) == nil; may != slices.Contains(got, r) {
					t.Errorf("MayGive(%s) for %s = %v, and it is offered: %v", r, what, may, !may)
				}
			}
			return nil
		})
	}
	c.must(owner, "names", func(tx *db.TenantTx) error {
		for role, want := range map[rbac.Role]string{rbac.Admin: "admin", desk.Role: "front desk", "rol_00000000000000000000000000": "rol_00000000000000000000000000"} {
			if got, err := tenants.RoleName(owner, tx, role); got != want || err != nil {
				t.Errorf("RoleName(%s) = %q, %v, want %q", role, got, err, want)
			}
		}
		return nil
	})
}
