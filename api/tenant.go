package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type tenantOut struct {
	ID        id.Tenant `json:"id"`
	Slug      string    `json:"slug"`
	Name      string    `json:"name"`
	Status    string    `json:"status" enum:"active,suspended,deleted"`
	Plan      string    `json:"plan"`
	SignIn    policyOut `json:"sign_in"`
	CreatedAt time.Time `json:"created_at"`
}

type policyOut struct {
	RequireSSO      bool      `json:"require_sso" doc:"Only the tenant's own connections let people in"`
	GoogleEnabled   bool      `json:"google_enabled"`
	GoogleJIT       bool      `json:"google_jit" doc:"Google Workspace accounts of a verified domain may join"`
	GoogleRole      rbac.Role `json:"google_role" doc:"Of people who join with Google; admin, member, viewer or the id of a custom role"`
	SessionIdle     int64     `json:"session_idle" doc:"After how many idle seconds a session ends"`
	SessionAbsolute int64     `json:"session_absolute" doc:"After how many seconds it ends in any case"`
}

func tenantOf(t tenants.Tenant, p tenants.Policy) tenantOut {
	return tenantOut{
		t.ID, t.Slug, t.Name, string(t.Status), string(t.Plan),
		policyOut{p.RequireSSO, p.GoogleEnabled, p.GoogleJIT, p.GoogleRole, p.SessionIdle, p.SessionAbsolute},
		t.CreatedAt,
	}
}

func (a *API) tenant(ctx context.Context, tx *db.TenantTx, _ web.None) (tenantOut, error) {
	t, p, err := tenants.Current(ctx, tx)
	return tenantOf(t, p), err
}

type updateTenantIn struct {
	Name   *string   `json:"name,omitzero"`
	SignIn *policyIn `json:"sign_in,omitzero"`
}

type policyIn struct {
	RequireSSO      *bool      `json:"require_sso,omitzero"`
	GoogleEnabled   *bool      `json:"google_enabled,omitzero"`
	GoogleJIT       *bool      `json:"google_jit,omitzero"`
	GoogleRole      *rbac.Role `json:"google_role,omitzero" doc:"Admin, member, viewer or the id of a custom role"`
	SessionIdle     *int64     `json:"session_idle,omitzero" minimum:"300" maximum:"2592000"`
	SessionAbsolute *int64     `json:"session_absolute,omitzero" minimum:"300" maximum:"7776000"`
}

func (a *API) updateTenant(ctx context.Context, tx *db.TenantTx, in updateTenantIn) (tenantOut, error) {
	if in.Name != nil {
		if _, err := tenants.Rename(ctx, tx, *in.Name); err != nil {
			return tenantOut{}, err
		}
	}
	if s := in.SignIn; s != nil {
		if s.RequireSSO != nil {
			if err := a.SignIn.Require(ctx, tx, *s.RequireSSO); err != nil {
				return tenantOut{}, err
			}
		}
		c := tenants.PolicyChange{
			GoogleEnabled: s.GoogleEnabled, GoogleJIT: s.GoogleJIT, GoogleRole: s.GoogleRole,
			SessionIdle: s.SessionIdle, SessionAbsolute: s.SessionAbsolute,
		}
		if _, err := tenants.SetPolicy(ctx, tx, c); err != nil {
			return tenantOut{}, err
		}
	}
	return a.tenant(ctx, tx, web.None{})
}

func (a *API) deleteTenant(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, _ web.None) (web.None, error) {
	return web.None{}, tenants.Delete(ctx, sys, tx)
}
