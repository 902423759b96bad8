package access

import (
	"context"
	"fmt"
	"unique"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Tenant is what decisions need of a tenant. It is immutable. What each decision reads stands first: of a hundred thousand tenants few are in
// the processor's caches, and to fetch them is what a decision costs then.
type Tenant struct {
	Status  tenants.Status
	Version int64
	custom  map[rbac.Role]*customRole
	Sold    billing.Entitlements

	ID     id.Tenant
	Slug   string
	Name   string
	Plan   billing.Plan // of its row; what it has now is in Sold
	Policy tenants.Policy

	metered meteredTerms // that were asked for

	store *Store // that it was loaded by; nil if it was made by hand
}

// InForce is the catalog in force now; nil if there is none to be trusted.
func (t *Tenant) InForce() *catalog.Catalog {
	if t.store == nil {
		return nil
	}
	if held := t.store.decisive(); held != nil {
		return held.catalog
	}
	return nil
}

// Tenant returns the snapshot of a tenant. A deleted or unknown one is errs.NotFound.
func (s *Store) Tenant(ctx context.Context, tenant id.Tenant) (*Tenant, error) {
	return current(ctx, s, tenant, func(p proof) (*Tenant, error) { return s.tenant(ctx, p, tenant) })
}

func (t *Tenant) dated() int64 { return t.Version }

// What a snapshot of a tenant is made of, for every statement that fills one: with t for tenants and p for tenant_state. It is one
// statement, so that the version is the one of what was read with it.
const tenantColumns = `
       t.slug AS t_slug, t.name AS t_name, t.status AS t_status, t.plan AS t_plan, t.plan_version AS t_plan_version,
       p.version AS p_version, p.require_sso AS p_require_sso, p.google_enabled AS p_google_enabled, p.google_jit AS p_google_jit,
       p.google_role AS p_google_role, p.session_idle AS p_session_idle, p.session_absolute AS p_session_absolute,
       ` + tenants.EntitlementsSQL + ` AS sold, ` + tenants.CustomRolesSQL + ` AS custom`

const loadTenantSQL = `
SELECT` + tenantColumns + `
FROM tenants t JOIN tenant_state p ON p.tenant_id = t.id
WHERE t.id = ? AND t.status <> 'deleted'`

type tenantRow struct {
	Tenant tenants.Tenant `gorm:"embedded;embeddedPrefix:t_"`
	Policy tenants.Policy `gorm:"embedded;embeddedPrefix:p_"`
	Sold   string
	Custom *string
}

func (s *Store) snapshot(r tenantRow, tenant id.Tenant) (*Tenant, error) {
	r.Policy.GoogleRole = interned(r.Policy.GoogleRole)
	plan := interned(r.Tenant.Plan)
	sold, err := billing.ReadEntitlements(billing.Pin{Plan: plan, Version: r.Tenant.PlanVersion}, r.Sold)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	custom, err := readRoles(r.Custom)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	return &Tenant{
		Status: interned(r.Tenant.Status), Version: r.Policy.Version, custom: custom, Sold: sold,
		ID: tenant, Slug: r.Tenant.Slug, Name: r.Tenant.Name, Plan: plan, Policy: r.Policy, store: s,
	}, nil
}

// interned is the one copy of a word that many tenants have: it is in the processor's cache when it is compared.
func interned[T ~string](word T) T { return unique.Make(word).Value() }

func (s *Store) tenant(ctx context.Context, p proof, tenant id.Tenant) (*Tenant, error) {
	if t := s.heldTenant(p, tenant); t != nil {
		return t, nil
	}
	s.stats.Misses.Add(1)
	return s.loads.tenants.join(ctx, s, p, tenant, tenant, func(l load) (*Tenant, error) { return s.loadTenant(ctx, l, tenant) })
}

func (s *Store) heldTenant(p proof, tenant id.Tenant) *Tenant {
	sh := s.shardOf(tenant)
	h := sh.home(tenant)
	if h == nil {
		return nil
	}
	t := h.tenant.Load()
	if t == nil || !p.vouches(t.Version) {
		return nil
	}
	sh.hits.Add(1)
	return t
}

func (s *Store) loadTenant(ctx context.Context, l load, tenant id.Tenant) (*Tenant, error) {
	var rows []tenantRow
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw(loadTenantSQL, tenant).Scan(&rows).Error; err != nil {
			return fmt.Errorf("load tenant: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errs.NotFound("tenant")
	}
	t, err := s.snapshot(rows[0], tenant)
	if err != nil {
		return nil, err
	}
	s.catchUp(ctx, t)
	s.keepTenant(l, t)
	return t, nil
}
