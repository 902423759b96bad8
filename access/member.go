package access

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type member struct {
	role        rbac.Role
	status      tenants.MemberStatus
	email, name string
}

const loadMemberSQL = `
SELECT m.role, m.status, m.email, m.name, p.version
FROM memberships m JOIN tenant_state p ON p.tenant_id = m.tenant_id
WHERE m.tenant_id = ? AND m.id = ?`

type memberRow struct {
	Role        rbac.Role
	Status      tenants.MemberStatus
	Email, Name string
	Version     int64
}

func (r memberRow) snapshot() *member { return &member{r.Role, r.Status, r.Email, r.Name} }

func (s *Store) member(ctx context.Context, p proof, tenant id.Tenant, m id.Membership) (*member, error) {
	if v, ok := lookup(s, p, s.members, memberKey{tenant, m}, tenant); ok {
		return v, nil
	}
	l := s.begin(tenant)
	var rows []memberRow
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw(loadMemberSQL, tenant, m).Scan(&rows).Error; err != nil {
			return fmt.Errorf("load membership: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNoMembership
	}
	v := rows[0].snapshot()
	keep(s, l, s.members, memberKey{tenant, m}, v, rows[0].Version)
	return v, nil
}
