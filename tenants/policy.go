package tenants

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Policy is how people may sign in to a tenant. Version moves with every change of anything that a snapshot holds.
type Policy struct {
	Version         int64
	RequireSSO      bool
	GoogleEnabled   bool
	GoogleJIT       bool // a Google Workspace account of a verified domain may join by itself
	GoogleRole      rbac.Role
	SessionIdle     int64 // seconds
	SessionAbsolute int64 // seconds
}

// TableName implements GORM's Tabler.
func (Policy) TableName() string { return "tenant_state" }

// Allows says whether a session made by a method may enter. An owner's one-time link is the documented way back in when a required
// provider is broken.
func (p Policy) Allows(method string, role rbac.Role) bool {
	switch method {
	case "oidc", "saml":
		return true
	case "google":
		return p.GoogleEnabled && !p.RequireSSO
	case "link":
		return !p.RequireSSO || role == rbac.Owner
	default:
		return false
	}
}

func policy(ctx context.Context, tx *db.TenantTx, opts ...clause.Expression) (Policy, error) {
	p, err := db.Of[Policy](tx.DB, opts...).Take(ctx)
	if err != nil {
		return Policy{}, fmt.Errorf("load sign-in policy: %w", err)
	}
	return p, nil
}

// PolicyChange names what to change; nil fields stay.
type PolicyChange struct {
	RequireSSO      *bool
	GoogleEnabled   *bool
	GoogleJIT       *bool
	GoogleRole      *rbac.Role
	SessionIdle     *int64
	SessionAbsolute *int64
}

// ErrOwnerRequired keeps to the owners what could keep owners out.
var ErrOwnerRequired = errs.New(errs.Forbidden, "owner_required", "Only an owner may do this.")

// ErrSSOUnproven keeps a person from requiring SSO who did not come in by it: they would lock out themselves, and perhaps everybody.
var ErrSSOUnproven = errs.New(errs.Conflict, "sso_unproven", "Sign in by single sign-on first: whoever requires it must have shown that it works.")

// SetPolicy changes the sign-in policy and returns the new one. A person can require SSO only in a session that SSO made.
func SetPolicy(ctx context.Context, tx *db.TenantTx, c PolicyChange) (Policy, error) {
	if err := c.check(ctx, tx); err != nil {
		return Policy{}, err
	}
	p, err := policy(ctx, tx, locked)
	if err != nil {
		return Policy{}, err
	}
	cols := map[string]any{}
	replace(cols, "require_sso", &p.RequireSSO, c.RequireSSO)
	replace(cols, "google_enabled", &p.GoogleEnabled, c.GoogleEnabled)
	replace(cols, "google_jit", &p.GoogleJIT, c.GoogleJIT)
	replace(cols, "google_role", &p.GoogleRole, c.GoogleRole)
	replace(cols, "session_idle", &p.SessionIdle, c.SessionIdle)
	replace(cols, "session_absolute", &p.SessionAbsolute, c.SessionAbsolute)
	if len(cols) == 0 {
		return p, nil
	}
	if cols["require_sso"] != nil {
		if p.RequireSSO && !provenSSO(ctx) {
			return Policy{}, ErrSSOUnproven
		}
		if !decidesSSO(ctx) {
			return Policy{}, ErrOwnerRequired
		}
	}
	if err := tx.DB.Table("tenant_state").Where("tenant_id = ?", tx.Tenant).Updates(cols).Error; err != nil {
		return Policy{}, fmt.Errorf("update sign-in policy: %w", err)
	}
	tx.Changed("tenant")
	return p, events.Record(ctx, tx, events.PolicyChanged, tx.Tenant, cols)
}

const day = 86400

func (c PolicyChange) check(ctx context.Context, tx *db.TenantTx) error {
	if v := c.SessionIdle; v != nil && (*v < 300 || *v > 30*day) {
		return errs.InvalidField("session_idle", "Use 300 seconds to 30 days.")
	}
	if v := c.SessionAbsolute; v != nil && (*v < 300 || *v > 90*day) {
		return errs.InvalidField("session_absolute", "Use 300 seconds to 90 days.")
	}
	if c.GoogleRole == nil {
		return nil
	}
	if err := checkLentRole(ctx, tx, "google_role", *c.GoogleRole); err != nil {
		return err
	}
	return mayGrant(ctx, tx, *c.GoogleRole)
}

// provenSSO says whether the caller has shown that the tenant's single sign-on works, or speaks for the installation. A member's API key
// has shown nothing: it would do for its maker what they may not.
func provenSSO(ctx context.Context) bool {
	p := authn.From(ctx)
	return byInstallation(p) || p.Method == "oidc" || p.Method == "saml"
}

// decidesSSO keeps whether single sign-on is required in the hands of the owners: an administrator could otherwise keep out those who come
// in another way, over a connection of their own.
func decidesSSO(ctx context.Context) bool {
	p := authn.From(ctx)
	return byInstallation(p) || p.Kind == authn.Member && rbac.Role(p.Role) == rbac.Owner
}

func byInstallation(p *authn.Principal) bool {
	return p.Kind == authn.Operator || p.Kind == authn.System || p.MadeByOperator
}

// replace notes a column whose value is to change.
func replace[T comparable](cols map[string]any, name string, old, to *T) {
	if to != nil && *to != *old {
		*old, cols[name] = *to, *to
	}
}
