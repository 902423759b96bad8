package sso_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// knows lets a provider's account be an existing member, as somebody who linked it did.
func (c *company) knows(tb testing.TB, m tenants.Membership, login string) {
	tb.Helper()
	u := c.person(login)
	u.Email = m.Email
	c.add(tb, u)
	must(tb, c.db.Admit(authn.AsOperator(tb.Context()), c.tenant.ID, func(sys *db.SystemTx, _ *db.TenantTx) error {
		return sso.AddIdentity(tb.Context(), sys, m.UserID, c.connection.ID, sso.Identity{Issuer: c.connection.Issuer, Subject: u.Subject})
	}))
}

// through is the context of a member who came in over the company's connection a moment ago.
func (c *company) through(tb testing.TB, m tenants.Membership, role rbac.Role) context.Context {
	tb.Helper()
	return authn.With(visitor(tb), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, User: m.UserID, Membership: m.ID, Role: string(role), Email: m.Email, Method: sso.MethodOIDC,
		Connection: c.connection.ID, AuthTime: time.Now(),
	})
}

// move takes the company's connection to a state as somebody.
func (c *company) move(ctx context.Context, to sso.Status) error {
	return c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := c.signIn.Move(ctx, tx, c.connection.ID, to)
		return err
	})
}

func (c *company) stored(tb testing.TB) (found sso.Connection) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		found, err = sso.ConnectionByID(ctx, tx, c.connection.ID)
		return err
	})
	return found
}

func (c *company) requiresSSO(tb testing.TB) (on bool) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, p, err := tenants.Current(ctx, tx)
		on = p.RequireSSO
		return err
	})
	return on
}

func TestStatesFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := []sso.Status{sso.Drafted, sso.Testing, sso.Optional, sso.Required, sso.Disabled}
	allowed := map[sso.Status][]sso.Status{
		sso.Drafted:  {sso.Testing, sso.Optional, sso.Disabled},
		sso.Testing:  {sso.Optional, sso.Disabled},
		sso.Optional: {sso.Testing, sso.Required, sso.Disabled},
		sso.Required: {sso.Optional, sso.Disabled},
		sso.Disabled: {sso.Testing, sso.Optional},
	}
	for _, from := range all {
		for _, to := range all {
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				t.Parallel()
				c := w.company(t)
				c.inTenant(t, func(_ context.Context, tx *db.TenantTx) error {
					return tx.DB.Exec("UPDATE connections SET status = ? WHERE tenant_id = ? AND id = ?", from, tx.Tenant, c.connection.ID).Error
				})
				want, code := to, ""
				if from != to && !slices.Contains(allowed[from], to) {
					want, code = from, "connection_state"
				}
				if got := errs.CodeOf(c.move(authn.AsOperator(t.Context()), to)); got != code && code != "" {
					t.Errorf("%s to %s = %q, want %q", from, to, got, code)
				}
				if got := c.stored(t).Status; got != want {
					t.Errorf("status = %s, want %s", got, want)
				}
			})
		}
	}
}

func TestRequiredNeedsTwoPeopleAndAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.knows(t, c.owner, "olivia")
	c.add(t, c.person("mia"))
	c.add(t, c.person("noah"))
	owner := c.through(t, c.owner, rbac.Owner)
	refused := func(why, code string, ctx context.Context) {
		t.Helper()
		before := c.rows(t, c)
		if got := errs.CodeOf(c.move(ctx, sso.Required)); got != code {
			t.Errorf("require %s = %q, want %q", why, got, code)
		}
		if after := c.rows(t, c); after["connections"] != before["connections"] || c.requiresSSO(t) {
			t.Errorf("require %s changed the connection or the policy", why)
		}
	}
	refused("before anybody came in", "connection_unproven", owner)
	must(t, second(c.enter(t, "mia")))
	must(t, second(c.enter(t, "noah")))
	refused("after two members and no owner", "connection_unproven", owner)
	must(t, second(c.enter(t, "olivia")))
	refused("as an admin", "owner_required", c.through(t, c.owner, rbac.Admin))
	refused("as an API key", "owner_required", authn.With(t.Context(), &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "admin"}))
	c.inTenant(t, func(_ context.Context, tx *db.TenantTx) error {
		return tx.DB.Exec("UPDATE memberships SET status = 'removed' WHERE tenant_id = ? AND role <> 'owner'", tx.Tenant).Error
	})
	refused("when the other two were removed", "connection_unproven", owner)
	c.add(t, c.person("zoe"))
	must(t, second(c.enter(t, "zoe")))
	must(t, c.move(owner, sso.Required))
	if !c.requiresSSO(t) || c.stored(t).Status != sso.Required {
		t.Error("a required connection does not require single sign-on")
	}
	if got := errs.CodeOf(c.move(c.through(t, c.owner, rbac.Admin), sso.Disabled)); got != "owner_required" {
		t.Errorf("an admin disables the required connection: %q, want owner_required", got)
	}
	must(t, c.move(owner, sso.Optional))
	if c.requiresSSO(t) {
		t.Error("single sign-on is required by no connection")
	}
}

