package sso_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// join makes a member of the company with a role.
func (c *company) join(tb testing.TB, name string, role rbac.Role) (m tenants.Membership) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		user, err := tenants.NewUser(ctx, sys)
		if err != nil {
			return err
		}
		m, err = tenants.Join(ctx, tx, user, role, tenants.Profile{Email: name + "@" + c.domain, Name: name}, tenants.SourceOperator)
		return err
	}))
	return m
}

// as is the context of a member who has just signed in.
func (c *company) as(tb testing.TB, m tenants.Membership) context.Context {
	tb.Helper()
	return authn.With(visitor(tb), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, User: m.UserID, Membership: m.ID, Role: string(m.Role), Email: m.Email, AuthTime: c.now(),
	})
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// setupLink makes a link and returns its credential.
func (c *company) setupLink(tb testing.TB, ctx context.Context, in sso.NewSetupLink) (sso.SetupLink, secret.Credential, error) { //nolint:revive // the context is who asks
	tb.Helper()
	var l sso.SetupLink
	var address string
	err := c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) (err error) {
		l, address, err = c.signIn.CreateSetupLink(ctx, tx, in)
		return err
	})
	if err != nil {
		return l, secret.Credential{}, err
	}
	_, text, _ := strings.Cut(address, "#")
	cred, err := secret.Parse(secret.PrefixSetupLink, text)
	must(tb, err)
	return l, cred, nil
}

// holder opens a new link of the owner and returns who may act by it, and their cookie.
func (c *company) holder(tb testing.TB, in sso.NewSetupLink) (sso.Setup, *http.Cookie) {
	tb.Helper()
	_, cred, err := c.setupLink(tb, c.as(tb, c.owner), in)
	must(tb, err)
	held, cookie, err := c.signIn.OpenSetupLink(visitor(tb), cred)
	must(tb, err)
	return held, cookie
}

// within runs do as a principal, and returns its error.
func (c *company) within(ctx context.Context, do func(context.Context, *db.SystemTx, *db.TenantTx) error) error {
	return c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return do(ctx, sys, tx) })
}

// events lists the types of the tenant's events that somebody of a kind left, oldest first.
func (c *company) events(tb testing.TB, kind authn.Kind) (list []string) {
	tb.Helper()
	rows, err := c.admin.Query(tb.Context(), "SELECT type FROM events WHERE tenant_id::text = $1 AND actor_kind = $2 ORDER BY id",
		c.tenant.ID.UUID().String(), string(kind))
	must(tb, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(tb, rows.Scan(&s))
		list = append(list, s)
	}
	must(tb, rows.Err())
	return list
}

// links reads the rows of the company's set-up links again.
func (c *company) links(tb testing.TB) (state string) {
	tb.Helper()
	must(tb, c.admin.QueryRow(tb.Context(), "SELECT COALESCE(string_agg(x::text, '|' ORDER BY x.id), '') FROM setup_links x WHERE tenant_id::text = $1",
		c.tenant.ID.UUID().String()).Scan(&state))
	return state
}

func wantCode(tb testing.TB, what string, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) && errs.CodeOf(err) != errs.CodeOf(want) {
		tb.Errorf("%s = %v, want %v", what, err, want)
	}
}

func (c *company) suspendMember(tb testing.TB, m id.Membership) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, m)
		return err
	})
}
