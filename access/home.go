package access

import (
	"sync/atomic"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// home is what is held of one tenant: its snapshot, if it is known, and those of its members who were asked for.
type home struct {
	tenant atomic.Pointer[Tenant]
	few    atomic.Pointer[group] // the members of a small tenant, which most are
	many   atomic.Pointer[crowd] // those of any other
	heard  atomic.Int64          // the newest version whose announcements have all been applied
}

func (h *home) size() int {
	if c := h.many.Load(); c != nil {
		return c.size
	}
	return h.few.Load().size()
}

// home is what is held of a tenant, or nil.
func (sh *shard) home(tenant id.Tenant) *home {
	if e := sh.homes.find(hashOf(tenant.Bytes()), tenant); e != nil {
		return &e.V
	}
	return nil
}

// settle finds or makes the place of a tenant. The shard is locked.
func (s *Store) settle(sh *shard, tenant id.Tenant) *home {
	if h := sh.home(tenant); h != nil {
		return h
	}
	e := &item[id.Tenant, home]{key: tenant, hash: hashOf(tenant.Bytes())}
	s.tenants.add(sh.homes.put(e))
	return &e.V
}

func (s *Store) roomForTenant(sh *shard, tenant id.Tenant) {
	if sh.home(tenant) != nil {
		return // it has its place, and must not lose it to itself
	}
	makeRoom(s, &s.tenants, homesOf, func(sh *shard, e *item[id.Tenant, home]) int {
		s.members.add(-e.V.size())
		return sh.homes.remove(e.hash, e.key)
	})
}

// roomForMember takes from a tenant that nobody asked about lately. Of a large one it takes a part, or whoever is the only one of that
// size would begin from nothing again and again.
func (s *Store) roomForMember() {
	makeRoom(s, &s.members, homesOf, func(_ *shard, e *item[id.Tenant, home]) int { return e.V.thin() })
}

func homesOf(sh *shard) *index[id.Tenant, home] { return &sh.homes }

func (s *Store) keepTenant(l load, t *Tenant) {
	s.roomForTenant(l.shard, t.ID)
	l.keep(func(sh *shard) { s.settle(sh, t.ID).tenant.Store(t) })
}

func (s *Store) keepMember(l load, tenant id.Tenant, m id.Membership, v member) {
	s.roomForTenant(l.shard, tenant)
	if h := l.shard.home(tenant); h == nil || !h.has(m) {
		s.roomForMember()
	}
	l.keep(func(sh *shard) { s.members.add(s.settle(sh, tenant).put(m, v)) })
}

func (s *Store) dropTenant(tenant id.Tenant) {
	s.drop(tenant, func(sh *shard) {
		if h := sh.home(tenant); h != nil {
			h.tenant.Store(nil)
		}
	})
}

func (s *Store) dropMember(tenant id.Tenant, m id.Membership) {
	s.drop(tenant, func(sh *shard) {
		if h := sh.home(tenant); h != nil {
			s.members.add(h.remove(m))
		}
	})
}
