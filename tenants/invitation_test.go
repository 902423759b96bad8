package tenants_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

var errTooMany = errs.New(errs.TooMany, "too_many_invitations", "")

// invite makes an invitation as the caller of ctx.
func (c *company) invite(ctx context.Context, email string, role rbac.Role) (i tenants.Invitation, cred secret.Credential) {
	c.Helper()
	c.must(ctx, "invite "+email, func(tx *db.TenantTx) (err error) {
		i, cred, err = tenants.Invite(ctx, tx, tenants.NewInvitation{Email: email, Role: role})
		return err
	})
	return i, cred
}

func inviting(ctx context.Context, email string, role rbac.Role) func(*db.TenantTx) error {
	return func(tx *db.TenantTx) error {
		_, _, err := tenants.Invite(ctx, tx, tenants.NewInvitation{Email: email, Role: role})
		return err
	}
}

func (c *company) opening(cred secret.Credential) error {
	return c.in(c.Context(), func(tx *db.TenantTx) error {
		_, err := tenants.OpenInvitation(c.Context(), tx, cred)
		return err
	})
}

func TestINV_07_NobodyInvitesAboveTheirOwnRole(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin, member := c.join("admin", rbac.Admin), c.join("member", rbac.Member)
	for what, test := range map[string]struct {
		who  context.Context
		role rbac.Role
	}{
		"an admin an owner":     {c.as(admin), rbac.Owner},
		"a member an admin":     {c.as(member), rbac.Admin},
		"a key an owner":        {c.machine(rbac.Admin), rbac.Owner},
		"nobody a viewer":       {t.Context(), rbac.Viewer},
		"a set-up link a guest": {authn.With(t.Context(), &authn.Principal{Kind: authn.Setup, Tenant: c.tenant.ID}), rbac.Viewer},
	} {
		c.refuse(test.who, what, tenants.ErrRoleTooHigh, inviting(test.who, "new@acme.example", test.role))
	}
	stranger := c.company("globex")
	c.refuse(stranger.as(stranger.owner), "an owner of another tenant", tenants.ErrRoleTooHigh, inviting(stranger.as(stranger.owner), "new@acme.example", rbac.Viewer))
	for _, in := range []tenants.NewInvitation{{"new@acme.example", "root"}, {"new@acme.example", ""}, {"a@b@c.example", rbac.Member}, {"", rbac.Member}} {
		c.refuse(c.as(c.owner), fmt.Sprint(in), errInvalid, inviting(c.as(c.owner), in.Email, in.Role))
	}
	i, _ := c.invite(c.as(c.owner), "New@ACME.example", rbac.Owner)
	if i.Email != "new@acme.example" || i.InvitedBy != c.owner.ID {
		t.Errorf("Invite = %+v, want the normalized address and the inviter", i)
	}
	for what, change := range map[string]func(*db.TenantTx) error{
		"revoke": func(tx *db.TenantTx) error { return tenants.RevokeInvitation(c.as(admin), tx, i.ID) },
	} {
		c.refuse(c.as(admin), what+" an owner's invitation", tenants.ErrRoleTooHigh, change)
	}
}

func TestINV_14_MembersAreNotInvited(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	inUse := errs.New(errs.Conflict, "email_in_use", "")
	c.refuse(c.as(c.owner), "a member", inUse, inviting(c.as(c.owner), m.Email, rbac.Admin))
	c.must(c.operator(), "suspend", func(tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(c.operator(), tx, m.ID)
		return err
	})
	c.refuse(c.as(c.owner), "a suspended member", inUse, inviting(c.as(c.owner), m.Email, rbac.Admin))
	i, _ := c.invite(c.as(c.owner), "new@acme.example", rbac.Member)
	c.refuse(c.as(c.owner), "somebody twice", tenants.ErrInvitationExists, inviting(c.as(c.owner), "NEW@acme.example", rbac.Admin))
	c.join("new", rbac.Member)
	c.sleep(time.Hour)
	c.refuse(c.as(c.owner), "resend to who joined meanwhile", inUse, func(tx *db.TenantTx) error {
		_, _, err := tenants.Resend(c.as(c.owner), tx, i.ID)
		return err
	})
}

