package sso_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestASetupSessionIsThatOfItsLink(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	opened, cookie := c.holder(t, sso.NewSetupLink{Email: "it@supplier.test"})
	if cookie.Name != "__Host-gatehouse_setup" || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 86400 {
		t.Errorf("cookie = %v", cookie)
	}
	held, err := c.signIn.SetupSession(visitor(t), cookie.Value)
	must(t, err)
	p := held.Principal()
	if p.Kind != authn.Setup || p.Tenant != c.tenant.ID || p.SetupLink != opened.Link.ID || p.Role != "" || !p.User.IsZero() || !p.Membership.IsZero() {
		t.Errorf("the principal of a set-up link = %+v", p)
	}
	wrong, err := secret.Parse(secret.PrefixSetupSession, cookie.Value)
	must(t, err)
	wrong.Secret[3] ^= 1
	for what, value := range map[string]string{"nothing": "", "half": cookie.Value[:40], "a guess": wrong.String()} {
		if _, err := c.signIn.SetupSession(visitor(t), value); err != sso.ErrSetupLink { //nolint:errorlint // the very same answer
			t.Errorf("SetupSession of %s = %v, want %v", what, err, sso.ErrSetupLink)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(cookie)
	if got := sso.SetupCookieOf(r); got != cookie.Value {
		t.Errorf("SetupCookieOf = %q", got)
	}
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: "planted"})
	if got := sso.SetupCookieOf(r); got != "" {
		t.Errorf("SetupCookieOf two cookies = %q, want none", got)
	}
}

func TestASetupSessionEndsAtOnce(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(*testing.T, *company, sso.Setup, tenants.Membership){
		"revoked":          func(t *testing.T, c *company, s sso.Setup, _ tenants.Membership) { t.Helper(); c.revoke(t, s.Link.ID) },
		"tenant suspended": func(t *testing.T, c *company, _ sso.Setup, _ tenants.Membership) { t.Helper(); c.suspend(t) },
		"after a day":      func(_ *testing.T, c *company, _ sso.Setup, _ tenants.Membership) { c.ahead.Add(int64(24 * time.Hour)) },
		"its maker suspended": func(t *testing.T, c *company, _ sso.Setup, m tenants.Membership) {
			t.Helper()
			c.suspendMember(t, m.ID)
		},
		"its maker removed": func(t *testing.T, c *company, _ sso.Setup, m tenants.Membership) {
			t.Helper()
			c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, m.ID) })
		},
		"its maker without the right": func(t *testing.T, c *company, _ sso.Setup, m tenants.Membership) {
			t.Helper()
			c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.SetRole(ctx, tx, m.ID, rbac.Member)
				return err
			})
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := newWorld(t).company(t)
			admin := c.join(t, "admin", rbac.Admin)
			_, cred, err := c.setupLink(t, c.as(t, admin), sso.NewSetupLink{})
			must(t, err)
			held, cookie, err := c.signIn.OpenSetupLink(visitor(t), cred)
			must(t, err)
			prepared, err := c.signIn.Prepare(t.Context(), c.draft())
			must(t, err)
			if _, err := c.signIn.SetupSession(visitor(t), cookie.Value); err != nil {
				t.Fatalf("SetupSession = %v", err)
			}
			end(t, c, held, admin)
			before := c.rows(t, c)
			_, err = c.signIn.SetupSession(visitor(t), cookie.Value)
			wantCode(t, "SetupSession", err, sso.ErrSetupLink)
			// Also what was under way meanwhile is refused.
			err = c.within(authn.With(visitor(t), held.Principal()), func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx) error {
				_, err := c.signIn.Create(ctx, sys, tx, prepared)
				return err
			})
			wantCode(t, "Create", err, sso.ErrSetupLink)
			if after := c.rows(t, c); after["connections"] != before["connections"] {
				t.Error("a set-up session that was over changed connections")
			}
		})
	}
}
