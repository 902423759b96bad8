package sso_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// adopt makes somebody a member without any sign-in.
func (c *company) adopt(tb testing.TB, user id.User) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Join(ctx, tx, user, rbac.Member, tenants.Profile{Email: "adopted-" + user.String()[4:] + "@" + c.domain}, tenants.SourceSeed)
		return err
	})
}

// redeem signs the owner in by a one-time link.
func (c *company) redeem(tb testing.TB) *authn.Principal {
	tb.Helper()
	in, err := c.signIn.RedeemLink(visitor(tb), c.link(tb, c.owner))
	must(tb, err)
	return c.principal(tb, in.Issued)
}

func (c *company) link(tb testing.TB, m tenants.Membership) (cred secret.Credential) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		cred, err = tenants.IssueLink(ctx, tx, m, time.Hour)
		return err
	})
	return cred
}

// prove links or reauthenticates over the company's provider.
func (c *company) over(tb testing.TB, r sso.Redirect, err error, login string) *tab {
	tb.Helper()
	must(tb, err)
	return (&tab{w: c.world, redirect: r}).prove(tb, c.idp, login)
}

func TestAnOwnerLinksTheProviderWhileSignedIn(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("owner"))
	c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.enter(t, "owner") })
	p := c.redeem(t)
	r, err := c.signIn.BeginLink(visitor(t), p, c.connection.ID)
	_, err = c.over(t, r, err, "owner").finish(t)
	must(t, err)
	in, err := c.enter(t, "owner")
	must(t, err)
	if got := c.principal(t, in.Issued); got.User != p.User || got.Role != "owner" {
		t.Errorf("signed in as %s %s, want the owner", got.User, got.Role)
	}
}

func TestXT_031_LinkingNeedsAFreshLiveSessionInOneBrowser(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("owner"))
	p := c.redeem(t)
	stale := *p
	stale.AuthTime = p.AuthTime.Add(-6 * time.Minute)
	if _, err := c.signIn.BeginLink(visitor(t), &stale, c.connection.ID); errs.CodeOf(err) != "reauth_required" {
		t.Errorf("BeginLink after six minutes = %v, want reauth_required", err)
	}
	r, err := c.signIn.BeginLink(visitor(t), p, c.connection.ID)
	back := c.over(t, r, err, "owner")
	request := back.request(t)
	request.Header.Del("Cookie")
	c.refused(t, sso.WrongBrowser, func() (sso.Result, error) {
		return c.signIn.Finish(visitor(t), request, sso.ProtocolOIDC, c.connection.ID)
	})

	r, err = c.signIn.BeginLink(visitor(t), p, c.connection.ID)
	back = c.over(t, r, err, "owner")
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		return sessions.Revoke(ctx, tx, p.Session, p.Membership, sessions.ReasonSignedOut)
	})
	c.refused(t, sso.SessionEnded, func() (sso.Result, error) { return back.finish(t) })
}

func TestXT_032_AnIdentityHasOnePerson(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	_, err := c.enter(t, "alice")
	must(t, err)
	r, err := c.signIn.BeginLink(visitor(t), c.redeem(t), c.connection.ID)
	back := c.over(t, r, err, "alice")
	c.refused(t, sso.IdentityInUse, func() (sso.Result, error) {
		result, err := back.finish(t)
		if errs.As(err).Kind != errs.Conflict {
			t.Errorf("Finish = %v, want 409", err)
		}
		return result, err
	})
}

func TestXT_033_TheLastWayInStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.workspace(t)
	c.add(t, c.person("alice"))
	in, err := c.byGoogle(t, c.tenant.Slug, c.googler(t, "alice")).finish(t)
	must(t, err)
	p := w.principal(t, in.Issued)
	unlink := func(which sso.LinkedIdentity) error {
		return w.db.Admit(authn.With(t.Context(), p), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
			return sso.Unlink(authn.With(t.Context(), p), sys, tx, p, which.ID)
		})
	}
	list := c.identities(t, p)
	if err := unlink(list[0]); errs.CodeOf(err) != "last_sign_in_method" {
		t.Errorf("Unlink(the only one) = %v, want last_sign_in_method", err)
	}
	r, err := w.signIn.BeginLink(visitor(t), p, c.connection.ID)
	_, err = c.over(t, r, err, "alice").finish(t)
	must(t, err)
	list = c.identities(t, p)
	if len(list) != 2 {
		t.Fatalf("%d identities after linking, want 2", len(list))
	}
	must(t, unlink(list[0]))
	if err := unlink(list[1]); errs.CodeOf(err) != "last_sign_in_method" {
		t.Errorf("Unlink(the last) = %v, want last_sign_in_method", err)
	}
	if err := unlink(list[0]); errs.As(err).Kind != errs.Missing {
		t.Errorf("Unlink(again) = %v, want not found", err)
	}
}

