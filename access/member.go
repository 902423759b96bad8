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
	version     int64
}

func (m member) dated() int64 { return m.version }

type memberKey struct {
	tenant id.Tenant
	member id.Membership
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

func (r memberRow) snapshot(version int64) member {
	return member{r.Role, r.Status, r.Email, r.Name, version}
}

func (s *Store) member(ctx context.Context, p proof, tenant id.Tenant, m id.Membership) (member, error) {
	if v, ok := s.heldMember(p, tenant, m); ok {
		return v, nil
	}
	s.stats.Misses.Add(1)
	named := memberKey{tenant, m}
	return s.loads.members.join(ctx, s, p, tenant, named, func(l load) (member, error) { return s.loadMember(ctx, l, named) })
}

func (s *Store) heldMember(p proof, tenant id.Tenant, m id.Membership) (member, bool) {
	sh := s.shardOf(tenant)
	h := sh.home(tenant)
	if h == nil {
		return member{}, false
	}
	v, ok := h.member(m)
	if !ok || !p.vouches(v.version) {
		return member{}, false
	}
	sh.hits.Add(1)
	return v, true
}

func (s *Store) loadMember(ctx context.Context, l load, named memberKey) (member, error) {
	var rows []memberRow
	err := s.db.Tenant(ctx, named.tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw(loadMemberSQL, named.tenant, named.member).Scan(&rows).Error; err != nil {
			return fmt.Errorf("load membership: %w", err)
		}
		return nil
	})
	if err != nil {
		return member{}, err
	}
	if len(rows) == 0 {
		return member{}, ErrNoMembership
	}
	v := rows[0].snapshot(rows[0].Version)
	s.keepMember(l, named.tenant, named.member, v)
	return v, nil
}
