package main

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// seed brings the demo tenants into being by the same functions as everything else. What is there already stays; a connection whose
// provider has moved to another address is moved along.
func seed(ctx context.Context, g *gatehouse.Gatehouse, idps *testidp.Server) error {
	d, signIn := g.Parts()
	ctx = authn.AsOperator(ctx)
	for _, t := range demoTenants() {
		tenant, err := seedTenant(ctx, d, t)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.slug, err)
		}
		provider := idps.Provider(t.provider())
		issuer, con := t.issuer(provider), id.Google
		if t.by != byGoogle {
			if con, err = seedConnection(ctx, d, signIn, tenant, t, issuer); err != nil {
				return fmt.Errorf("connection of %s: %w", t.slug, err)
			}
		}
		if t.by == bySAML {
			c := sso.Connection{ID: con, Protocol: sso.ProtocolSAML}
			party := testidp.ServiceProvider{EntityID: signIn.EntityID(con), ACS: []string{signIn.CallbackURL(c)}, SLO: signIn.LogoutURL(con)}
			if err := provider.AddServiceProvider(party); err != nil {
				return fmt.Errorf("provider of %s: %w", t.slug, err)
			}
		}
		if err := seedIdentities(ctx, d, tenant, t, con, issuer); err != nil {
			return fmt.Errorf("identities of %s: %w", t.slug, err)
		}
	}
	return nil
}

func seedTenant(ctx context.Context, d *db.DB, t demoTenant) (id.Tenant, error) {
	var tenant id.Tenant
	err := d.System(ctx, func(sys *db.SystemTx) error {
		row, err := tenants.BySlug(ctx, sys, t.slug)
		tenant = row.ID
		return err
	})
	if err == nil || errs.As(err).Kind != errs.Missing {
		return tenant, err
	}
	tenant = newTenantID()
	return tenant, d.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		owner := t.people[0]
		_, m, err := tenants.Create(ctx, sys, tx, tenants.New{Slug: t.slug, Name: t.name, Plan: t.plan, Owner: t.email(owner)})
		if err != nil {
			return err
		}
		if _, err := tenants.UpdateProfile(ctx, tx, m, tenants.Profile{Email: t.email(owner), Name: owner.name}); err != nil {
			return err
		}
		for _, p := range t.people[1:] {
			user, err := tenants.NewUser(ctx, sys)
			if err != nil {
				return err
			}
			if _, err := tenants.Join(ctx, tx, user, p.role, tenants.Profile{Email: t.email(p), Name: p.name}, tenants.SourceSeed); err != nil {
				return err
			}
		}
		if _, err := tenants.AddDomain(ctx, tx, t.domain()); err != nil {
			return err
		}
		if _, err := tenants.VerifyDomain(ctx, sys, tx, t.domain()); err != nil {
			return err
		}
		if t.by == byGoogle {
			yes := true
			_, err = tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleJIT: &yes})
		}
		return err
	})
}

// issuer is what the tenant's provider calls itself.
func (t demoTenant) issuer(p *testidp.Provider) string {
	if t.by == bySAML {
		return p.EntityID()
	}
	return p.URL()
}

// draft is the tenant's connection. The entity id of a test provider is the address of its metadata.
func (t demoTenant) draft(issuer string) sso.Draft {
	d := sso.Draft{Protocol: sso.ProtocolOIDC, Name: t.name + " sign-in", JIT: true, DefaultRole: rbac.Member}
	if t.by == bySAML {
		d.Protocol, d.SAML = sso.ProtocolSAML, &sso.SAMLDraft{MetadataURL: issuer}
		return d
	}
	d.Issuer, d.ClientID, d.ClientSecret = issuer, demoClient, secret.New(demoSecret)
	return d
}

// seedConnection makes the tenant's connection, active and with its domain routed to it.
func seedConnection(ctx context.Context, d *db.DB, signIn *sso.SignIn, tenant id.Tenant, t demoTenant, issuer string) (id.Connection, error) {
	typed := t.draft(issuer)
	var held sso.Connection
	err := d.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		list, err := sso.Connections(ctx, tx, id.Connection{}, 100)
		for _, c := range list {
			if c.Protocol == typed.Protocol && held.ID.IsZero() {
				held = c
			}
		}
		return err
	})
	if err != nil || held.Issuer == issuer {
		return held.ID, err
	}
	draft, err := signIn.Prepare(ctx, typed)
	if err != nil {
		return held.ID, err
	}
	err = d.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if held.ID.IsZero() {
			held, err = signIn.Create(ctx, sys, tx, draft)
		} else {
			held, err = signIn.Update(ctx, tx, held.ID, draft)
		}
		if err != nil {
			return err
		}
		if _, err := signIn.Move(ctx, tx, held.ID, sso.Optional); err != nil {
			return err
		}
		_, err = tenants.RouteDomainTo(ctx, tx, t.domain(), held.ID)
		return err
	})
	return held.ID, err
}

// seedIdentities tells whom the provider means, so that the first sign-in already finds the person.
func seedIdentities(ctx context.Context, d *db.DB, tenant id.Tenant, t demoTenant, con id.Connection, issuer string) error {
	for _, p := range t.people {
		err := d.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
			m, err := tenants.MemberByEmail(ctx, tx, t.email(p))
			if err != nil {
				return err
			}
			return sso.AddIdentity(ctx, sys, m.UserID, con, sso.Identity{Issuer: issuer, Subject: t.subject(p), Email: t.email(p)})
		})
		// A person who was removed or renamed in the demo stays so.
		if err != nil && errs.CodeOf(err) != "identity_in_use" && errs.As(err).Kind != errs.Missing {
			return err
		}
	}
	return nil
}