func TestINV_05_InvitationsThatAreOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := func(c *company) context.Context { return c.as(c.owner) }
	inviter := func(c *company) (context.Context, tenants.Membership) {
		admin := c.join("admin", rbac.Admin)
		return c.as(admin), admin
	}
	for name, end := range map[string]func(*company) secret.Credential{ //nolint:paralleltest // the clock is moved
		"expired": func(c *company) secret.Credential {
			_, cred := c.invite(owner(c), "new@acme.example", rbac.Member)
			c.sleep(7 * 24 * time.Hour)
			return cred
		},
		"revoked": func(c *company) secret.Credential {
			i, cred := c.invite(owner(c), "new@acme.example", rbac.Member)
			c.must(owner(c), "revoke", func(tx *db.TenantTx) error { return tenants.RevokeInvitation(owner(c), tx, i.ID) })
			return cred
		},
		"sent anew": func(c *company) secret.Credential {
			i, cred := c.invite(owner(c), "new@acme.example", rbac.Member)
			c.sleep(time.Minute)
			c.must(owner(c), "resend", func(tx *db.TenantTx) error {
				_, fresh, err := tenants.Resend(owner(c), tx, i.ID)
				if err != nil {
					return err
				}
				_, err = tenants.OpenInvitation(owner(c), tx, fresh)
				return err
			})
			return cred
		},
		"the inviter was removed": func(c *company) secret.Credential {
			ctx, admin := inviter(c)
			_, cred := c.invite(ctx, "new@acme.example", rbac.Member)
			c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, admin.ID) })
			return cred
		},
		"the inviter was demoted": func(c *company) secret.Credential {
			ctx, admin := inviter(c)
			_, cred := c.invite(ctx, "new@acme.example", rbac.Viewer)
			c.must(c.operator(), "demote", func(tx *db.TenantTx) error {
				_, err := tenants.SetRole(c.operator(), tx, admin.ID, rbac.Member)
				return err
			})
			return cred
		},
		"a provider demoted the inviter": func(c *company) secret.Credential {
			ctx, admin := inviter(c)
			_, cred := c.invite(ctx, "new@acme.example", rbac.Viewer)
			c.must(c.operator(), "demote", func(tx *db.TenantTx) error {
				_, err := tenants.FollowProvider(c.operator(), tx, admin.ID, rbac.Member, id.New[id.Connection]())
				return err
			})
			return cred
		},
		"the inviter was suspended, and resumed": func(c *company) secret.Credential {
			ctx, admin := inviter(c)
			_, cred := c.invite(ctx, "new@acme.example", rbac.Viewer)
			c.must(c.operator(), "suspend", func(tx *db.TenantTx) error {
				if _, err := tenants.SuspendMember(c.operator(), tx, admin.ID); err != nil {
					return err
				}
				_, err := tenants.ResumeMember(c.operator(), tx, admin.ID)
				return err
			})
			return cred
		},
		"another secret": func(c *company) secret.Credential {
			_, cred := c.invite(owner(c), "new@acme.example", rbac.Member)
			cred.Secret[0]++
			return cred
		},
		"another spelling": func(c *company) secret.Credential {
			_, cred := c.invite(owner(c), "new@acme.example", rbac.Member)
			cred.Generation = 1
			return cred
		},
		"unknown": func(c *company) secret.Credential {
			return secret.Issue(secret.PrefixInvitation, c.tenant.ID.Bytes(), id.New[id.Invitation]().Bytes(), 0)
		},
		"another tenant's": func(c *company) secret.Credential {
			other := c.company("globex-" + c.tenant.Slug)
			_, cred := other.invite(owner(other), "new@acme.example", rbac.Member)
			return cred
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.company("c" + id.New[id.Request]().String()[24:])
			wantCode(t, "OpenInvitation", c.opening(end(c)), tenants.ErrInvitationUnusable)
		})
	}
}

