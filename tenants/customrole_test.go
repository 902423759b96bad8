package tenants_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// snapshot stands for that which authenticated a request.
type snapshot struct{ c *catalog.Catalog }

func (s snapshot) InForce() *catalog.Catalog { return s.c }

func builtin(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Parse("catalog.yaml", catalog.Default())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// asking is the context of a member's request, with the catalog in force.
func (c *company) asking(m tenants.Membership) context.Context {
	c.Helper()
	ctx := c.as(m)
	authn.From(ctx).Held = snapshot{builtin(c)}
	return ctx
}

func (c *company) newRole(ctx context.Context, name string, permissions ...rbac.Permission) (r tenants.CustomRole, err error) {
	c.Helper()
	err = c.in(ctx, func(tx *db.TenantTx) error {
		r, err = tenants.CreateCustomRole(ctx, tx, builtin(c), tenants.NewCustomRole{Name: name, Permissions: permissions})
		return err
	})
	return r, err
}

func (c *company) role(ctx context.Context, name string, permissions ...rbac.Permission) tenants.CustomRole {
	c.Helper()
	r, err := c.newRole(ctx, name, permissions...)
	if err != nil {
		c.Fatalf("CreateCustomRole(%q, %q) = %v", name, permissions, err)
	}
	return r
}

func (c *company) giveRole(ctx context.Context, m tenants.Membership, role rbac.Role) error {
	return c.in(ctx, func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, role)
		return err
	})
}

func (c *company) deleteRole(ctx context.Context, r id.Role, instead rbac.Role) error {
	return c.in(ctx, func(tx *db.TenantTx) error { return tenants.DeleteCustomRole(ctx, tx, r, instead) })
}

func (c *company) changeRole(ctx context.Context, r id.Role, in tenants.CustomRoleChange) error {
	return c.in(ctx, func(tx *db.TenantTx) error {
		_, err := tenants.UpdateCustomRole(ctx, tx, builtin(c), r, in)
		return err
	})
}

func TestAZ_07_CustomRoleAboveItsAuthor(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", rbac.MembersRead, rbac.MembersWrite)
	all := c.role(owner, "Nearly all", rbac.MembersRead, rbac.MembersWrite, rbac.ConnectionsWrite, rbac.TenantRead)
	clerk, friend := c.join("clerk", desk.Role), c.join("friend", rbac.Viewer)
	high := c.join("high", all.Role)
	ctx := c.asking(clerk)

	if _, err := c.newRole(ctx, "Ladder", rbac.MembersRead, rbac.ConnectionsWrite); errs.CodeOf(err) != tenants.ErrRoleTooHigh.Code {
		t.Errorf("CreateCustomRole with more than its author = %v, want %v", err, tenants.ErrRoleTooHigh)
	}
	c.role(ctx, "Same", rbac.MembersRead)
	more := []rbac.Permission{rbac.MembersRead, rbac.SessionsWrite}
	for what, change := range map[string]func() error{
		"enlarge the own role": func() error { return c.changeRole(ctx, desk.ID, tenants.CustomRoleChange{Permissions: &more}) },
		"shrink a role above": func() error {
			return c.changeRole(ctx, all.ID, tenants.CustomRoleChange{Permissions: &[]rbac.Permission{}})
		},
		"delete a role above":              func() error { return c.deleteRole(ctx, all.ID, desk.Role) },
		"take a role above":                func() error { return c.giveRole(ctx, clerk, all.Role) },
		"give a role above":                func() error { return c.giveRole(ctx, friend, all.Role) },
		"give viewer, which is not within": func() error { return c.giveRole(ctx, clerk, rbac.Viewer) },
		"change who has more":              func() error { return c.giveRole(ctx, high, desk.Role) },
		"make an administrator":            func() error { return c.giveRole(ctx, friend, rbac.Admin) },
		"make an owner":                    func() error { return c.giveRole(ctx, clerk, rbac.Owner) },
	} {
		if err := change(); errs.CodeOf(err) != tenants.ErrRoleTooHigh.Code {
			t.Errorf("%s = %v, want %v", what, err, tenants.ErrRoleTooHigh)
		}
	}
	if err := c.giveRole(c.as(c.join("admin", rbac.Admin)), friend, desk.Role); errs.CodeOf(err) != tenants.ErrRoleTooHigh.Code {
		t.Errorf("SetRole by an admin without a catalog = %v, want %v", err, tenants.ErrRoleTooHigh)
	}
	if err := c.giveRole(c.asking(c.join("boss", rbac.Admin)), friend, desk.Role); err != nil {
		t.Errorf("SetRole(custom) by an admin = %v", err)
	}
}

