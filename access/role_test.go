package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// custom makes a role of the tenant as its operator.
func (w *world) custom(name string, permissions ...rbac.Permission) (r tenants.CustomRole) {
	w.Helper()
	c, err := catalog.Parse("test", catalog.Default())
	must(w, err)
	must(w, w.db.Tenant(w.ctx(), w.tenant.ID, func(tx *db.TenantTx) (err error) {
		r, err = tenants.CreateCustomRole(w.ctx(), tx, c, tenants.NewCustomRole{Name: name, Permissions: permissions})
		return err
	}))
	return r
}

func (w *world) recustom(r tenants.CustomRole, permissions ...rbac.Permission) {
	w.Helper()
	c, err := catalog.Parse("test", catalog.Default())
	must(w, err)
	must(w, w.db.Tenant(w.ctx(), w.tenant.ID, func(tx *db.TenantTx) error {
		_, err := tenants.UpdateCustomRole(w.ctx(), tx, c, r.ID, tenants.CustomRoleChange{Permissions: &permissions})
		return err
	}))
}

// Each permission of the catalog is answered as the list of the role says, after every kind of change, and so is the list of grants.
func TestCustomRoleDecidesAfterEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.calm()
	role := w.custom("Front desk", rbac.MembersRead)
	m := w.join("ada", role.Role)
	check := func(what string, want ...rbac.Permission) {
		t.Helper()
		p, err := s.Member(t.Context(), w.tenant.ID, m.ID)
		c, _ := s.Catalog()
		for _, perm := range c.Permissions() {
			d := s.Decide(p, err, perm.Name, "")
			if d.Allowed != slices.Contains(want, perm.Name) {
				t.Errorf("%s: Decide(%q) = %+v, want allowed %v", what, perm.Name, d, !d.Allowed)
			}
			if got := s.Allowed(t.Context(), w.tenant.ID, m.ID, perm.Name, ""); got != d.Allowed {
				t.Errorf("%s: Allowed(%q) = %v, Decide says %v", what, perm.Name, got, d.Allowed)
			}
		}
		if got := s.Grants(p, err).Permissions; !slices.Equal(got, want) {
			t.Errorf("%s: Grants = %q, want %q", what, got, want)
		}
	}
	check("made", rbac.MembersRead)
	w.recustom(role, rbac.EventsRead, rbac.UsageRead)
	check("changed", rbac.EventsRead, rbac.UsageRead)
	w.setPlan(billing.Free) // which does not include custom roles: those that are there keep deciding, and nobody is raised
	check("after a downgrade", rbac.EventsRead, rbac.UsageRead)
	w.apply(append(catalog.Default(), "\n# another version\n"...))
	w.within(5*time.Second, "the new catalog is in force", func() bool { _, v := s.Catalog(); return v == 2 })
	check("after another catalog", rbac.EventsRead, rbac.UsageRead)
	w.setRole(m, rbac.Viewer)
	c, _ := s.Catalog()
	check("as a viewer", c.Allowed(rbac.Viewer, billing.Free)...)
	w.setRole(m, role.Role)
	check("back", rbac.EventsRead, rbac.UsageRead)
}

// A role that is not there refuses everything to who holds it, also by the hand of a database administrator.
func TestUnknownCustomRoleIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.calm()
	p, err := s.Member(t.Context(), w.tenant.ID, w.join("ada", w.custom("Front desk", rbac.MembersRead).Role).ID)
	must(t, err)
	p.Role = "rol_00000000000000000000000000"
	d := s.Decide(p, nil, rbac.MembersRead, "")
	if d.Allowed || d.Clause != string(rbac.UnknownRole) {
		t.Errorf("Decide with an unknown role = %+v, want %s", d, rbac.UnknownRole)
	}
}

// CAS-05: what one tenant's role has wrong takes nothing from another tenant, and from the role only what is wrong.
func TestCAS_05_InvalidRuleOfOneTenantTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.custom("Front desk", rbac.MembersRead)
	mine := w.join("ada", bad.Role)
	w.exec(`UPDATE custom_roles SET permissions = '["members:read", "([", ".*", "r:owner", "*", "gone:away", "a,b", "tenant:delete", "self"]'`)
	other, owner := w.company("other")
	s := w.calm()
	for _, tc := range []struct {
		tenant     id.Tenant
		member     id.Membership
		permission rbac.Permission
		want       bool
	}{
		{w.tenant.ID, mine.ID, rbac.MembersRead, true},
		{w.tenant.ID, mine.ID, rbac.MembersWrite, false},
		{w.tenant.ID, mine.ID, rbac.TenantDelete, false},
		{w.tenant.ID, w.owner.ID, rbac.MembersWrite, true},
		{other.ID, owner.ID, rbac.MembersWrite, true},
	} {
		if got := s.Check(t.Context(), tc.tenant, tc.member, tc.permission, ""); got.Allowed != tc.want {
			t.Errorf("Check(%v, %q) = %+v, want %v", tc.member, tc.permission, got, tc.want)
		}
	}
}

func TestKeyOfCustomRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.calm()
	desk := w.custom("Front desk", rbac.MembersRead, rbac.EventsRead)
	aside := w.custom("Aside", rbac.UsageRead)
	m := w.join("ada", desk.Role)
	_, cred := w.key(m, tenants.NewKey{Name: "till", Role: desk.Role})
	ask := func() string {
		p, err := s.Key(t.Context(), cred)
		return say(p, err)
	}
	want(t, "with the same role", ask(), string(desk.Role)+" on team")
	w.setRole(m, aside.Role)
	want(t, "when neither covers the other", ask(), access.ErrKeyInvalid.Code)
	w.setRole(m, rbac.Admin)
	want(t, "when the creator has more", ask(), string(desk.Role)+" on team")
	w.recustom(aside, rbac.MembersRead)
	w.setRole(m, aside.Role)
	want(t, "when the creator has less", ask(), string(aside.Role)+" on team")
}

func TestDecidingForCustomRolesAllocatesNothing(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	w := newWorld(t)
	s := w.calm()
	m := w.join("ada", w.custom("Front desk", rbac.MembersRead).Role)
	if !s.Allowed(t.Context(), w.tenant.ID, m.ID, rbac.MembersRead, "") {
		t.Fatal("Allowed = false, want true")
	}
	ctx := authn.AsOperator(t.Context())
	got := testing.AllocsPerRun(200, func() { s.Allowed(ctx, w.tenant.ID, m.ID, rbac.MembersRead, "") })
	if got != 0 {
		t.Errorf("Allowed: %v allocations, want 0", got)
	}
}
