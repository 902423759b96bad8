package access

import (
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Corrupt makes a store answer from the table of another catalog than the one whose Casbin policy it has.
func Corrupt(s *Store, table *catalog.Catalog) error {
	held := s.catalog.Load()
	table, err := table.WithVersions(held.catalog.Versions())
	s.catalog.Store(&inForce{table, held.version, held.casbin})
	return err
}

// Place is a member of a tenant.
type Place struct {
	Tenant id.Tenant
	Member id.Membership
}

// Fill puts active tenants on the plan team, with this many members each, into a store as if they had been loaded.
func Fill(s *Store, count, people int) []Place {
	roles := []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, rbac.Owner}
	places := make([]Place, 0, count*people)
	team := billing.Pin{Plan: billing.Team}
	for _, v := range s.catalog.Load().catalog.Versions() {
		if v.Plan == team.Plan {
			team.Version = max(team.Version, v.Version)
		}
	}
	for n := range count {
		tenant := id.New[id.Tenant]()
		s.keepTenant(s.begin(tenant), &Tenant{
			ID: tenant, Slug: fmt.Sprintf("company-%d", n), Name: fmt.Sprintf("Company Number %d", n), Status: tenants.StatusActive,
			Plan: billing.Team, Sold: billing.Entitlements{Pin: team},
			Policy: tenants.Policy{GoogleRole: rbac.Member, SessionIdle: 3600, SessionAbsolute: 86400, Version: 1}, Version: 1,
		})
		for i := range people {
			m := id.New[id.Membership]()
			s.keepMember(s.begin(tenant), tenant, m, member{
				roles[i%len(roles)], tenants.MemberActive, fmt.Sprintf("person.%d@company-%d.example", i, n), fmt.Sprintf("Person Number %d", i), 1,
			})
			places = append(places, Place{tenant, m})
		}
	}
	return places
}

// Held is the inside of a store.
type Held struct{ s *Store }

// Inside opens a store.
func Inside(s *Store) Held { return Held{s} }

// Put holds a member, as if loaded.
func (h Held) Put(at Place, role rbac.Role, email, name string) {
	h.s.keepMember(h.s.begin(at.Tenant), at.Tenant, at.Member, member{role, tenants.MemberActive, email, name, 1})
}

// Get finds a member.
func (h Held) Get(at Place) (role rbac.Role, email, name string, ok bool) {
	m, ok := h.s.heldMember(proof{version: anyVersion}, at.Tenant, at.Member)
	return m.role, m.email, m.name, ok
}

// Drop forgets a member.
func (h Held) Drop(at Place) { h.s.dropMember(at.Tenant, at.Member) }

// Forget forgets a tenant's shard.
func (h Held) Forget(t id.Tenant) { h.s.forget(t) }

// ForgetAll forgets everything.
func (h Held) ForgetAll() { h.s.forgetAll() }

// Members is how many are counted.
func (h Held) Members() int { return int(h.s.members.held.Load()) }

// Tenants is how many are counted.
func (h Held) Tenants() int { return int(h.s.tenants.held.Load()) }
