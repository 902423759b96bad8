package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// CustomRole is a role that the tenant has made: permissions and nothing else, so that no role contains another. Members, invitations, keys
// and connections name it by Role, which is its id and never changes; its name is for people.
type CustomRole struct {
	ID          id.Role `gorm:"primaryKey"`
	Role        rbac.Role
	Name        string
	Description string
	Permissions []rbac.Permission `gorm:"serializer:json"` // sorted
	Version     int64             // moves with every change
	CreatedBy   id.Membership
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements GORM's Tabler.
func (CustomRole) TableName() string { return "custom_roles" }

// CustomRolesSQL is what decisions read of a tenant's roles, for a statement whose p is the tenant's row of tenant_state.
const CustomRolesSQL = `(SELECT jsonb_object_agg(c.role, c.permissions) FROM custom_roles c WHERE c.tenant_id = p.tenant_id)::text`

// CustomRoles lists the tenant's own roles, oldest first, after the given id. There are never more than [MaxCustomRoles].
func CustomRoles(ctx context.Context, tx *db.TenantTx, after id.Role, limit int) ([]CustomRole, error) {
	q := db.Of[CustomRole](tx.DB).Order("id").Limit(limit)
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list custom roles: %w", err)
	}
	return list, nil
}

// FindCustomRole finds one of the tenant's own roles.
func FindCustomRole(ctx context.Context, tx *db.TenantTx, which id.Role) (CustomRole, error) {
	return oneRole(ctx, db.Of[CustomRole](tx.DB).Where("id = ?", which))
}

// lockCustomRole finds one and lets nobody else change it until the scope ends.
func lockCustomRole(ctx context.Context, tx *db.TenantTx, which id.Role) (CustomRole, error) {
	return oneRole(ctx, db.Of[CustomRole](tx.DB, locked).Where("id = ?", which))
}

func oneRole(ctx context.Context, q db.Model[CustomRole]) (CustomRole, error) {
	r, err := q.First(ctx)
	if db.IsMissing(err) {
		return CustomRole{}, errs.NotFound("role")
	}
	if err != nil {
		return CustomRole{}, fmt.Errorf("load custom role: %w", err)
	}
	return r, nil
}
