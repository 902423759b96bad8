package sessions_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestSES_12_LogoutEndsTheRefreshToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	b.must("sign out", func(tx *db.TenantTx) error {
		return sessions.Revoke(t.Context(), tx, i.Session, b.member.ID, sessions.ReasonSignedOut)
	})
	_, err := b.refresh(i.Refresh)
	b.refused("Refresh", err, sessions.ErrRevoked)
	if got := b.events(events.SessionSignedOut); len(got) != 1 {
		t.Errorf("%d events of the sign-out, want 1", len(got))
	}
}

func TestSES_12_ARefreshThatRacesTheLogoutDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	var wg sync.WaitGroup
	last := make([]string, 8)
	for n := range last {
		wg.Go(func() {
			got, err := b.refresh(i.Refresh)
			if err != nil {
				b.refused("Refresh", err, sessions.ErrRevoked)
			}
			last[n] = got.Refresh
		})
	}
	wg.Go(func() {
		err := b.in(func(tx *db.TenantTx) error {
			return sessions.Revoke(t.Context(), tx, i.Session, b.member.ID, sessions.ReasonSignedOut)
		})
		if err != nil {
			t.Errorf("Revoke = %v", err)
		}
	})
	wg.Wait()
	for _, token := range append(last, i.Refresh) {
		if token != "" {
			_, err := b.refresh(token)
			b.refused("Refresh", err, sessions.ErrRevoked)
		}
	}
}

func TestSES_13_EveryInstanceIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	conn, err := pgx.Connect(t.Context(), b.admin)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "LISTEN "+db.Channel); err != nil {
		t.Fatalf("listen: %v", err)
	}
	told := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		n, err := conn.WaitForNotification(ctx)
		if err != nil || !strings.HasSuffix(n.Payload, " "+what) {
			t.Errorf("told %+v, %v, want %q", n, err, what)
		}
	}
	revoked, stolen := b.start(), b.start()
	b.must("revoke", func(tx *db.TenantTx) error {
		return sessions.Revoke(t.Context(), tx, revoked.Session, b.member.ID, sessions.ReasonSignedOut)
	})
	told("session " + revoked.Session.String())
	b.mustRefresh(stolen.Refresh)
	_, err = b.refreshFrom("curl/8", stolen.Refresh)
	b.refused("Refresh", err, sessions.ErrReused)
	told("session " + stolen.Session.String())
	if _, err := b.keys.Rotate(t.Context(), 0); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	told("keys")
}

func TestSES_23_ARefreshIsNoNewSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	b.sleep(time.Hour)
	c, err := b.sessions.Verify(t.Context(), b.mustRefresh(b.mustRefresh(i.Refresh).Refresh).Access)
	if err != nil || !c.AuthTime.Equal(i.At.Truncate(time.Second)) {
		t.Errorf("auth_time after an hour = %s, %v, want %s", c.AuthTime, err, i.At)
	}
}

func TestSES_13_WhatEndsASessionElsewhere(t *testing.T) {
	t.Parallel()
	set := func(sql string) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error { return tx.DB.Exec(sql, tx.Tenant).Error }
	}
	for name, c := range map[string]struct {
		change func(*db.TenantTx) error
		want   *errs.Error
	}{
		"member suspended": {set("UPDATE memberships SET status = 'suspended' WHERE tenant_id = ?"), sessions.ErrMemberSuspended},
		"member removed":   {set("UPDATE memberships SET status = 'removed' WHERE tenant_id = ?"), sessions.ErrRevoked},
		"tenant suspended": {set("UPDATE tenants SET status = 'suspended' WHERE id = ?"), sessions.ErrTenantSuspended},
		"tenant deleted":   {set("UPDATE tenants SET status = 'deleted' WHERE id = ?"), sessions.ErrRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			i := b.start()
			b.must("change", c.change)
			_, err := b.refresh(i.Refresh)
			b.refused("Refresh", err, c.want)
			err = b.in(func(tx *db.TenantTx) error {
				m, terr := tenants.MemberByUser(t.Context(), tx, b.member.UserID)
				if terr != nil {
					return terr
				}
				var now tenants.Tenant
				if terr := tx.DB.Raw("SELECT * FROM tenants WHERE id = ?", tx.Tenant).Scan(&now).Error; terr != nil {
					return terr
				}
				_, terr = b.sessions.Start(t.Context(), tx, sessions.Start{
					Tenant: now, Policy: tenants.Policy{SessionIdle: 300, SessionAbsolute: 300}, Membership: m, Method: "oidc",
				})
				return terr
			})
			b.refused("Start", err, c.want)
		})
	}
}

