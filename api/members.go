package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type memberOut struct {
	ID        id.Membership `json:"id"`
	User      id.User       `json:"user_id"`
	Email     string        `json:"email"`
	Name      string        `json:"name"`
	Picture   string        `json:"picture,omitzero"`
	Role      rbac.Role     `json:"role" doc:"Owner, admin, member, viewer or the id of a custom role"`
	Status    string        `json:"status" enum:"active,suspended,removed"`
	CreatedAt time.Time     `json:"created_at"`
}

func memberOf(m tenants.Membership) memberOut {
	return memberOut{m.ID, m.UserID, m.Email, m.Name, m.Picture, m.Role, string(m.Status), m.CreatedAt}
}

func (a *API) members(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[memberOut], error) {
	return list(a, in, tx, "members", tenants.Members, memberOf, func(m memberOut) id.Membership { return m.ID })(ctx)
}

type memberIn struct {
	Member id.Membership `path:"member" json:"-"`
}

func (a *API) member(ctx context.Context, tx *db.TenantTx, in memberIn) (memberOut, error) {
	m, err := tenants.Member(ctx, tx, in.Member)
	return memberOf(m), err
}

type setRoleIn struct {
	Member id.Membership `path:"member" json:"-"`
	Role   rbac.Role     `json:"role" doc:"Not above the caller's own; owner, admin, member, viewer or the id of a custom role"`
}

func (a *API) setRole(ctx context.Context, tx *db.TenantTx, in setRoleIn) (memberOut, error) {
	m, err := tenants.SetRole(ctx, tx, in.Member, in.Role)
	return memberOf(m), err
}

func (a *API) suspendMember(ctx context.Context, tx *db.TenantTx, in memberIn) (memberOut, error) {
	m, err := sessions.SuspendMember(ctx, tx, in.Member)
	return memberOf(m), err
}

func (a *API) resumeMember(ctx context.Context, tx *db.TenantTx, in memberIn) (memberOut, error) {
	m, err := tenants.ResumeMember(ctx, tx, in.Member)
	return memberOf(m), err
}

func (a *API) removeMember(ctx context.Context, tx *db.TenantTx, in memberIn) (web.None, error) {
	return web.None{}, sessions.RemoveMember(ctx, tx, in.Member)
}
