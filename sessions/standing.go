package sessions

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// standing is what the database says now about the member and the tenant of a session, whatever was true when the session began.
type standing struct {
	Role          rbac.Role
	MemberStatus  tenants.MemberStatus
	TenantStatus  tenants.Status
	Plan          billing.Plan
	RequireSSO    bool
	GoogleEnabled bool
}

// admits says why a session made by a method may not go on; nil when it may.
func (s standing) admits(method string) error {
	if s.TenantStatus == tenants.StatusSuspended {
		return ErrTenantSuspended
	}
	if s.MemberStatus == tenants.MemberSuspended {
		return ErrMemberSuspended
	}
	if s.TenantStatus != tenants.StatusActive || s.MemberStatus != tenants.MemberActive {
		return ErrRevoked // deleted, removed, or a state that is not known here
	}
	policy := tenants.Policy{RequireSSO: s.RequireSSO, GoogleEnabled: s.GoogleEnabled}
	if !policy.Allows(method, s.Role) {
		return ErrSSORequired
	}
	return nil
}
