package access_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestSessionIsWhoItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "google")
	s := w.store()
	got, err := s.Session(t.Context(), w.tenant.ID, sid)
	must(t, err)
	wanted := &authn.Principal{
		Kind: authn.Member, Tenant: w.tenant.ID, User: m.UserID, Membership: m.ID, Session: sid, Role: "admin", Plan: "team",
		Email: "ada@acme.example", Method: "google", AMR: []string{"pwd", "otp"},
	}
	wanted.AuthTime, wanted.Held = got.AuthTime, got.Held
	same := cmp.Comparer(func(a, b *access.Tenant) bool { return a == b })
	if diff := cmp.Diff(wanted, got, same, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("Session (-want +got):\n%s", diff)
	}
}

func TestWarmUseAsksNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	_, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member})
	s := w.store()
	cold := w.countSQL(func(ctx context.Context) {
		_, err := s.Session(ctx, w.tenant.ID, sid)
		must(t, err)
	})
	if cold != 2 {
		t.Errorf("a cold session costs %d statements, want 2: the scope's and one", cold)
	}
	_, err := s.Key(t.Context(), cred)
	must(t, err)
	warm := w.countSQL(func(ctx context.Context) {
		for range 100 {
			p, err := s.Session(ctx, w.tenant.ID, sid)
			must(t, err)
			must(t, s.Require(ctx, p, rbac.MembersRead, ""))
			_, err = s.Key(ctx, cred)
			must(t, err)
			_, err = s.Tenant(ctx, w.tenant.ID)
			must(t, err)
		}
	})
	if warm != 0 {
		t.Errorf("warm use costs %d statements, want 0", warm)
	}
}

func TestSessionThatHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	s := w.store()
	want(t, "a session that never was", w.ask(s, id.New[id.Session]()), "session_revoked")
	other, theirs := w.company("globex")
	foreign := w.sessionIn(other.ID, theirs, "google")
	want(t, "another tenant's session", w.ask(s, foreign), "session_revoked")
	if _, err := s.Session(t.Context(), id.New[id.Tenant](), sid); err == nil {
		t.Error("a session of no tenant was accepted")
	}
	want(t, "a session", w.ask(s, sid), "owner on team")
	w.ahead.Store(int64(time.Hour - time.Minute))
	want(t, "a session that is nearly idle for too long", w.ask(s, sid), "owner on team")
	w.ahead.Store(int64(time.Hour))
	want(t, "an idle session", w.ask(s, sid), "session_expired")
	w.exec("UPDATE sessions SET idle_seconds = 1000000 WHERE id = $1", sid.UUID())
	w.in(func(_ context.Context, tx *db.TenantTx) error { tx.Changed("session", sid); return nil })
	w.soon("the session goes on", func() bool { return w.ask(s, sid) == "owner on team" })
	w.ahead.Store(int64(24 * time.Hour))
	want(t, "an old session", w.ask(s, sid), "session_expired")
}

func TestStanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	byGoogle, byLink, byOIDC := w.session(m, "google"), w.session(m, "link"), w.session(m, "oidc")
	owners := w.session(w.owner, "link")
	s := w.store()
	yes, no := true, false
	policy := func(c tenants.PolicyChange) {
		t.Helper()
		w.in(func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.SetPolicy(ctx, tx, c); return err })
	}
	become := func(what string, sid id.Session, code string) {
		t.Helper()
		w.soon(what+" is "+code, func() bool { return w.ask(s, sid) == code })
		if p, err := s.Session(t.Context(), w.tenant.ID, sid); p == nil || (err != nil) != (code != "admin on team" && code != "owner on team") {
			t.Errorf("%s: %v, %v, want the principal too", what, p, err)
		}
	}
	become("google", byGoogle, "admin on team")
	policy(tenants.PolicyChange{GoogleEnabled: &no})
	become("google where it is disabled", byGoogle, "method_disabled")
	policy(tenants.PolicyChange{RequireSSO: &yes})
	become("google where SSO is required", byGoogle, "sso_required")
	become("an admin's link where SSO is required", byLink, "sso_required")
	become("an owner's link where SSO is required", owners, "owner on team")
	become("OIDC where SSO is required", byOIDC, "admin on team")

	// The tenant's standing comes before the member's, and that before the way of signing in.
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, m.ID)
		return err
	})
	become("a suspended member by google", byGoogle, "member_suspended")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "unpaid")
		return err
	})
	become("a suspended member of a suspended tenant", byGoogle, "tenant_suspended")
	become("an owner of a suspended tenant", owners, "tenant_suspended")
	w.in(func(ctx context.Context, tx *db.TenantTx) error { _, err := tenants.Resume(ctx, tx); return err })
	become("a suspended member", byOIDC, "member_suspended")
	w.in(func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, m.ID) })
	become("a removed member", byOIDC, "no_membership")
	w.revoke(byOIDC)
	w.soon("the end of a session comes first", func() bool { return w.ask(s, byOIDC) == "session_revoked" })

	must(t, w.db.Admit(w.ctx(), w.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(w.ctx(), sys, tx) }))
	w.soon("a session of a deleted tenant has ended", func() bool { return w.ask(s, owners) == "session_revoked" })
	if _, err := s.Tenant(t.Context(), w.tenant.ID); err == nil {
		t.Error("Tenant of a deleted tenant = nil, want an error")
	}
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	if _, err := access.New(access.Config{}); err == nil {
		t.Error("New without a database = nil, want an error")
	}
	if _, err := access.New(access.Config{DB: &db.DB{}, Size: -1}); err == nil {
		t.Error("New with a negative size = nil, want an error")
	}
}
