package tenants

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// ErrRoleInUse refuses to delete a role that somebody has or would get.
var ErrRoleInUse = errs.New(errs.Conflict, "role_in_use", "Somebody has this role, or something gives it. Name the role that takes its place.")

// ErrReassignRaises refuses a deletion by which people would gain permissions.
var ErrReassignRaises = errs.New(errs.Conflict, "role_would_raise",
	"The role in its place has permissions that this one has not. Give its members that role one by one, or name a lower one.")

// places are what refers to a role, as table, column and the condition under which it counts. The keys of the database hold all but the
// last, which is inside a document.
var places = []struct{ name, table, column, counts string }{
	{"members", "memberships", "role", "status <> 'removed'"},
	{"invitations", "invitations", "role", "accepted_at IS NULL AND revoked_at IS NULL"},
	{"api_keys", "api_keys", "role", "revoked_at IS NULL"},
	{"google", "tenant_state", "google_role", "true"},
	{"connections", "connections", "default_role", "true"},
}

const (
	mappedSQL  = `SELECT count(*) FROM connections WHERE tenant_id = ? AND group_roles @> jsonb_build_array(jsonb_build_object('role', ?::text))`
	restageSQL = `UPDATE connections SET group_roles = (
	SELECT jsonb_agg(CASE WHEN g.mapping->>'role' = ? THEN jsonb_set(g.mapping, '{role}', to_jsonb(?::text)) ELSE g.mapping END ORDER BY g.at)
	FROM jsonb_array_elements(group_roles) WITH ORDINALITY AS g (mapping, at))
	WHERE tenant_id = ? AND group_roles @> jsonb_build_array(jsonb_build_object('role', ?::text))`
)

// DeleteCustomRole deletes a role. While anything refers to it that is refused with [ErrRoleInUse] and counts, unless instead names the role
// that takes its place everywhere, in the same transaction. That one holds no more: nobody gains by a deletion.
func DeleteCustomRole(ctx context.Context, tx *db.TenantTx, which id.Role, instead rbac.Role) error {
	if err := lockRoles(ctx, tx); err != nil {
		return err
	}
	r, err := lockCustomRole(ctx, tx, which)
	if err != nil {
		return err
	}
	if err := mayAuthor(ctx, tx, r.Permissions); err != nil {
		return err
	}
	uses, err := r.uses(ctx, tx)
	if err != nil {
		return err
	}
	if len(uses) > 0 && instead == "" {
		return ErrRoleInUse.With("uses", uses)
	}
	if instead != "" {
		if err := r.mayGiveWay(ctx, tx, instead); err != nil {
			return err
		}
		if err := r.giveWay(ctx, tx, instead); err != nil {
			return err
		}
	}
	if _, err := db.Of[CustomRole](tx.DB).Where("id = ?", r.ID).Delete(ctx); err != nil {
		return fmt.Errorf("delete custom role %s: %w", r.ID, err)
	}
	tx.Changed("tenant")
	return events.Record(ctx, tx, events.RoleDeleted, r.ID, events.Data{"name": r.Name, "reassigned": instead, "uses": uses})
}

// uses counts what refers to the role.
func (r CustomRole) uses(ctx context.Context, tx *db.TenantTx) (map[string]int64, error) {
	uses := map[string]int64{}
	for _, p := range places {
		var n int64
		err := tx.DB.WithContext(ctx).Table(p.table).Where("tenant_id = ?", tx.Tenant).Where(p.column+" = ?", r.Role).Where(p.counts).Count(&n).Error
		if err != nil {
			return nil, fmt.Errorf("count uses of role %s in %s: %w", r.ID, p.table, err)
		}
		if n > 0 {
			uses[p.name] = n
		}
	}
	var mapped int64
	if err := tx.DB.WithContext(ctx).Raw(mappedSQL, tx.Tenant, r.Role).Scan(&mapped).Error; err != nil {
		return nil, fmt.Errorf("count mappings to role %s: %w", r.ID, err)
	}
	if mapped > 0 {
		uses["group_mappings"] = mapped
	}
	return uses, nil
}

func (r CustomRole) mayGiveWay(ctx context.Context, tx *db.TenantTx, instead rbac.Role) error {
	if instead == r.Role {
		return errs.InvalidField("reassign", "Use another role than the one that is deleted.")
	}
	if err := checkLentRole(ctx, tx, "reassign", instead); err != nil {
		return err
	}
	holds, err := permissionsOf(ctx, tx, instead)
	if err != nil {
		return err
	}
	if holds == nil || !covered(holds, r.Permissions) {
		return ErrReassignRaises
	}
	return nil
}

// giveWay puts another role in this one's place everywhere.
func (r CustomRole) giveWay(ctx context.Context, tx *db.TenantTx, instead rbac.Role) error {
	if err := voidInvitationsBy(ctx, tx, r.Role); err != nil {
		return err
	}
	var members []id.Membership
	err := tx.DB.WithContext(ctx).Raw(`UPDATE memberships SET role = ?, updated_at = ? WHERE tenant_id = ? AND role = ? AND status <> 'removed' RETURNING id`,
		instead, tx.Now, tx.Tenant, r.Role).Scan(&members).Error
	if err != nil {
		return fmt.Errorf("give the members of role %s another: %w", r.ID, err)
	}
	tx.Changed("member") // whoever has the role, and every key that has: there may be more of them than fit
	for _, m := range members {
		if err := events.Record(ctx, tx, events.MemberRoleChanged, m, events.Data{"from": r.Role, "to": instead, "role_deleted": true}); err != nil {
			return err
		}
	}
	for _, p := range places[1:] {
		err := tx.DB.WithContext(ctx).Table(p.table).Where("tenant_id = ?", tx.Tenant).Where(p.column+" = ?", r.Role).Where(p.counts).
			Update(p.column, instead).Error
		if err != nil {
			return fmt.Errorf("replace role %s in %s: %w", r.ID, p.table, err)
		}
	}
	if err := tx.DB.WithContext(ctx).Exec(restageSQL, r.Role, instead, tx.Tenant, r.Role).Error; err != nil {
		return fmt.Errorf("replace role %s in group mappings: %w", r.ID, err)
	}
	return nil
}