// Who holds nothing any more by the rows has nothing to give, whatever their request began with.
func TestAuthorsAreHeldToWhatTheyAreNow(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin := c.join("admin", rbac.Admin)
	ctx := c.asking(admin)
	if err := c.giveRole(c.asking(c.owner), admin, rbac.Viewer); err != nil {
		t.Fatal(err)
	}
	if _, err := c.newRole(ctx, "Late", rbac.MembersWrite); errs.CodeOf(err) != tenants.ErrRoleTooHigh.Code {
		t.Errorf("CreateCustomRole by a former admin = %v, want %v", err, tenants.ErrRoleTooHigh)
	}
}

func TestAZ_08_PermissionTricksInCustomRoles(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, p := range []rbac.Permission{
		"*", "members:*", "members:write ", "Members:write", "MEMBERS:WRITE", "../members:write", "members:write,tenant:read", "", "self", "no:such", rbac.TenantDelete,
	} {
		if _, err := c.newRole(c.asking(c.owner), "Trick", p); errs.As(err).Kind != errs.Invalid {
			t.Errorf("CreateCustomRole(%q) = %v, want invalid_input", p, err)
		}
	}
}

func TestAZ_09_ReservedRoleNames(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", rbac.MembersRead)
	for _, name := range []string{
		"owner", "Owner", "OWNER", "0wner", "оwner", "ow-ner", "o w n e r", "ｏｗｎｅｒ", "Öwner", "owners", "admin", "Admins", "ADМIN", "member", "Viewer", "system", "root",
		"gatehouse", "Support", "", " x", "x ", "a\nb", "a\u202eb", "---", strings.Repeat("x", 51), "\u3164",
	} {
		if _, err := c.newRole(owner, name, rbac.MembersRead); errs.As(err).Kind != errs.Invalid {
			t.Errorf("CreateCustomRole(%q) = %v, want invalid_input", name, err)
		}
		if err := c.changeRole(owner, desk.ID, tenants.CustomRoleChange{Name: &name}); errs.As(err).Kind != errs.Invalid {
			t.Errorf("UpdateCustomRole(name %q) = %v, want invalid_input", name, err)
		}
	}
	if _, err := c.newRole(owner, "FRONT desk"); errs.CodeOf(err) != tenants.ErrRoleExists.Code {
		t.Errorf("CreateCustomRole of the same name = %v, want %v", err, tenants.ErrRoleExists)
	}
	c.role(owner, "Änderungsdienst, 2. Schicht", rbac.MembersRead)
	other := c.role(owner, "Back office", rbac.MembersRead)
	for _, name := range []string{"Frοnt desk", "Ｆｒｏｎｔ ｄｅｓｋ", "Front-desk", "Fr0nt Desks"} {
		if _, err := c.newRole(owner, name, rbac.MembersRead); errs.As(err).Kind != errs.Invalid {
			t.Errorf("CreateCustomRole(%q) beside Front desk = %v, want invalid_input", name, err)
		}
		if err := c.changeRole(owner, other.ID, tenants.CustomRoleChange{Name: &name}); errs.As(err).Kind != errs.Invalid {
			t.Errorf("UpdateCustomRole(name %q) beside Front desk = %v, want invalid_input", name, err)
		}
		if err := c.changeRole(owner, desk.ID, tenants.CustomRoleChange{Name: &name}); err != nil {
			t.Errorf("UpdateCustomRole(name %q) of Front desk itself = %v, want nil", name, err)
		}
	}
}