func (c *company) identities(tb testing.TB, p *authn.Principal) (list []sso.LinkedIdentity) {
	tb.Helper()
	must(tb, c.db.Admit(tb.Context(), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		list, err = sso.Identities(tb.Context(), sys, tx, p)
		return err
	}))
	return list
}

// A session that a tenant's provider made could have been made by that tenant's administrator. It must not reach what the person has
// elsewhere.
func TestXT_007_ASessionOfATenantsProviderReachesNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	evil, victim := w.company(t), w.workspace(t)
	evil.add(t, evil.person("alice"))
	in, err := evil.enter(t, "alice")
	must(t, err)
	p := w.principal(t, in.Issued)
	victim.adopt(t, p.User)
	must(t, w.linkGoogle(t, p.User, victim.googler(t, "alice")))

	for name, target := range map[string]id.Tenant{"a tenant of theirs": victim.tenant.ID, "a tenant of others": w.company(t).tenant.ID, "no tenant": id.New[id.Tenant]()} {
		if _, err := w.signIn.Switch(visitor(t), p, target); errs.As(err).Kind != errs.Missing || errs.CodeOf(err) != "not_found" {
			t.Errorf("Switch(%s) = %v, want not found", name, err)
		}
	}
	if _, err := w.signIn.BeginLink(visitor(t), p, id.Google); errs.As(err).Kind != errs.Missing {
		t.Errorf("BeginLink(Google) = %v, want not found", err)
	}
	if _, err := w.signIn.BeginLink(visitor(t), p, victim.connection.ID); errs.As(err).Kind != errs.Missing {
		t.Errorf("BeginLink(another tenant's connection) = %v, want not found", err)
	}
	if list := evil.identities(t, p); len(list) != 1 || list[0].ConnectionID != evil.connection.ID {
		t.Errorf("Identities = %v, want the one of the session's tenant", list)
	}
	places, err := w.signIn.Places(visitor(t), p)
	must(t, err)
	if len(places) != 1 || places[0].Tenant.ID != evil.tenant.ID {
		t.Errorf("Places = %d, want the session's tenant alone", len(places))
	}
}

// linkGoogle gives a person a Google identity as if they had linked it.
func (w *world) linkGoogle(tb testing.TB, user id.User, login string) error {
	tb.Helper()
	return w.db.System(tb.Context(), func(sys *db.SystemTx) error {
		return sys.DB.Exec("INSERT INTO identities (id, user_id, connection_id, issuer, subject, created_at) VALUES (?, ?, ?, ?, ?, ?)",
			id.New[id.Identity](), user, id.Google, w.google.URL(), "g-"+login, sys.Now).Error
	})
}

func TestXT_008_SwitchingFollowsThePolicyOfTheTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, lax, strict := w.workspace(t), w.company(t), w.company(t)
	in, err := from.byGoogle(t, from.tenant.Slug, from.googler(t, "alice")).finish(t)
	must(t, err)
	p := w.principal(t, in.Issued)
	lax.adopt(t, p.User)
	strict.adopt(t, p.User)
	on := true
	strict.policy(t, tenants.PolicyChange{RequireSSO: &on})

	issued, err := w.signIn.Switch(visitor(t), p, lax.tenant.ID)
	must(t, err)
	there := w.principal(t, issued)
	if there.User != p.User || there.Tenant != lax.tenant.ID || there.Method != "google" || !there.AuthTime.Equal(p.AuthTime) {
		t.Errorf("Switch = %+v, want the same person and proof in the other tenant", there)
	}
	_, err = w.signIn.Switch(visitor(t), p, strict.tenant.ID)
	if e := errs.As(err); e.Code != "sso_required" || e.Kind != errs.Forbidden || e.Extra["login"] != "/login/"+strict.tenant.Slug {
		t.Errorf("Switch(a tenant that demands SSO) = %v %v, want sso_required and its path", err, e.Extra)
	}
	if _, err := w.signIn.Switch(visitor(t), p, w.company(t).tenant.ID); errs.As(err).Kind != errs.Missing {
		t.Errorf("Switch(a tenant of others) = %v, want not found", err)
	}
}

