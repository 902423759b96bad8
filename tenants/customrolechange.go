package tenants

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// How many roles a tenant makes at most, and how many permissions one of them has.
const (
	MaxCustomRoles     = 50
	maxRolePermissions = 500
)

// The refusals that are about custom roles alone.
var (
	ErrTooManyRoles = errs.New(errs.Conflict, "too_many_roles", "A tenant has at most 50 roles of its own. Delete one that nobody needs.")
	ErrRoleChanged  = errs.New(errs.Conflict, "role_changed", "Somebody has changed this role meanwhile. Look at it again.")
	ErrRoleExists   = errs.New(errs.Conflict, "role_exists", "Another role has this name.")
)

// NewCustomRole is what a role is made of. The permissions are of the catalog.
type NewCustomRole struct {
	Name, Description string
	Permissions       []rbac.Permission
}

// CreateCustomRole makes a role that holds no more than its author does now (ErrRoleTooHigh).
func CreateCustomRole(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, in NewCustomRole) (CustomRole, error) {
	which := id.New[id.Role]()
	r := CustomRole{
		ID: which, Role: rbac.Role(which.String()), Name: in.Name, Description: in.Description, Permissions: sorted(in.Permissions), Version: 1,
		CreatedBy: authn.From(ctx).Membership, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := lockRoles(ctx, tx); err != nil {
		return CustomRole{}, err
	}
	if err := r.check(ctx, tx, c, CustomRole{}); err != nil {
		return CustomRole{}, err
	}
	if err := mayAuthor(ctx, tx, r.Permissions); err != nil {
		return CustomRole{}, err
	}
	n, err := db.Of[CustomRole](tx.DB).Count(ctx, "id")
	if err != nil {
		return CustomRole{}, fmt.Errorf("count custom roles: %w", err)
	}
	if n >= MaxCustomRoles {
		return CustomRole{}, ErrTooManyRoles
	}
	if err := db.Of[CustomRole](tx.DB).Create(ctx, &r); err != nil {
		return CustomRole{}, fmt.Errorf("create custom role: %w", err)
	}
	tx.Changed("tenant")
	return r, events.Record(ctx, tx, events.RoleCreated, r.ID, events.Data{"name": r.Name, "permissions": r.Permissions})
}

// CustomRoleChange names what to change; nil fields stay. A Version that is not that of the role is [ErrRoleChanged]; 0 asks for none.
type CustomRoleChange struct {
	Name, Description *string
	Permissions       *[]rbac.Permission
	Version           int64
}

// UpdateCustomRole changes a role for all who hold it, at once. The caller has all permissions that it had and that it gets.
func UpdateCustomRole(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, which id.Role, in CustomRoleChange) (CustomRole, error) {
	if err := lockRoles(ctx, tx); err != nil {
		return CustomRole{}, err
	}
	old, err := lockCustomRole(ctx, tx, which)
	if err != nil {
		return CustomRole{}, err
	}
	if in.Version != 0 && in.Version != old.Version {
		return old, ErrRoleChanged
	}
	r := old
	if in.Name != nil {
		r.Name = *in.Name
	}
	if in.Description != nil {
		r.Description = *in.Description
	}
	if in.Permissions != nil {
		r.Permissions = sorted(*in.Permissions)
	}
	if r.Name == old.Name && r.Description == old.Description && slices.Equal(r.Permissions, old.Permissions) {
		return old, mayAuthor(ctx, tx, old.Permissions)
	}
	if err := r.check(ctx, tx, c, old); err != nil {
		return old, err
	}
	for _, list := range [][]rbac.Permission{old.Permissions, r.Permissions} {
		if err := mayAuthor(ctx, tx, list); err != nil {
			return old, err
		}
	}
	r.Version, r.UpdatedAt = old.Version+1, tx.Now
	_, err = db.Of[CustomRole](tx.DB).Where("id = ?", r.ID).Select("name", "description", "permissions", "version", "updated_at").Updates(ctx, r)
	if err != nil {
		return old, fmt.Errorf("update custom role %s: %w", r.ID, err)
	}
	if !covered(old.Permissions, r.Permissions) {
		if err := voidInvitationsBy(ctx, tx, r.Role); err != nil {
			return old, err
		}
	}
	tx.Changed("tenant")
	return r, events.Record(ctx, tx, events.RoleChanged, r.ID, events.Data{
		"name": r.Name, "added": without(r.Permissions, old.Permissions), "removed": without(old.Permissions, r.Permissions),
	})
}

// lockRoles lets one change of the tenant's own roles happen at a time, so that counting and names hold.
func lockRoles(ctx context.Context, tx *db.TenantTx) error {
	err := tx.DB.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "roles "+tx.Tenant.String()).Error
	if err != nil {
		return fmt.Errorf("lock the custom roles: %w", err)
	}
	return nil
}

