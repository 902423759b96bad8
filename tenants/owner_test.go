package tenants_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// changes are all that can be done to a member.
func changes(ctx context.Context, m id.Membership) map[string]func(*db.TenantTx) error {
	return map[string]func(*db.TenantTx) error{
		"SetRole(viewer)": func(tx *db.TenantTx) error { _, err := tenants.SetRole(ctx, tx, m, rbac.Viewer); return err },
		"SuspendMember":   func(tx *db.TenantTx) error { _, err := tenants.SuspendMember(ctx, tx, m); return err },
		"RemoveMember":    func(tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, m) },
	}
}

func TestAZ_02_SelfPromotion(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, role := range []rbac.Role{rbac.Admin, rbac.Member, rbac.Viewer} {
		m := c.join(string(role), role)
		ctx := c.as(m)
		for _, above := range []rbac.Role{rbac.Owner, rbac.Admin, rbac.Member} {
			if above.Rank() > role.Rank() {
				c.refuse(ctx, "SetRole of oneself", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
					_, err := tenants.SetRole(ctx, tx, m.ID, above)
					return err
				})
			}
		}
	}
}

func TestAZ_03_PromotionAboveOwnRank(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin, friend := c.join("admin", rbac.Admin), c.join("friend", rbac.Viewer)
	ctx := c.as(admin)
	c.refuse(ctx, "SetRole(friend, owner) by an admin", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, friend.ID, rbac.Owner)
		return err
	})
	c.must(ctx, "SetRole(friend, admin) by an admin", func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, friend.ID, rbac.Admin)
		return err
	})
	second := c.join("second", rbac.Owner) // or the refusal could be that of the last owner
	for _, by := range []context.Context{ctx, c.machine(rbac.Admin), c.Context(), authn.With(c.Context(), &authn.Principal{})} {
		for what, change := range changes(by, second.ID) {
			c.refuse(by, what+" of an owner by somebody lower", tenants.ErrRoleTooHigh, change)
		}
		c.refuse(by, "ResumeMember of an owner by somebody lower", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
			_, err := tenants.ResumeMember(by, tx, second.ID)
			return err
		})
	}
}

func TestAZ_04_LastOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.join("admin", rbac.Admin)
	retired := c.join("retired", rbac.Owner)
	c.must(c.operator(), "suspend", func(tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(c.operator(), tx, retired.ID) // a suspended owner is none
		return err
	})
	for _, ctx := range []context.Context{c.as(c.owner), c.operator(), authn.AsSystem(t.Context())} {
		for what, change := range changes(ctx, c.owner.ID) {
			c.refuse(ctx, what+" of the last owner", tenants.ErrLastOwner, change)
		}
	}
	c.refuse(c.as(c.owner), "Leave of the last owner", tenants.ErrLastOwner, func(tx *db.TenantTx) error {
		return tenants.Leave(c.as(c.owner), tx, c.owner.ID)
	})
	c.must(c.operator(), "resume", func(tx *db.TenantTx) error {
		_, err := tenants.ResumeMember(c.operator(), tx, retired.ID)
		return err
	})
	c.must(c.as(c.owner), "Leave of one of two owners", func(tx *db.TenantTx) error {
		return tenants.Leave(c.as(c.owner), tx, c.owner.ID)
	})
	if got := c.reload(c.owner).Status; got != tenants.MemberRemoved {
		t.Errorf("after Leave the status is %q, want removed", got)
	}
}

