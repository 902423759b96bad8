package access

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// held is the snapshot of the tenant to decide from: the one that authenticated the principal, so that one request sees one state. A
// principal that was made by hand is decided from what is in memory of its tenant, or else from its own plan alone.
func (s *Store) held(p *authn.Principal) *Tenant {
	if t, ok := p.Held.(*Tenant); ok && t != nil {
		return t
	}
	if t := s.heldTenant(proof{version: anyVersion}, p.Tenant); t != nil {
		return t
	}
	plan := billing.Plan(p.Plan)
	return &Tenant{ID: p.Tenant, Plan: plan, Sold: billing.Entitlements{Pin: billing.Pin{Plan: plan}}}
}

// plan is the one in force at a moment.
func (t *Tenant) plan(now time.Time) billing.Plan { return t.Sold.At(now).Plan }

// decide answers from the catalog and what the tenant has of its own, at a moment: what expires does so by the clock, and waits for no job.
func (t *Tenant) decide(
	c *catalog.Catalog, role rbac.Role, permission rbac.Permission, feature billing.Feature, now time.Time,
) catalog.Verdict {
	return c.DecideFor(&t.Sold, catalog.Question{Role: role, Permission: permission, Feature: feature, Custom: t.role(c, role)}, now)
}

// enforce asks Casbin what decide asks the table of the catalog that was read with it.
func (t *Tenant) enforce(
	c casbin, read *catalog.Catalog, role rbac.Role, permission rbac.Permission, feature billing.Feature, now time.Time,
) (bool, error) {
	return c.EnforceFor(&t.Sold, catalog.Question{Role: role, Permission: permission, Feature: feature, Custom: t.role(read, role)}, now)
}

// casbin is the definition behind a table; a catalog has both.
type casbin interface {
	EnforceFor(*billing.Entitlements, catalog.Question, time.Time) (bool, error)
}
