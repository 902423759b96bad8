package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// dead holds a session to being over: its access token at once, its refresh token too.
func dead(tb testing.TB, s *apitest.Server, session *apitest.Session) {
	tb.Helper()
	within(tb, time.Second, func() bool {
		got := s.Bearer(session).Do(tb, "GET", "/v1/me", nil)
		return got.StatusCode == 401 || got.StatusCode == 403
	})
	got := s.Anonymous().Do(tb, "POST", "/v1/session/refresh", map[string]any{"refresh_token": session.Refresh})
	if got.StatusCode != 401 && got.StatusCode != 403 {
		tb.Errorf("the refresh token of a session that is over = %d, want 401: %s", got.StatusCode, got.Text)
	}
}

func TestSES12SignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	other := s.SessionOf(t, p.tenant, p.caller.Member)
	browser := s.Browser(p.caller)
	got := browser.Do(t, "DELETE", "/v1/session", nil).Want(t, 204)
	cleared := map[string]bool{}
	for _, c := range got.Cookies() {
		cleared[c.Name] = c.MaxAge < 0 && c.Value == ""
	}
	if !cleared[sessions.AccessCookie] || !cleared[sessions.RefreshCookie] {
		t.Errorf("cookies after the sign-out = %v, want both cleared", got.Cookies())
	}
	s.Bearer(p.caller).Do(t, "GET", "/v1/me", nil).Refused(t, 401, "session_revoked") // at once where it was asked for
	browser.Do(t, "GET", "/v1/me", nil).Want(t, 401)
	dead(t, s, p.caller)
	s.Bearer(other).Do(t, "GET", "/v1/me", nil).Want(t, 200)
}

func TestSES13WhatEndsOtherDevices(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	within := func(p place, do func(context.Context, *db.TenantTx) error) func(testing.TB) {
		return func(tb testing.TB) { tb.Helper(); p.tenant.Within(tb, do) }
	}
	for _, end := range []struct {
		name string
		by   func(place, *apitest.Session) func(testing.TB)
	}{
		{"all others are revoked", func(p place, of *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				here := p.SessionOf(tb, p.tenant, of.Member)
				p.Bearer(here).Do(tb, "DELETE", "/v1/sessions", nil).Want(tb, 200)
				p.Bearer(here).Do(tb, "GET", "/v1/me", nil).Want(tb, 200)
			}
		}},
		{"an administrator ends them", func(p place, of *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				p.Bearer(p.caller).Do(tb, "DELETE", "/v1/members/"+of.Member.ID.String()+"/sessions", nil).Want(tb, 200)
			}
		}},
		{"the member is suspended", func(p place, of *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				p.Bearer(p.caller).Do(tb, "POST", "/v1/members/"+of.Member.ID.String()+"/suspend", nil).Want(tb, 200)
			}
		}},
		{"the member is removed", func(p place, of *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				p.Bearer(p.caller).Do(tb, "DELETE", "/v1/members/"+of.Member.ID.String(), nil).Want(tb, 204)
			}
		}},
		{"the member leaves", func(p place, of *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				p.Bearer(p.SessionOf(tb, p.tenant, of.Member)).Do(tb, "POST", "/v1/me/leave", nil).Want(tb, 204)
			}
		}},
		{"single sign-on is required", func(p place, _ *apitest.Session) func(testing.TB) {
			return within(p, func(ctx context.Context, tx *db.TenantTx) error {
				required := true
				_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &required})
				return err
			})
		}},
		{"the tenant is suspended", func(p place, _ *apitest.Session) func(testing.TB) {
			return within(p, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.Suspend(ctx, tx, "test")
				return err
			})
		}},
		{"the tenant is deleted", func(p place, _ *apitest.Session) func(testing.TB) {
			return func(tb testing.TB) {
				tb.Helper()
				p.Bearer(p.caller).Do(tb, "DELETE", "/v1/tenant", nil).Want(tb, 204)
			}
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			phone := s.Session(t, p.tenant, rbac.Member)
			s.Bearer(phone).Do(t, "GET", "/v1/me", nil).Want(t, 200) // warm
			end.by(p, phone)(t)
			dead(t, s, phone)
		})
	}
}

func TestSES13ANewRoleHoldsAtOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	admin := s.Session(t, p.tenant, rbac.Admin)
	body := map[string]any{"name": "Another name"}
	s.Bearer(admin).Do(t, "PATCH", "/v1/tenant", body).Want(t, 200)
	s.Bearer(p.caller).Do(t, "PATCH", "/v1/members/"+admin.Member.ID.String(), map[string]any{"role": "viewer"}).Want(t, 200)
	s.Bearer(admin).Do(t, "PATCH", "/v1/tenant", body).Refused(t, 403, "role_lacks_permission")
}

func TestSES18ARefreshTokenStaysInItsTenant(t *testing.T) {
	t.Parallel()
	s, e, v := strangers(t)
	own, foreign := e.caller.Refresh, v.caller.Refresh
	if own[:4] != "ghr_" {
		t.Fatalf("a refresh token begins with %q", own[:4])
	}
	// The tenant of one in the place of the other's: both are at the same offset.
	length := len("ghr_") + 26
	before := s.SnapshotOf(t, v.tenant.ID)
	for name, token := range map[string]string{
		"with the other tenant": foreign[:length] + own[length:], "of the other with ours": own[:length] + foreign[length:],
	} {
		if token == own || token == foreign {
			t.Fatalf("%s: nothing was exchanged", name)
		}
		s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": token}).Want(t, 401)
		c := s.Anonymous().With("Cookie", sessions.RefreshCookie+"="+token).With("Sec-Fetch-Site", "same-origin")
		c.Do(t, "GET", "/v1/me", nil).Want(t, 401)
	}
	s.Anonymous().With("X-Tenant-ID", v.tenant.ID.String()).Do(t, "GET", "/v1/members", nil).Want(t, 401)
	if changed := before.Changed(s.SnapshotOf(t, v.tenant.ID)); changed != "" {
		t.Errorf("the other tenant's rows changed:\n%s", changed)
	}
	s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": own}).Want(t, 200)
}

func TestSES22SomebodyElsesSessionDoesNotExist(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	member, viewer := s.Session(t, p.tenant, rbac.Member), s.Session(t, p.tenant, rbac.Viewer)
	// Not even for the owner: ending a member's sessions is another route, and is written down as such.
	for _, c := range []*apitest.Client{s.Bearer(viewer), s.Bearer(p.caller), s.Browser(viewer)} {
		c.Do(t, "DELETE", "/v1/sessions/"+member.Session.String(), nil).Refused(t, 404, "not_found")
	}
	s.Bearer(viewer).Do(t, "DELETE", "/v1/sessions/"+id.New[id.Session]().String(), nil).Refused(t, 404, "not_found")
	s.Bearer(member).Do(t, "GET", "/v1/me", nil).Want(t, 200)
	var list struct{ Items []struct{ ID string } }
	s.Bearer(viewer).Do(t, "GET", "/v1/sessions", nil).Want(t, 200).JSON(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != viewer.Session.String() {
		t.Errorf("the viewer's sessions = %v, want their own alone", list.Items)
	}
	s.Bearer(viewer).Do(t, "GET", "/v1/members/"+member.Member.ID.String()+"/sessions", nil).Refused(t, 403, "role_lacks_permission")
}
