package access

import (
	"slices"
	"strings"
	"sync/atomic"
	"unique"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// crowd is the members of one large tenant in groups by the hash of their id.
type crowd struct {
	groups []atomic.Pointer[group] // a power of two
	size   int                     // members; only who holds the shard's lock reads it
	hand   int                     // the group that is dropped next
}

// group is a few members of one tenant, packed: there may be a million of them in all. It is immutable and replaced as a whole, so that who
// reads it needs no lock. The texts of all lie in one string.
type group struct {
	people []person
	text   string
	tags   [crowded]byte // of the first of the people, so that one is found without a look at those before
}

// person is a member in 40 bytes. The rank is one pointer for all who have the same.
type person struct {
	id      id.Membership
	rank    unique.Handle[rank]
	version int64
	at      uint32 // where the e-mail address begins in the text
	email   uint16 // how long it is
	name    uint16 // how long what follows it is
}

type rank struct {
	role   rbac.Role
	status tenants.MemberStatus
}

const (
	crowded = 16 // members of a group on average; when there are more, there are more groups
	longest = 1<<16 - 1
)

func (c *crowd) group(m id.Membership) *atomic.Pointer[group] {
	return &c.groups[hashOf(m.Bytes())&uint64(len(c.groups)-1)]
}

// member finds one who is held.
func (h *home) member(m id.Membership) (member, bool) {
	g := h.few.Load()
	if g == nil {
		c := h.many.Load()
		if c == nil {
			return member{}, false
		}
		if g = c.group(m).Load(); g == nil {
			return member{}, false
		}
	}
	if p := g.find(m); p != nil {
		return p.member(g.text), true
	}
	return member{}, false
}

func (g *group) find(m id.Membership) *person {
	tag := tagOf(m)
	for i := range g.people {
		if i < len(g.tags) && g.tags[i] != tag {
			continue
		}
		if p := &g.people[i]; p.id == m {
			return p
		}
	}
	return nil
}

// tagOf takes a byte of the random end of a UUIDv7.
func tagOf(m id.Membership) byte { b := m.Bytes(); return b[14] }

func (h *home) has(m id.Membership) bool { _, ok := h.member(m); return ok }

func (p *person) member(text string) member {
	r, name := p.rank.Value(), p.at+uint32(p.email)
	return member{r.role, r.status, text[p.at:name], text[name : name+uint32(p.name)], p.version}
}

// slot is where a member is or would be. The shard is locked.
func (h *home) slot(m id.Membership) *atomic.Pointer[group] {
	if c := h.many.Load(); c != nil {
		return c.group(m)
	}
	return &h.few
}

// put adds or replaces a member and says how many more there are.
func (h *home) put(m id.Membership, v member) int {
	if len(v.email) > longest || len(v.name) > longest {
		return 0 // not held, and loaded each time: no address is that long
	}
	slot := h.slot(m)
	rest, gone := slot.Load().without(m)
	slot.Store(rest.with(m, v))
	h.count(1 - gone)
	h.spread()
	return 1 - gone
}

// remove drops a member and says, as a negative number, how many fewer there are.
func (h *home) remove(m id.Membership) int {
	slot := h.slot(m)
	rest, gone := slot.Load().without(m)
	if gone > 0 {
		slot.Store(rest)
		h.count(-gone)
	}
	return -gone
}

// thin drops all members of a small tenant, and a group of those of a large one. It says how many that were.
func (h *home) thin() int {
	slot, c := &h.few, h.many.Load()
	if c != nil {
		slot = &c.groups[c.hand%len(c.groups)]
		c.hand++
	}
	gone := slot.Swap(nil).size()
	h.count(-gone)
	return gone
}

// count keeps the size of a crowd. One that everybody has left is none.
func (h *home) count(more int) {
	c := h.many.Load()
	if c == nil {
		return
	}
	if c.size += more; c.size == 0 {
		h.many.Store(nil)
	}
}

// spread makes more groups of what has become too many for those that there are.
func (h *home) spread() {
	groups := 1
	c := h.many.Load()
	if c != nil {
		groups = len(c.groups)
	}
	if h.size() <= crowded*groups {
		return
	}
	wide := &crowd{groups: make([]atomic.Pointer[group], 2*groups), size: h.size()}
	if c == nil {
		wide.take(h.few.Load())
	} else {
		for n := range c.groups {
			wide.take(c.groups[n].Load())
		}
	}
	h.many.Store(wide)
	h.few.Store(nil) // now, or a reader in between would find nobody
}

func (c *crowd) take(g *group) {
	if g == nil {
		return
	}
	for i := range g.people {
		p := &g.people[i]
		slot := c.group(p.id)
		slot.Store(slot.Load().with(p.id, p.member(g.text)))
	}
}

func (g *group) size() int {
	if g == nil {
		return 0
	}
	return len(g.people)
}

// with is the group and one more; g may be nil.
func (g *group) with(m id.Membership, v member) *group {
	var had group
	if g != nil {
		had = *g
	}
	more := &group{people: make([]person, len(had.people)+1), text: had.text + v.email + v.name}
	copy(more.people, had.people)
	more.people[len(had.people)] = person{
		m, unique.Make(rank{v.role, v.status}), v.version, uint32(len(had.text)), uint16(len(v.email)), uint16(len(v.name)),
	}
	return more.tagged()
}

// tagged is the group once all of its people are in it.
func (g *group) tagged() *group {
	for i := range min(len(g.people), len(g.tags)) {
		g.tags[i] = tagOf(g.people[i].id)
	}
	return g
}

// without is the group without a member, nil if nobody is left, and whether it had them.
func (g *group) without(m id.Membership) (rest *group, gone int) {
	if g == nil || !slices.ContainsFunc(g.people, func(p person) bool { return p.id == m }) {
		return g, 0
	}
	if len(g.people) == 1 {
		return nil, 1
	}
	rest = &group{people: make([]person, 0, len(g.people))}
	var text strings.Builder
	for _, p := range g.people {
		if p.id == m {
			continue
		}
		at := uint32(text.Len())
		text.WriteString(g.text[p.at : p.at+uint32(p.email)+uint32(p.name)])
		p.at = at
		rest.people = append(rest.people, p)
	}
	rest.text = text.String()
	return rest.tagged(), 1
}