func TestAZ_05_LastOwnerRace(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	first := c.owner
	for try := range 50 {
		second := c.join("second"+string(rune('a'+try%26))+string(rune('a'+try/26)), rbac.Owner)
		leave := func(by, of tenants.Membership) func() error {
			ctx := c.as(by)
			var how func(*db.TenantTx) error
			switch try % 4 {
			case 0:
				how = changes(ctx, of.ID)["RemoveMember"]
			case 1:
				how = changes(ctx, of.ID)["SetRole(viewer)"]
			case 2:
				how = changes(ctx, of.ID)["SuspendMember"]
			default:
				ctx = c.as(of)
				how = func(tx *db.TenantTx) error { return tenants.Leave(ctx, tx, of.ID) }
			}
			return func() error { return c.in(ctx, how) }
		}
		failed := race(leave(first, second), leave(second, first))
		owners, err := query[int64](c.world, `SELECT count(*) FROM memberships WHERE role = 'owner' AND status = 'active'`)
		if err != nil || owners[0] != 1 || succeeded(failed) != 1 {
			t.Fatalf("try %d: %d owners remain after %v (%v), want 1 and one refusal", try, owners[0], failed, err)
		}
		if c.reload(second).Status == tenants.MemberActive && c.reload(second).Role == rbac.Owner {
			first = second
		}
	}
}

// With a third owner both would succeed by count alone; but who has been removed a moment ago can remove nobody.
func TestAZ_05_RemovedWhileRemoving(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for range 20 {
		one, two := c.join("one", rbac.Owner), c.join("two", rbac.Owner)
		failed := race(
			func() error { return c.in(c.as(one), changes(c.as(one), two.ID)["RemoveMember"]) },
			func() error { return c.in(c.as(two), changes(c.as(two), one.ID)["RemoveMember"]) },
		)
		if succeeded(failed) != 1 {
			t.Fatalf("of two owners who remove each other %v, want one refusal", failed)
		}
		for _, m := range []tenants.Membership{one, two} {
			c.must(c.operator(), "remove", func(tx *db.TenantTx) error {
				err := tenants.RemoveMember(c.operator(), tx, m.ID)
				if errs.As(err).Kind == errs.Missing {
					return nil
				}
				return err
			})
		}
	}
}

func TestAZ_06_OwnershipGoesOnlyToMembers(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	gone := c.join("gone", rbac.Member)
	c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, gone.ID) })
	for who, m := range map[string]id.Membership{
		"a stranger": id.New[id.Membership](), "nobody": {}, "another tenant's member": other.owner.ID, "a removed member": gone.ID,
	} {
		c.refuse(c.as(c.owner), "SetRole(owner) of "+who, errs.NotFound("member"), func(tx *db.TenantTx) error {
			_, err := tenants.SetRole(c.as(c.owner), tx, m, rbac.Owner)
			return err
		})
	}
}

func TestAZ_09_ReservedAndUnknownRoles(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	for _, role := range []rbac.Role{"", "system", "root", "Owner", "owner ", "*", "superuser", "admin,owner", "ow\u200bner"} {
		c.refuse(c.operator(), "SetRole", errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.SetRole(c.operator(), tx, m.ID, role)
			return err
		})
		if _, err := c.tryJoin(id.User{}, "new@acme.example", role); errs.As(err).Code != "invalid_input" {
			t.Errorf("Join as %q = %v, want invalid_input", role, err)
		}
	}
}

func TestAnotherTenantsPrincipalChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	m := c.join("m", rbac.Viewer)
	ctx := other.as(other.owner)
	for what, change := range changes(ctx, m.ID) {
		c.refuse(ctx, what+" by another tenant's owner", tenants.ErrRoleTooHigh, change)
	}
	c.refuse(c.as(c.owner), "Leave for somebody else", errs.NotFound("member"), func(tx *db.TenantTx) error {
		return tenants.Leave(c.as(c.owner), tx, m.ID)
	})
}

func TestWhoWasDemotedMayNotFinish(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin, m := c.join("admin", rbac.Admin), c.join("m", rbac.Member)
	stale := c.as(admin) // the request came in while they were an admin
	c.must(c.operator(), "demote", func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(c.operator(), tx, admin.ID, rbac.Viewer)
		return err
	})
	for what, change := range changes(stale, m.ID) {
		c.refuse(stale, what+" by a demoted admin", tenants.ErrRoleTooHigh, change)
	}
	c.refuse(stale, "SetRole(admin) of themselves by a demoted admin", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(stale, tx, admin.ID, rbac.Admin)
		return err
	})
}