func TestAZ_10_DeletingARoleInUse(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", append(builtin(t).Holds(rbac.Viewer), rbac.EventsRead)...)
	clerk := c.join("clerk", desk.Role)
	c.must(owner, "use the role everywhere", func(tx *db.TenantTx) error {
		if _, err := tenants.SetPolicy(owner, tx, tenants.PolicyChange{GoogleRole: &desk.Role}); err != nil {
			return err
		}
		if _, _, err := c.keys.Create(owner, tx, tenants.NewKey{Name: "till", Role: desk.Role}); err != nil {
			return err
		}
		_, _, err := tenants.Invite(owner, tx, tenants.NewInvitation{Email: "new@acme.example", Role: desk.Role})
		return err
	})
	c.refuse(owner, "DeleteCustomRole in use", tenants.ErrRoleInUse, func(tx *db.TenantTx) error { return tenants.DeleteCustomRole(owner, tx, desk.ID, "") })
	for _, higher := range []rbac.Role{rbac.Admin, rbac.Member} {
		c.refuse(owner, fmt.Sprintf("DeleteCustomRole for %s", higher), tenants.ErrReassignRaises, func(tx *db.TenantTx) error {
			return tenants.DeleteCustomRole(owner, tx, desk.ID, higher)
		})
	}
	for _, none := range []rbac.Role{rbac.Owner, desk.Role, "rol_00000000000000000000000000", "nobody"} {
		c.refuse(owner, fmt.Sprintf("DeleteCustomRole for %s", none), errInvalid, func(tx *db.TenantTx) error {
			return tenants.DeleteCustomRole(owner, tx, desk.ID, none)
		})
	}
	if err := c.deleteRole(owner, desk.ID, rbac.Viewer); err != nil {
		t.Fatalf("DeleteCustomRole for viewer = %v", err)
	}
	if got := c.reload(clerk).Role; got != rbac.Viewer {
		t.Errorf("the role of who had it = %q, want %q", got, rbac.Viewer)
	}
	left, err := query[string](c.world, `SELECT role FROM memberships WHERE role LIKE 'rol%' UNION ALL SELECT role FROM invitations WHERE role LIKE 'rol%'
		UNION ALL SELECT role FROM api_keys WHERE role LIKE 'rol%' UNION ALL SELECT google_role FROM tenant_state WHERE google_role LIKE 'rol%'`)
	if err != nil || len(left) > 0 {
		t.Errorf("references that are left = %q, %v, want none", left, err)
	}
}

func TestRenamingMovesNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", rbac.MembersRead)
	clerk := c.join("clerk", desk.Role)
	name := "Reception"
	if err := c.changeRole(owner, desk.ID, tenants.CustomRoleChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if got := c.reload(clerk).Role; got != desk.Role {
		t.Errorf("role = %q, want %q", got, desk.Role)
	}
	if _, err := c.newRole(owner, "Front desk", rbac.TenantRead); err != nil { // the old name is free, and nobody has the new role
		t.Errorf("CreateCustomRole with a name that is free again = %v", err)
	}
}

func TestTEN_05_CustomRoleOfAnotherTenant(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("other")
	theirs := other.role(other.asking(other.owner), "Theirs", rbac.MembersRead)
	clerk, owner := c.join("clerk", rbac.Viewer), c.asking(c.owner)
	ways := map[string]func(*db.TenantTx) error{
		"SetRole": func(tx *db.TenantTx) error { _, err := tenants.SetRole(owner, tx, clerk.ID, theirs.Role); return err },
		"SetPolicy": func(tx *db.TenantTx) error {
			_, err := tenants.SetPolicy(owner, tx, tenants.PolicyChange{GoogleRole: &theirs.Role})
			return err
		},
		"Create": func(tx *db.TenantTx) error {
			_, _, err := c.keys.Create(owner, tx, tenants.NewKey{Name: "key", Role: theirs.Role})
			return err
		},
		"Invite": func(tx *db.TenantTx) error {
			_, _, err := tenants.Invite(owner, tx, tenants.NewInvitation{Email: "x@acme.example", Role: theirs.Role})
			return err
		},
	}
	for what, way := range ways {
		c.refuse(owner, what+" with the role of another tenant", errInvalid, way)
	}
	for what, way := range map[string]func(*db.TenantTx) error{
		"FindCustomRole": func(tx *db.TenantTx) error { _, err := tenants.FindCustomRole(owner, tx, theirs.ID); return err },
		"UpdateCustomRole": func(tx *db.TenantTx) error {
			_, err := tenants.UpdateCustomRole(owner, tx, builtin(t), theirs.ID, tenants.CustomRoleChange{})
			return err
		},
		"DeleteCustomRole": func(tx *db.TenantTx) error { return tenants.DeleteCustomRole(owner, tx, theirs.ID, rbac.Viewer) },
	} {
		c.refuse(owner, what+" of another tenant", errs.NotFound("role"), way)
	}
	_, err := c.admin.Exec(t.Context(), "UPDATE memberships SET role = $1 WHERE id = $2", string(theirs.Role), clerk.ID.UUID())
	if err == nil {
		t.Error("the database lets a member hold a role of another tenant")
	}
}

