package access_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestAMemberIsFoundByEitherID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.join("ada", rbac.Admin)
	s := w.store()
	elsewhere, stranger := w.company("elsewhere")
	byMember := func(m id.Membership) string { return say(s.Member(t.Context(), w.tenant.ID, m)) }
	byUser := func(u id.User) string { return say(s.User(t.Context(), w.tenant.ID, u)) }
	want(t, "by membership", byMember(ada.ID), "admin on team")
	want(t, "by user", byUser(ada.UserID), "admin on team")
	want(t, "unknown membership", byMember(id.New[id.Membership]()), "no_membership")
	want(t, "unknown user", byUser(id.New[id.User]()), "no_membership")
	want(t, "another tenant's membership", byMember(stranger.ID), "no_membership")
	want(t, "another tenant's user", byUser(stranger.UserID), "no_membership")
	want(t, "in an unknown tenant", say(s.Member(t.Context(), id.New[id.Tenant](), ada.ID)), "no_membership")
	want(t, "in another tenant", say(s.Member(t.Context(), elsewhere.ID, ada.ID)), "no_membership")

	soon := func(what, code string) {
		t.Helper()
		w.soon(what, func() bool { return byMember(ada.ID) == code && byUser(ada.UserID) == code })
	}
	w.setRole(ada, rbac.Viewer)
	soon("demoted", "viewer on team")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, ada.ID)
		return err
	})
	soon("suspended", "member_suspended")
	w.in(func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, ada.ID) })
	soon("removed", "no_membership")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "test")
		return err
	})
	soon("the tenant suspended", "tenant_suspended")
}

func TestAWarmMemberAsksNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	ask := func(ctx context.Context) {
		p, err := s.Member(ctx, w.tenant.ID, w.owner.ID)
		must(t, err)
		must(t, s.Require(ctx, p, rbac.MembersRead, ""))
	}
	w.soon("warm", func() bool { return w.countSQL(ask) == 0 })
	if n := w.countSQL(func(ctx context.Context) {
		for range 100 {
			ask(ctx)
		}
	}); n != 0 {
		t.Errorf("100 warm questions cost %d statements, want none", n)
	}
}

func TestNobodyIsGrantedAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	if g := s.Grants(nil, nil); len(g.Permissions) != 0 || len(g.Features) != 0 || g.Clause != "no_membership" {
		t.Errorf("Grants(nobody) = %+v, want nothing", g)
	}
	p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
	must(t, err)
	for _, permission := range s.Grants(p, nil).Permissions {
		if d := s.Decide(p, nil, permission, ""); !d.Allowed {
			t.Errorf("%s is granted, and refused: %+v", permission, d)
		}
	}
}
