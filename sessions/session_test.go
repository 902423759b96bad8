package sessions_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestStartSaysWhoWhereAndHow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	proven := b.now().Add(-time.Hour).UTC().Truncate(time.Second)
	actor, acting := id.New[id.User](), id.New[id.User]()
	i := b.startAs(b.member, func(in *sessions.Start) { in.AuthTime, in.Actor, in.ActingFor = proven, actor, acting })
	got, err := b.sessions.Verify(t.Context(), i.Access)
	if err != nil {
		t.Fatalf("Verify = %v", err)
	}
	want := sessions.Claims{
		Tenant: b.tenant.ID, User: b.member.UserID, Membership: b.member.ID, Session: i.Session, Role: rbac.Owner, Plan: billing.Enterprise,
		Method: "oidc", AMR: []string{"pwd", "otp"}, AuthTime: proven, Actor: actor, ActingFor: acting,
		ID: got.ID, IssuedAt: i.At.Truncate(time.Second), Expires: i.At.Add(sessions.AccessLifetime).Truncate(time.Second),
	}
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	again, err := b.sessions.Verify(t.Context(), b.mustRefresh(i.Refresh).Access)
	if err != nil {
		t.Fatalf("Verify after a refresh = %v", err)
	}
	if again.Actor != actor || again.ActingFor != acting || !again.AuthTime.Equal(proven) || len(again.AMR) != 2 || again.ID == got.ID {
		t.Errorf("claims after a refresh = %+v, want those of the session", again)
	}
}

func TestStartInTheScopeOfASignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx := authn.WithOrigin(t.Context(), authn.Origin{UserAgent: "caf\xe9\x00 " + strings.Repeat("é", 200), Address: "192.0.2.1"})
	var i sessions.Issued
	err := b.db.Admit(ctx, b.tenant.ID, func(_ *db.SystemTx, tx *db.TenantTx) error {
		t, p, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		i, err = b.sessions.Start(ctx, tx, sessions.Start{Tenant: t, Policy: p, Membership: b.member, Method: "link"})
		return err
	})
	if err != nil {
		t.Fatalf("Start = %v", err)
	}
	if _, err := b.refreshFrom("\xff\x00", i.Refresh); err != nil {
		t.Errorf("Refresh = %v", err)
	}
}

func TestAProviderCannotMakeATokenTooLong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.startAs(b.member, func(in *sessions.Start) {
		in.AMR = nil
		for range 1000 {
			in.AMR = append(in.AMR, "a reference that nobody has registered")
			in.AMR = append(in.AMR, `x"{},\`, "pwd mfa", "", "\x00", "é")
		}
		in.AuthTime = b.now().Add(time.Hour)
	})
	c, err := b.sessions.Verify(t.Context(), b.mustRefresh(i.Refresh).Access)
	if err != nil {
		t.Fatalf("Verify = %v", err)
	}
	if len(c.AMR) != 8 || c.AMR[0] != `x"{},\` || c.AuthTime.After(c.IssuedAt) {
		t.Errorf("claims = %+v, want 8 short references and no time ahead", c)
	}
}

func TestRefreshCarriesTheRoleAndPlanOfNow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	m := b.join("bob@acme.example", rbac.Member)
	i := b.startAs(m, nil)
	b.must("promote", func(tx *db.TenantTx) error {
		if err := tx.DB.Exec("UPDATE memberships SET role = 'admin' WHERE tenant_id = ? AND id = ?", tx.Tenant, m.ID).Error; err != nil {
			return err
		}
		return tx.DB.Exec("UPDATE tenants SET plan = 'free' WHERE id = ?", tx.Tenant).Error
	})
	c, err := b.sessions.Verify(t.Context(), b.mustRefresh(i.Refresh).Access)
	if err != nil || c.Role != rbac.Admin || c.Plan != billing.Free {
		t.Errorf("Verify = %v/%v, %v, want admin/free", c.Role, c.Plan, err)
	}
}

func TestARefreshIsThreeStatements(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	before := len(b.events(""))
	ctx, counter := db.Count(t.Context())
	cred := parse(t, i.Refresh)
	err := b.db.Tenant(ctx, b.tenant.ID, func(tx *db.TenantTx) error {
		_, err := b.sessions.Refresh(ctx, tx, cred)
		return err
	})
	if err != nil || counter.Statements() != 3 {
		t.Errorf("Refresh = %v with %d statements, want 3", err, counter.Statements())
	}
	if after := len(b.events("")); after != before {
		t.Errorf("an ordinary refresh recorded %d events", after-before)
	}
}

func TestListShowsWhatStillStands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	old := b.start()
	b.sleep(13 * time.Hour) // idle for too long
	one, two := b.start(), b.start()
	other := b.join("bob@acme.example", rbac.Member)
	b.startAs(other, nil)
	b.must("revoke", func(tx *db.TenantTx) error {
		return sessions.Revoke(t.Context(), tx, two.Session, b.member.ID, sessions.ReasonRevoked)
	})
	var got []sessions.Session
	b.must("list", func(tx *db.TenantTx) (err error) {
		got, err = sessions.List(t.Context(), tx, b.member.ID)
		return err
	})
	if len(got) != 1 || got[0].ID != one.Session || got[0].UserAgent != browser || got[0].Address != "192.0.2.1" || got[0].Method != "oidc" {
		t.Errorf("List = %+v, want only %s (not %s)", got, one.Session, old.Session)
	}
}

func TestRevokeRecordsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	for range 2 {
		b.must("revoke", func(tx *db.TenantTx) error {
			return sessions.Revoke(t.Context(), tx, i.Session, id.Membership{}, sessions.ReasonAdmin)
		})
	}
	if got := b.events(events.SessionRevoked); len(got) != 1 || got[0].TargetID != i.Session.String() {
		t.Errorf("events = %+v, want one for %s", got, i.Session)
	}
}

func TestRevokeByConnectionEndsWhatItMade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	con := id.New[id.Connection]()
	by := b.startAs(b.member, func(in *sessions.Start) { in.Connection = con })
	not := b.start()
	b.must("revoke", func(tx *db.TenantTx) error {
		n, err := sessions.RevokeByConnection(t.Context(), tx, con, sessions.ReasonConnection)
		if n != 1 {
			t.Errorf("RevokeByConnection = %d, want 1", n)
		}
		return err
	})
	_, err := b.refresh(by.Refresh)
	b.refused("Refresh", err, sessions.ErrRevoked)
	b.mustRefresh(not.Refresh)
	if got := b.events(events.SessionsRevoked); len(got) != 1 || got[0].TargetID != con.String() {
		t.Errorf("events = %+v, want one for %s", got, con)
	}
}

func TestRevokingManyFitsIntoNotifications(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.start()
	b.must("copy", func(tx *db.TenantTx) error {
		return tx.DB.Exec(`INSERT INTO sessions (tenant_id, id, membership_id, user_id, method, auth_time, device_hash, created_at, last_seen_at,
			idle_seconds, expires_at, refreshed_at)
			SELECT tenant_id, gen_random_uuid(), membership_id, user_id, method, auth_time, device_hash, created_at, last_seen_at,
			idle_seconds, expires_at, refreshed_at FROM sessions, generate_series(1, 700) WHERE tenant_id = ?`, tx.Tenant).Error
	})
	b.must("revoke all", func(tx *db.TenantTx) error {
		n, err := sessions.RevokeAll(t.Context(), tx, b.member.ID, first.Session, sessions.ReasonRevoked)
		if n != 700 {
			t.Errorf("RevokeAll = %d, want 700", n)
		}
		return err
	})
	b.mustRefresh(first.Refresh)
}

func TestPruneForgetsWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mustRefresh(b.start().Refresh)
	b.sleep(10 * 24 * time.Hour)
	recent := b.start()
	err := b.db.System(t.Context(), func(sys *db.SystemTx) error {
		n, err := sessions.Prune(t.Context(), sys, sys.Now.Add(-24*time.Hour))
		if n != 1 {
			t.Errorf("Prune = %d, want 1", n)
		}
		return err
	})
	if err != nil {
		t.Fatalf("Prune = %v", err)
	}
	if n := b.count("SELECT count(*) FROM refresh_tokens"); n != 1 {
		t.Errorf("%d refresh tokens are left, want 1", n)
	}
	b.mustRefresh(recent.Refresh)
}

func TestNoSessionOfAnotherTenantOrTheInstallation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other, _ := b.newTenant("globex")
	err := b.in(func(tx *db.TenantTx) error {
		_, err := b.sessions.Start(t.Context(), tx, sessions.Start{Tenant: other, Membership: b.member, Method: "oidc"})
		return err
	})
	if errs.CodeOf(err) != "internal" {
		t.Errorf("Start = %v, want an error", err)
	}
}
