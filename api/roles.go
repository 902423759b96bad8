package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type customRoleOut struct {
	ID          id.Role           `json:"id" doc:"Give it wherever a role is given"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitzero"`
	Permissions []rbac.Permission `json:"permissions" doc:"Sorted. One that the catalog no longer has allows nothing"`
	Version     int64             `json:"version" doc:"Moves with every change"`
	CreatedBy   id.Membership     `json:"created_by,omitzero"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

func customRoleOf(r tenants.CustomRole) customRoleOut {
	return customRoleOut{r.ID, r.Name, r.Description, append([]rbac.Permission{}, r.Permissions...), r.Version, r.CreatedBy, r.CreatedAt, r.UpdatedAt}
}

func (a *API) roles(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[customRoleOut], error) {
	return list(a, in, tx, "roles", tenants.CustomRoles, customRoleOf, func(r customRoleOut) id.Role { return r.ID })(ctx)
}

type roleIn struct {
	Role id.Role `path:"role" json:"-"`
}

func (a *API) role(ctx context.Context, tx *db.TenantTx, in roleIn) (customRoleOut, error) {
	r, err := tenants.FindCustomRole(ctx, tx, in.Role)
	return customRoleOf(r), err
}

type createRoleIn struct {
	Name        string            `json:"name" doc:"1 to 50 characters; not like that of another role"`
	Description string            `json:"description,omitzero"`
	Permissions []rbac.Permission `json:"permissions" doc:"Of the catalog, and of those that the caller has"`
}

func (a *API) createRole(ctx context.Context, tx *db.TenantTx, in createRoleIn) (customRoleOut, error) {
	c, err := a.rules()
	if err != nil {
		return customRoleOut{}, err
	}
	r, err := tenants.CreateCustomRole(ctx, tx, c, tenants.NewCustomRole{Name: in.Name, Description: in.Description, Permissions: in.Permissions})
	return customRoleOf(r), err
}

type updateRoleIn struct {
	Role        id.Role            `path:"role" json:"-"`
	Name        *string            `json:"name,omitzero"`
	Description *string            `json:"description,omitzero"`
	Permissions *[]rbac.Permission `json:"permissions,omitzero" doc:"All of them: they replace those that are there"`
	Version     int64              `json:"version,omitzero" doc:"The version that was read; another one is refused. Without it the last to save wins"`
}

func (a *API) updateRole(ctx context.Context, tx *db.TenantTx, in updateRoleIn) (customRoleOut, error) {
	c, err := a.rules()
	if err != nil {
		return customRoleOut{}, err
	}
	r, err := tenants.UpdateCustomRole(ctx, tx, c, in.Role, tenants.CustomRoleChange{
		Name: in.Name, Description: in.Description, Permissions: in.Permissions, Version: in.Version,
	})
	return customRoleOf(r), err
}

type deleteRoleIn struct {
	Role     id.Role   `path:"role" json:"-"`
	Reassign rbac.Role `query:"reassign" json:"-" doc:"The role that takes its place; needed while the role is in use"`
}

func (a *API) deleteRole(ctx context.Context, tx *db.TenantTx, in deleteRoleIn) (web.None, error) {
	return web.None{}, tenants.DeleteCustomRole(ctx, tx, in.Role, in.Reassign)
}

// rules is the catalog in force.
func (a *API) rules() (*catalog.Catalog, error) {
	if c, _ := a.Access.Catalog(); c != nil {
		return c, nil
	}
	return nil, access.ErrStale
}