func second[T any](_ T, err error) error { return err }

func TestATestIsNoProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.inTenant(t, func(_ context.Context, tx *db.TenantTx) error {
		for range 2 {
			err := tx.DB.Exec(`INSERT INTO attempts (id, connection_id, purpose, stage, outcome, state_hash, browser_hash, address, membership_id, created_at, expires_at)
				VALUES (gen_random_uuid(), ?, 'test', 'finished', 'succeeded', decode(md5(random()::text), 'hex'), '', '', ?, now(), now())`, c.connection.ID, c.owner.ID).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	if got := errs.CodeOf(c.move(c.through(t, c.owner, rbac.Owner), sso.Required)); got != "connection_unproven" {
		t.Errorf("require after tests alone = %q, want connection_unproven", got)
	}
}

func TestOnlyTestersComeInWhileTesting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("mia"))
	c.add(t, c.person("noah"))
	d := c.draft()
	d.Testers, d.ClientSecret = []string{"mia@" + c.domain}, c.draft().ClientSecret
	prepared, err := c.signIn.Prepare(authn.AsOperator(t.Context()), d)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
	must(t, c.move(authn.AsOperator(t.Context()), sso.Testing))
	c.refused(t, sso.NotTester, func() (sso.Result, error) { return c.enter(t, "noah") })
	if result, err := c.enter(t, "mia"); err != nil || result.Issued.Access == "" {
		t.Errorf("a tester's sign-in = %v, want a session", err)
	}
	if to, err := c.signIn.Route(t.Context(), "noah@"+c.domain); err != nil || to.Connection == c.connection.ID {
		t.Errorf("the domain is routed to a connection in testing: %+v, %v", to, err)
	}
}

func TestXT_10_AnotherProviderWaitsForAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.knows(t, c.owner, "olivia")
	must(t, second(c.enter(t, "olivia")))
	next, err := w.idp.AddIssuer(testidp.Issuer{
		Name: c.tenant.Slug + "-next", Algorithm: testidp.ES256, Clients: []testidp.Client{{ID: clientID, Secret: clientSecret}},
		Users: []testidp.User{{Login: "olivia", Subject: "sub-olivia", Email: c.owner.Email, EmailVerified: true}},
	})
	must(t, err)
	d := c.draft()
	d.Issuer = next.URL()
	prepared, err := c.signIn.Prepare(authn.AsOperator(t.Context()), d)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
	must(t, c.move(authn.AsOperator(t.Context()), sso.Optional))
	c.connection = c.stored(t)
	if c.connection.FrozenAt == nil {
		t.Fatal("another provider froze nothing")
	}
	c.idp = next
	c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.enter(t, "olivia") })
	approve := func(ctx context.Context) error {
		return c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
			_, err := c.signIn.ApproveIdentities(ctx, sys, tx, c.connection.ID)
			return err
		})
	}
	if got := errs.CodeOf(approve(c.through(t, c.owner, rbac.Admin))); got != "owner_required" {
		t.Errorf("an admin approves the identities: %q, want owner_required", got)
	}
	c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.enter(t, "olivia") })
	must(t, approve(c.through(t, c.owner, rbac.Owner)))
	c.connection = c.stored(t)
	if result, err := c.enter(t, "olivia"); err != nil || w.principal(t, result.Issued).Membership != c.owner.ID {
		t.Errorf("after the owner's approval: %v, want the owner", err)
	}
}