// check judges a role as it would be. What it already had is not new, though the catalog may have dropped it since.
func (r CustomRole) check(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, old CustomRole) error {
	if err := checkRoleName(c, r.Name); err != nil {
		return err
	}
	if r.Description != shown(r.Description) {
		return errs.InvalidField("description", "Use at most 200 bytes of printable text on one line.")
	}
	if len(r.Permissions) > maxRolePermissions {
		return errs.InvalidField("permissions", "Use at most 500 permissions.")
	}
	for _, p := range r.Permissions {
		if p.OwnersOnly() || !c.HasPermission(p) && !slices.Contains(old.Permissions, p) {
			return errs.InvalidField("permissions", fmt.Sprintf("%q is not a permission that a custom role can have.", shown(string(p))))
		}
	}
	n, err := db.Of[CustomRole](tx.DB).Where("lower(name) = lower(?) AND id <> ?", r.Name, r.ID).Count(ctx, "id")
	if err != nil {
		return fmt.Errorf("look for a role of the same name: %w", err)
	}
	if n > 0 {
		return ErrRoleExists
	}
	if r.Name == old.Name {
		return nil
	}
	others, err := db.Of[CustomRole](tx.DB).Where("id <> ?", r.ID).Select("name").Find(ctx)
	if err != nil {
		return fmt.Errorf("look for a role of a like name: %w", err)
	}
	return checkAlike(r.Name, others)
}

// mayAuthor holds the caller to what they have themselves, as it is now and not when their request came in.
func mayAuthor(ctx context.Context, tx *db.TenantTx, permissions []rbac.Permission) error {
	role, err := actingRole(ctx, tx)
	if err != nil || role == rbac.Owner {
		return err
	}
	has, err := permissionsOf(ctx, tx, role)
	if err != nil {
		return err
	}
	if has == nil || !covered(permissions, has) {
		return ErrRoleTooHigh
	}
	return nil
}

// actingRole is the role that the caller acts with; the operator and Gatehouse itself act as an owner does.
func actingRole(ctx context.Context, tx *db.TenantTx) (rbac.Role, error) {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return rbac.Owner, nil
	case authn.APIKey:
		if p.Tenant == tx.Tenant {
			return rbac.Role(p.Role), nil
		}
	case authn.Member:
		if p.Tenant != tx.Tenant {
			break
		}
		m, err := one(ctx, db.Of[Membership](tx.DB, held).Where("id = ? AND status = 'active'", p.Membership))
		if errs.As(err).Kind == errs.Missing {
			break
		}
		return m.Role, err
	case authn.Setup, authn.Anonymous:
	}
	return "", ErrRoleTooHigh
}

func sorted(list []rbac.Permission) []rbac.Permission {
	list = append([]rbac.Permission{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

// without is what the one list has and the other has not.
func without(list, other []rbac.Permission) []rbac.Permission {
	return slices.DeleteFunc(slices.Clone(list), func(p rbac.Permission) bool { return slices.Contains(other, p) })
}