// Of two who save what they read, the second is told; nothing of the first is lost.
func TestTwoAuthorsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", rbac.MembersRead)
	results := make(chan error, 2)
	for _, p := range []rbac.Permission{rbac.EventsRead, rbac.UsageRead} {
		go func() {
			list := []rbac.Permission{rbac.MembersRead, p}
			results <- c.changeRole(c.asking(c.owner), desk.ID, tenants.CustomRoleChange{Permissions: &list, Version: desk.Version})
		}()
	}
	codes := []string{errs.CodeOf(<-results), errs.CodeOf(<-results)}
	slices.Sort(codes)
	if codes[0] == codes[1] || !slices.Contains(codes, tenants.ErrRoleChanged.Code) {
		t.Errorf("UpdateCustomRole by two = %q, want one done and one %s", codes, tenants.ErrRoleChanged.Code)
	}
}

// A role that is deleted while it is given is given to nobody, or stays.
func TestRoleIsGivenWhileItIsDeleted(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	for n := range 8 {
		desk := c.role(owner, fmt.Sprintf("Desk %d", n), rbac.MembersRead)
		m := c.join(fmt.Sprintf("m%d", n), rbac.Viewer)
		given, deleted := make(chan error, 1), make(chan error, 1)
		go func() { given <- c.giveRole(c.asking(c.owner), m, desk.Role) }()
		go func() { deleted <- c.deleteRole(c.asking(c.owner), desk.ID, "") }()
		gave, del := <-given, <-deleted
		if (gave == nil) == (del == nil) {
			t.Errorf("SetRole = %v and DeleteCustomRole = %v, want one of them refused", gave, del)
		}
		if has := c.reload(m).Role == desk.Role; has != (gave == nil) {
			t.Errorf("the member has the role: %v, and SetRole = %v", has, gave)
		}
	}
}

func TestCustomRolesAreCounted(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	for n := range tenants.MaxCustomRoles {
		c.role(owner, fmt.Sprintf("Shift %d!", n+100))
	}
	if _, err := c.newRole(owner, "One more"); errs.CodeOf(err) != tenants.ErrTooManyRoles.Code {
		t.Errorf("CreateCustomRole beyond the limit = %v, want %v", err, tenants.ErrTooManyRoles)
	}
}

// What was asked of people by those who hold a role ends when the role loses something.
func TestShrunkRoleVoidsInvitations(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	owner := c.asking(c.owner)
	desk := c.role(owner, "Front desk", rbac.MembersRead, rbac.MembersWrite)
	clerk := c.join("clerk", desk.Role)
	ctx := c.asking(clerk)
	c.must(ctx, "invite", func(tx *db.TenantTx) error {
		_, _, err := tenants.Invite(ctx, tx, tenants.NewInvitation{Email: "x@acme.example", Role: desk.Role})
		return err
	})
	less := []rbac.Permission{rbac.MembersRead}
	if err := c.changeRole(owner, desk.ID, tenants.CustomRoleChange{Permissions: &less}); err != nil {
		t.Fatal(err)
	}
	open, err := query[int64](c.world, "SELECT count(*) FROM invitations WHERE revoked_at IS NULL")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{0}, open); diff != "" {
		t.Errorf("open invitations (-want +got):\n%s", diff)
	}
}