func TestINV_05_AKeyThatIsOverInvitesNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ofKey := func(email string, expires time.Time) (tenants.Key, secret.Credential) {
		var key tenants.Key
		c.must(c.as(c.owner), "create key", func(tx *db.TenantTx) (err error) {
			key, _, err = c.keys.Create(c.as(c.owner), tx, tenants.NewKey{Name: email, Role: rbac.Admin, ExpiresAt: expires})
			return err
		})
		ctx := authn.With(t.Context(), &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Key: key.ID, Role: string(rbac.Admin)})
		_, cred := c.invite(ctx, email, rbac.Admin)
		return key, cred
	}
	key, revoked := ofKey("a@x.example", time.Time{})
	_, expired := ofKey("b@x.example", time.Now().Add(time.Hour))
	if err := c.opening(revoked); err != nil {
		t.Errorf("OpenInvitation while the key works = %v", err)
	}
	c.must(c.as(c.owner), "revoke", func(tx *db.TenantTx) error { return c.keys.Revoke(c.as(c.owner), tx, key.ID) })
	c.sleep(2 * time.Hour)
	wantCode(t, "OpenInvitation of a revoked key", c.opening(revoked), tenants.ErrInvitationUnusable)
	wantCode(t, "OpenInvitation of an expired key", c.opening(expired), tenants.ErrInvitationUnusable)
}

func TestINV_12_InvitationsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.as(c.owner)
	i, _ := c.invite(ctx, "new@x.example", rbac.Member)
	again := func(tx *db.TenantTx) error {
		_, _, err := tenants.Resend(ctx, tx, i.ID)
		return err
	}
	c.refuse(ctx, "resend at once", errTooMany, again)
	for range 4 {
		c.sleep(time.Minute)
		c.must(ctx, "resend", again)
	}
	c.sleep(time.Minute)
	c.refuse(ctx, "the sixth mail", errs.New(errs.Conflict, "invitation_over", ""), again)
	for range 2 {
		c.must(ctx, "revoke", func(tx *db.TenantTx) error { return tenants.RevokeInvitation(ctx, tx, i.ID) })
		i, _ = c.invite(ctx, "new@x.example", rbac.Member)
	}
	c.must(ctx, "revoke", func(tx *db.TenantTx) error { return tenants.RevokeInvitation(ctx, tx, i.ID) })
	c.refuse(ctx, "the fourth invitation of one address", errTooMany, inviting(ctx, "new@x.example", rbac.Member))
	c.exec(`INSERT INTO invitations (tenant_id, id, email, role, hash, created_at, sent_at, expires_at)
		SELECT $1, gen_random_uuid(), n || '@x.example', 'member', '', now(), now(), now() + interval '7 days' FROM generate_series(1, 197) n`, c.tenant.ID.UUID())
	c.refuse(ctx, "the 201st of a day", errTooMany, inviting(ctx, "more@x.example", rbac.Member))
	c.sleep(25 * time.Hour)
	c.invite(ctx, "more@x.example", rbac.Member)
}

func TestINV_04_OneInvitationMakesOneMember(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	i, _ := c.invite(c.as(c.owner), "new@x.example", rbac.Member)
	failed := race(repeat(20, func() error {
		return c.db.Admit(c.Context(), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
			user, err := tenants.NewUser(c.Context(), sys)
			if err != nil {
				return err
			}
			m, err := tenants.Join(c.Context(), tx, user, i.Role, tenants.Profile{Email: id.New[id.Request]().String() + "@x.example"}, tenants.SourceInvitation)
			if err != nil {
				return err
			}
			return tenants.AcceptInvitation(c.Context(), tx, i.ID, m)
		})
	})...)
	if succeeded(failed) != 1 {
		t.Errorf("an invitation was accepted %d times, want once", succeeded(failed))
	}
	c.refuse(c.as(c.owner), "revoke what was accepted", errs.New(errs.Conflict, "invitation_over", ""), func(tx *db.TenantTx) error {
		return tenants.RevokeInvitation(c.as(c.owner), tx, i.ID)
	})
}

func TestAnExpiredInvitationMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	old, _ := c.invite(c.as(c.owner), "new@x.example", rbac.Admin)
	c.sleep(8 * 24 * time.Hour)
	c.invite(c.as(c.owner), "new@x.example", rbac.Viewer)
	c.must(c.operator(), "list", func(tx *db.TenantTx) error {
		list, err := tenants.Invitations(c.operator(), tx, id.Invitation{}, 10)
		if len(list) != 2 || list[0].ID != old.ID || list[0].Status(tx.Now) != tenants.InvitationRevoked || list[1].Status(tx.Now) != tenants.InvitationPending {
			t.Errorf("Invitations = %+v, want the old one revoked and a pending one", list)
		}
		return err
	})
}

func TestXT_25_AReinstatedMemberHasNoOldKeys(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Admin)
	var key tenants.Key
	c.must(c.as(m), "create key", func(tx *db.TenantTx) (err error) {
		key, _, err = c.keys.Create(c.as(m), tx, tenants.NewKey{Name: "k", Role: rbac.Admin})
		return err
	})
	back := func(tx *db.TenantTx) error {
		_, err := tenants.Reinstate(c.operator(), tx, c.reload(m), rbac.Viewer, tenants.Profile{Email: m.Email})
		return err
	}
	c.refuse(c.operator(), "reinstate an active member", errs.New(errs.Conflict, "member_exists", ""), back)
	c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, m.ID) })
	c.must(c.operator(), "reinstate", back)
	if now := c.reload(m); now.Status != tenants.MemberActive || now.Role != rbac.Viewer {
		t.Errorf("reinstated as %s %s, want an active viewer", now.Status, now.Role)
	}
	c.must(c.operator(), "look", func(tx *db.TenantTx) error {
		_, err := c.keys.Find(c.operator(), tx, key.ID)
		wantCode(t, "the old key", err, errNotFound)
		return nil
	})
}

func TestXT_36_InvitationsThatWaitAreTheTenantsOwn(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	var made []tenants.Invitation
	for _, name := range []string{"first", "second", "third", "fourth"} {
		i, _ := c.invite(c.operator(), name+"@acme.example", rbac.Member)
		made = append(made, i)
		other.invite(other.operator(), name+"@globex.example", rbac.Member)
	}
	c.must(c.operator(), "revoke the second", func(tx *db.TenantTx) error { return tenants.RevokeInvitation(c.operator(), tx, made[1].ID) })
	waiting := func(at *company, before id.Invitation, limit int) (names []string) {
		at.must(at.operator(), "list", func(tx *db.TenantTx) error {
			list, err := tenants.WaitingInvitations(at.operator(), tx, before, limit)
			for _, i := range list {
				names = append(names, i.Email)
			}
			return err
		})
		return names
	}
	if got, want := waiting(c, id.Invitation{}, 2), []string{"fourth@acme.example", "third@acme.example"}; !slices.Equal(got, want) {
		t.Errorf("WaitingInvitations of two = %v, want %v", got, want)
	}
	if got, want := waiting(c, made[2].ID, 10), []string{"first@acme.example"}; !slices.Equal(got, want) {
		t.Errorf("WaitingInvitations before the third = %v, want %v", got, want)
	}
	if got, want := waiting(other, made[3].ID, 10), []string{"third@globex.example", "second@globex.example", "first@globex.example"}; !slices.Equal(got, want) {
		t.Errorf("WaitingInvitations of another tenant = %v, want %v", got, want)
	}
}
