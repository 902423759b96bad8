package tenants

import (
	"context"
	"fmt"

	"gorm.io/gorm"

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

func policy(ctx context.Context, tx *db.TenantTx) (Policy, error) {
	p, err := gorm.G[Policy](tx.DB).First(ctx)
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

// SetPolicy changes the sign-in policy. SSO can be required only while the caller came in by SSO, so that nobody locks out themselves
// (and with them everybody) by one click; the operator may always.
func SetPolicy(ctx context.Context, tx *db.TenantTx, c PolicyChange) (Policy, error) {
	p, err := policy(ctx, tx)
	if err != nil {
		return Policy{}, err
	}
	cols := map[string]any{}
	set := func(name string, v any) { cols[name] = v }
	if c.RequireSSO != nil {
		p.RequireSSO = *c.RequireSSO
		set("require_sso", p.RequireSSO)
	}
	if c.GoogleEnabled != nil {
		p.GoogleEnabled = *c.GoogleEnabled
		set("google_enabled", p.GoogleEnabled)
	}
	if c.GoogleJIT != nil {
		p.GoogleJIT = *c.GoogleJIT
		set("google_jit", p.GoogleJIT)
	}
	if c.GoogleRole != nil {
		if !c.GoogleRole.Builtin() || *c.GoogleRole == rbac.Owner {
			return Policy{}, errs.InvalidField("google_role", "Use admin, member or viewer.")
		}
		if err := mayGrant(ctx, *c.GoogleRole); err != nil {
			return Policy{}, err
		}
		p.GoogleRole = *c.GoogleRole
		set("google_role", p.GoogleRole)
	}
	if c.SessionIdle != nil {
		if *c.SessionIdle < 300 || *c.SessionIdle > 30*86400 {
			return Policy{}, errs.InvalidField("session_idle", "Use 300 seconds to 30 days.")
		}
		p.SessionIdle = *c.SessionIdle
		set("session_idle", p.SessionIdle)
	}
	if c.SessionAbsolute != nil {
		if *c.SessionAbsolute < 300 || *c.SessionAbsolute > 90*86400 {
			return Policy{}, errs.InvalidField("session_absolute", "Use 300 seconds to 90 days.")
		}
		p.SessionAbsolute = *c.SessionAbsolute
		set("session_absolute", p.SessionAbsolute)
	}
	if len(cols) == 0 {
		return p, nil
	}
	if err := tx.DB.Table("tenant_state").Where("tenant_id = ?", tx.Tenant).Updates(cols).Error; err != nil {
		return Policy{}, fmt.Errorf("update sign-in policy: %w", err)
	}
	tx.Changed("tenant")
	return p, events.Record(ctx, tx, events.PolicyChanged, tx.Tenant, cols)
}