func TestXT_041_ALinkIsTheWayBackForOwnersAlone(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	in, err := c.enter(t, "alice")
	must(t, err)
	on := true
	c.policy(t, tenants.PolicyChange{RequireSSO: &on})
	var member tenants.Membership
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		member, err = tenants.Member(ctx, tx, c.principal(t, in.Issued).Membership)
		return err
	})
	cred := c.link(t, member)
	for _, want := range []string{"sso_required", "link_unusable"} {
		if _, err := c.signIn.RedeemLink(visitor(t), cred); errs.CodeOf(err) != want {
			t.Errorf("RedeemLink of a member = %v, want %s", err, want)
		}
	}
	if p := c.redeem(t); p.Method != "link" || p.Role != "owner" {
		t.Errorf("RedeemLink of an owner = %s %s, want link owner", p.Method, p.Role)
	}
	var recovery bool
	must(t, c.admin.QueryRow(t.Context(), `SELECT (data ->> 'recovery')::boolean FROM events WHERE type = 'sign_in.succeeded'
		AND data ->> 'method' = 'link' AND tenant_id::text = $1`, c.tenant.ID.UUID().String()).Scan(&recovery))
	if !recovery {
		t.Error("the event does not say that a recovery took place")
	}
}

func TestOIDC_084_AFreshProofIsFresh(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	c.add(t, c.person("bob"))
	in, err := c.enter(t, "alice")
	must(t, err)
	p := c.principal(t, in.Issued)
	for scenario, want := range map[string]sso.Reason{"OIDC-084-old": sso.StaleAuthentication, "OIDC-084-missing": sso.StaleAuthentication} {
		must(t, c.idp.Play(scenario))
		r, err := c.signIn.BeginReauth(visitor(t), p, "")
		back := c.over(t, r, err, "alice")
		c.refused(t, want, func() (sso.Result, error) { return back.finish(t) })
	}
	c.idp.Behave()
	r, err := c.signIn.BeginReauth(visitor(t), p, "")
	back := c.over(t, r, err, "bob")
	c.refused(t, sso.IdentityMismatch, func() (sso.Result, error) { return back.finish(t) })
	_, err = c.admin.Exec(t.Context(), "UPDATE sessions SET auth_time = auth_time - interval '1 hour' WHERE id::text = $1", p.Session.UUID().String())
	must(t, err)
	r, err = c.signIn.BeginReauth(visitor(t), p, "/again")
	u, parseErr := url.Parse(r.URL)
	must(t, parseErr)
	if q := u.Query(); q.Get("prompt") != "login" || q.Get("max_age") != "0" {
		t.Errorf("reauthentication asks with %v, want prompt=login and max_age=0", q)
	}
	result, err := c.over(t, r, err, "alice").finish(t)
	must(t, err)
	if now := c.principal(t, in.Issued); time.Since(now.AuthTime) > time.Minute || result.ReturnTo != "/again" {
		t.Errorf("auth_time = %v after a fresh proof", now.AuthTime)
	}
}

func TestATestLetsNobodyIn(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	p := c.redeem(t)
	r, err := c.signIn.BeginTest(visitor(t), p, c.connection.ID, nil)
	back := c.over(t, r, err, "alice")
	before := c.rows(t, c)
	delete(before, "connections")
	result, err := back.finish(t)
	must(t, err)
	if dry := result.DryRun; dry == nil || dry.Identity.Subject != "sub-alice" || dry.Identity.Email != "alice@"+c.domain || result.Issued.Access != "" {
		t.Errorf("test = %+v, want what the provider says and no tokens", dry)
	}
	after := c.rows(t, c)
	for table, rows := range before {
		if after[table] != rows {
			t.Errorf("a test changed %s", table)
		}
	}
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		made, err := sso.ConnectionByID(ctx, tx, c.connection.ID)
		if made.TestedAt == nil {
			t.Error("tested_at is empty after a test")
		}
		return err
	})
}

func TestXT_035_RoutesSpeakOfDomainsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	for address, want := range map[string]sso.Destination{
		"owner@" + c.domain:  {Slug: c.tenant.Slug, Connection: c.connection.ID},
		"nobody@" + c.domain: {Slug: c.tenant.Slug, Connection: c.connection.ID},
		"NOBODY@" + c.domain: {Slug: c.tenant.Slug, Connection: c.connection.ID},
		"u@sub." + c.domain:  {},
		"u@unknown.test":     {},
		"not an address":     {},
		"":                   {},
	} {
		if got, err := w.signIn.Route(visitor(t), address); err != nil || got != want {
			t.Errorf("Route(%q) = %v, %v, want %v", address, got, err, want)
		}
	}
}

func TestXT_034_ANewConnectionKnowsNobody(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	_, err := c.enter(t, "alice")
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { return c.signIn.Delete(ctx, tx, c.connection.ID) })
	c.connection = c.connect(t, c.draft())
	c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.enter(t, "alice") })
}
