package access

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Allowed answers for a member, in a word: whether they may use the tenant at all, whether their role has the permission and whether the
// tenant's plan includes the feature. Either of permission and feature may be empty. What cannot be known is refused. A warm answer costs
// less than a microsecond and allocates nothing; a cold one asks the database.
func (s *Store) Allowed(
	ctx context.Context, tenant id.Tenant, membership id.Membership, permission rbac.Permission, feature billing.Feature,
) bool {
	t, m, now := s.warm(tenant, membership)
	if t == nil || presence(t, &m) != nil {
		return s.Check(ctx, tenant, membership, permission, feature).Allowed
	}
	v, from := s.judge(t, m.role, permission, feature, now)
	if s.decisions.Wants(v.Allowed) {
		q := Question{Permission: permission, Feature: feature, Tenant: tenant}
		s.note(id.At[id.Decision](now), now, q, subject{member: membership, role: m.role, plan: t.plan(now)}, v, from)
	}
	return v.Allowed
}

// Check is Allowed with the whole answer: what refused, and what would allow.
func (s *Store) Check(
	ctx context.Context, tenant id.Tenant, membership id.Membership, permission rbac.Permission, feature billing.Feature,
) Decision {
	q := Question{Permission: permission, Feature: feature, Tenant: tenant}
	t, m, now := s.warm(tenant, membership)
	if t == nil || presence(t, &m) != nil {
		p, err := s.Member(ctx, tenant, membership)
		return s.Ask(p, err, q)
	}
	v, from := s.judge(t, m.role, permission, feature, now)
	d := Decision{ID: id.At[id.Decision](now)}.by(v)
	if s.decisions.Wants(v.Allowed) {
		s.note(d.ID, now, q, subject{member: membership, role: m.role, plan: t.plan(now)}, v, from)
	}
	return d
}

// warm finds both snapshots if they are in memory and the listener vouches for them: nothing is waited for, so they are true now. The tenant
// is nil otherwise.
func (s *Store) warm(tenant id.Tenant, membership id.Membership) (*Tenant, member, time.Time) {
	up := uptime()
	sh := s.shardOf(tenant)
	h := sh.home(tenant)
	if h == nil || up-time.Duration(s.beat.Load()) >= s.grace {
		return nil, member{}, time.Time{}
	}
	t := h.tenant.Load()
	m, ok := h.member(membership)
	if t == nil || !ok {
		return nil, member{}, time.Time{}
	}
	sh.hits.Add(2)
	return t, m, s.moment(up)
}
