package sso_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// switches reads the legacy switches of a connection in the scope of the company.
func (c *company) switches(tb testing.TB, of sso.Connection) map[string]sso.LegacySwitch {
	tb.Helper()
	byName := map[string]sso.LegacySwitch{}
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		list, err := sso.LegacySwitches(ctx, tx, of)
		for _, l := range list {
			byName[l.Name] = l
		}
		return err
	})
	return byName
}

// saves changes the company's SAML connection as somebody.
func (c *company) saves(tb testing.TB, who tenants.Membership, change func(*sso.Draft)) {
	tb.Helper()
	ctx, d := c.as(tb, who), c.stored(tb).Draft()
	d.ClientID = "" // what configure has left of OpenID Connect
	change(&d)
	prepared, err := c.signIn.Prepare(ctx, d)
	must(tb, err)
	must(tb, c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		return second(c.signIn.Update(ctx, tx, c.connection.ID, prepared))
	}))
}

func sha1(on bool) func(*sso.Draft) { return func(d *sso.Draft) { d.SAML.SHA1 = on } }

func (c *company) useLegacy(tb testing.TB, switches ...string) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		return events.Record(ctx, tx, events.ConnectionLegacyUsed, c.connection.ID, events.Data{"switches": switches})
	})
}

func TestLegacySwitchesSayWhoTurnedThemOnAndWhetherTheyAreUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.partingCompany(t, key(t, theirKey)), w.partingCompany(t, key(t, theirKey))
	settings := *c.connection.SAML
	settings.SSO = []sso.SAMLEndpoint{{Binding: sso.BindingRedirect, Location: "https://idp.test/sso"}}
	c.configure(t, settings)
	if got := w.company(t); len(got.switches(t, got.connection)) != 0 {
		t.Errorf("LegacySwitches of OpenID Connect = %v, want none", got.switches(t, got.connection))
	}
	for name, l := range c.switches(t, c.stored(t)) {
		if l.Since != nil || l.Used != nil || l.Told {
			t.Errorf("LegacySwitches has %s as %+v, want it off, unused and nobody's", name, l)
		}
	}
	admin := c.join(t, "admin", rbac.Admin)
	c.saves(t, c.owner, sha1(true))
	c.saves(t, c.owner, sha1(false))
	c.saves(t, admin, sha1(true))
	c.saves(t, c.owner, func(d *sso.Draft) { d.Claims.Name = "nickname" }) // says nothing about the switch
	c.useLegacy(t, sso.LegacySHA1)
	got := c.switches(t, c.stored(t))
	if l := got[sso.LegacySHA1]; l.Since == nil || !l.Told || l.By != authn.From(c.as(t, admin)).Subject() || l.Used == nil {
		t.Errorf("LegacySwitches has sha1 as %+v, want it used, and turned on by %s", l, authn.From(c.as(t, admin)).Subject())
	}
	for _, name := range []string{sso.LegacyInclusive, sso.LegacyResponseOnly} {
		if l := got[name]; l.Name != name || l.Since != nil || l.Used != nil {
			t.Errorf("LegacySwitches has %s as %+v, want it off and unused", name, l)
		}
	}

	// Another tenant that asks about the same connection learns nothing from its events and versions.
	if l := other.switches(t, c.stored(t))[sso.LegacySHA1]; l.Told || l.By != "" || l.Used != nil {
		t.Errorf("LegacySwitches in another tenant has sha1 as %+v, want neither who turned it on nor its use", l)
	}
	w.ahead.Store(int64(91 * 24 * time.Hour))
	if l := c.switches(t, c.stored(t))[sso.LegacySHA1]; l.Used != nil {
		t.Errorf("LegacySwitches has sha1 used at %v, want that uses of more than 90 days ago are forgotten", l.Used)
	}
}