func TestSES_13_SignOutEverywhereSparesTheSessionThatAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	here, there := b.start(), b.start()
	bob := b.startAs(b.join("bob@acme.example", rbac.Member), nil)
	b.must("revoke all", func(tx *db.TenantTx) error {
		n, err := sessions.RevokeAll(t.Context(), tx, b.member.ID, here.Session, sessions.ReasonRevoked)
		if n != 1 {
			t.Errorf("RevokeAll = %d, want 1", n)
		}
		return err
	})
	_, err := b.refresh(there.Refresh)
	b.refused("Refresh", err, sessions.ErrRevoked)
	b.mustRefresh(here.Refresh)
	b.mustRefresh(bob.Refresh)
}

func TestXT_40_SSORequiredEndsSessionsMadeOtherwise(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bob := b.join("bob@acme.example", rbac.Member)
	method := func(m string) func(*sessions.Start) { return func(in *sessions.Start) { in.Method = m } }
	bySSO, byGoogle, byLink := b.startAs(bob, nil), b.startAs(bob, method("google")), b.startAs(bob, method("link"))
	owner := b.startAs(b.member, method("link"))
	b.must("require", func(tx *db.TenantTx) error {
		return tx.DB.Exec("UPDATE tenant_state SET require_sso = true WHERE tenant_id = ?", tx.Tenant).Error
	})
	for _, i := range []sessions.Issued{byGoogle, byLink} {
		_, err := b.refresh(i.Refresh)
		b.refused("Refresh", err, sessions.ErrSSORequired)
	}
	b.mustRefresh(bySSO.Refresh)
	b.mustRefresh(owner.Refresh) // the documented way back in when the provider is broken
	b.must("allow, without Google", func(tx *db.TenantTx) error {
		return tx.DB.Exec("UPDATE tenant_state SET require_sso = false, google_enabled = false WHERE tenant_id = ?", tx.Tenant).Error
	})
	_, err := b.refresh(byGoogle.Refresh)
	b.refused("Refresh", err, sessions.ErrSSORequired)
	b.mustRefresh(byLink.Refresh) // a refusal for the policy's sake ends nothing
}

func TestSES_14_IdleAndAbsoluteLimits(t *testing.T) {
	t.Parallel()
	const idle, absolute = 12 * time.Hour, 7 * 24 * time.Hour
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		early, late := b.start(), b.start()
		if got := early.RefreshExpires.Sub(early.At); got != idle {
			t.Fatalf("the refresh token lives %s, want %s", got, idle)
		}
		b.freezeAt(early.At.Add(idle - time.Second))
		early = b.mustRefresh(early.Refresh)
		b.freezeAt(late.At.Add(idle + time.Second))
		_, err := b.refresh(late.Refresh)
		b.refused("Refresh", err, sessions.ErrExpired)
		b.freezeAt(early.At.Add(idle - time.Second)) // a refresh began the time anew
		b.mustRefresh(early.Refresh)
	})
	t.Run("absolute", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		i := b.start()
		end := i.At.Add(absolute)
		for at := i.At; at.Before(end.Add(-idle)); {
			at = at.Add(idle - time.Second)
			b.freezeAt(at)
			i = b.mustRefresh(i.Refresh)
		}
		b.freezeAt(end.Add(-time.Second))
		i = b.mustRefresh(i.Refresh)
		if !i.AccessExpires.Equal(end) || !i.RefreshExpires.Equal(end) {
			t.Errorf("tokens of the last second expire %s and %s, want %s", i.AccessExpires, i.RefreshExpires, end)
		}
		b.freezeAt(end.Add(time.Second))
		_, err := b.refresh(i.Refresh)
		b.refused("Refresh", err, sessions.ErrExpired)
	})
	t.Run("exactly at the limit", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		i := b.start()
		b.freezeAt(i.At.Add(idle))
		_, err := b.refresh(i.Refresh)
		b.refused("Refresh", err, sessions.ErrExpired)
	})
}

func TestAShortIdleLimitShortensTheAccessToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.startAs(b.member, func(in *sessions.Start) { in.Policy.SessionIdle = 300 })
	if got := i.AccessExpires.Sub(i.At); got != 150*time.Second {
		t.Errorf("the access token lives %s, want half of the idle limit", got)
	}
}

func TestSES_19_ARestoredBackupBringsNothingBackUnderANewRoot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	// The rows are as an old backup would have them, the session not yet revoked: the operator changes the root with the restore.
	b.sessions = b.newSessions(b.keys, sessions.Config{Root: secret.Root(bytes.Repeat([]byte{8}, 32))})
	_, err := b.refresh(i.Refresh)
	b.refused("Refresh under another root", err, sessions.ErrSession)
}

func TestSES_19_RefreshOutlivesARotatedKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	if _, err := b.keys.Rotate(t.Context(), 0); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	if _, err := b.sessions.Verify(t.Context(), b.mustRefresh(i.Refresh).Access); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

func TestSES_20_ADumpHoldsNoToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.start()
	next := b.mustRefresh(first.Refresh)
	dump := b.dump()
	if !strings.Contains(dump, first.Session.UUID().String()) {
		t.Fatalf("the dump does not hold the session at all")
	}
	for _, token := range []string{first.Refresh, next.Refresh} {
		cred := parse(t, token)
		plain := cred.Hash()
		parts := strings.Split(token, "_")
		for name, s := range map[string]string{
			"token": token, "secret": parts[len(parts)-2], "bytes": hex.EncodeToString(cred.Secret[:]), "plain hash": hex.EncodeToString(plain[:]),
		} {
			if strings.Contains(dump, s) {
				t.Errorf("the dump holds the %s of a refresh token", name)
			}
		}
	}
	for _, access := range []string{first.Access, next.Access} {
		if _, sig := signatureOf(t, access); strings.Contains(dump, access) || strings.Contains(dump, hex.EncodeToString(sig)) {
			t.Errorf("the dump holds an access token")
		}
	}
}

func TestSES_22_AnotherMembersSessionIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bob := b.join("bob@acme.example", rbac.Member)
	i := b.start()
	err := b.in(func(tx *db.TenantTx) error {
		return sessions.Revoke(t.Context(), tx, i.Session, bob.ID, sessions.ReasonRevoked)
	})
	b.refused("Revoke of another's", err, errs.NotFound("session"))
	other, _ := b.newTenant("globex")
	err = b.db.Tenant(t.Context(), other.ID, func(tx *db.TenantTx) error {
		return sessions.Revoke(t.Context(), tx, i.Session, id.Membership{}, sessions.ReasonAdmin)
	})
	b.refused("Revoke from another tenant", err, errs.NotFound("session"))
	b.mustRefresh(i.Refresh)
}

func TestSES_25_IdsAndTokensOfOneMomentDiffer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.freezeAt(b.now())
	seen := map[string]bool{}
	for range 50 {
		i := b.start()
		for _, s := range []string{i.Session.String(), i.Access, i.Refresh} {
			if seen[s] {
				t.Fatalf("%q came twice", s)
			}
			seen[s] = true
		}
	}
}

// dump is every row of every table as JSON, read by a superuser; bytes are in hexadecimal.
func (b *bench) dump() string {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), b.admin)
	if err != nil {
		b.Fatalf("connect: %v", err)
	}
	defer conn.Close(b.Context())
	var dump string
	err = conn.QueryRow(b.Context(), `SELECT string_agg(query_to_xml(format('SELECT to_json(t) FROM %I.%I t', schemaname, tablename),
		true, true, '')::text, chr(10)) FROM pg_tables WHERE schemaname = 'public'`).Scan(&dump)
	if err != nil {
		b.Fatalf("dump: %v", err)
	}
	return dump
}
