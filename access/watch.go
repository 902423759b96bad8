package access

import (
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const (
	maxWatches       = 1000 // of all tenants
	maxTenantWatches = 20
	maxNamed         = 500 // members, and sessions, that a watch remembers by name; more of them are all
)

// ErrTooManyWatches refuses another watch. Each costs a goroutine, and work at each change.
var ErrTooManyWatches = errs.New(errs.TooMany, "too_many_streams", "Too many streams are open. Close one before you open the next.")

// Changes is what of a tenant is not as it was.
type Changes struct {
	Tenant, Catalog         bool
	AllMembers, AllSessions bool // in place of names
	Members                 []id.Membership
	Sessions                []id.Session
}

// Empty says that nothing is.
func (c *Changes) Empty() bool {
	return !c.Tenant && !c.Catalog && !c.AllMembers && !c.AllSessions && len(c.Members) == 0 && len(c.Sessions) == 0
}

// Watch gathers what changes of one tenant until somebody takes it. However slow that is, it holds no more than a few hundred names.
type Watch struct {
	store  *Store
	tenant id.Tenant
	wake   chan struct{}

	mu       sync.Mutex
	changes  Changes
	members  map[id.Membership]bool
	sessions map[id.Session]bool
}

// watches are those of all tenants.
type watches struct {
	mu       sync.RWMutex
	byTenant map[id.Tenant][]*Watch
	total    int
}

// Watch begins to follow a tenant; at first everything counts as changed. Close ends it. The error is ErrTooManyWatches.
func (s *Store) Watch(tenant id.Tenant) (*Watch, error) {
	w := &Watch{store: s, tenant: tenant, wake: make(chan struct{}, 1)}
	w.note(everything)
	all := &s.watches
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.total >= maxWatches || len(all.byTenant[tenant]) >= maxTenantWatches {
		return nil, ErrTooManyWatches
	}
	if all.byTenant == nil {
		all.byTenant = map[id.Tenant][]*Watch{}
	}
	all.byTenant[tenant] = append(all.byTenant[tenant], w)
	all.total++
	return w, nil
}

// Close ends the watch. It may be called once.
func (w *Watch) Close() {
	all := &w.store.watches
	all.mu.Lock()
	defer all.mu.Unlock()
	var rest []*Watch
	for _, other := range all.byTenant[w.tenant] {
		if other != w {
			rest = append(rest, other)
		}
	}
	if all.byTenant[w.tenant] = rest; rest == nil {
		delete(all.byTenant, w.tenant)
	}
	all.total--
}

// Changed has a value when there is something to take.
func (w *Watch) Changed() <-chan struct{} { return w.wake }

// Take returns what has changed since it was called last, and how old the knowledge is that nothing else has: what is loaded after Take is
// true as of then.
func (w *Watch) Take() (Changes, time.Duration) {
	age := w.store.Age() // first: a change that was announced before a beat has been noted before it
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.changes
	if !c.AllMembers {
		c.Members = keysOf(w.members)
	}
	if !c.AllSessions {
		c.Sessions = keysOf(w.sessions)
	}
	w.changes, w.members, w.sessions = Changes{}, nil, nil
	return c, age
}

// note adds to what has changed.
func (w *Watch) note(add func(*Watch)) {
	w.mu.Lock()
	add(w)
	w.mu.Unlock()
	wake(w.wake)
}

func everything(w *Watch) {
	w.changes = Changes{Tenant: true, Catalog: true, AllMembers: true, AllSessions: true}
}

func theCatalog(w *Watch) { w.changes.Catalog = true }

func (w *Watch) addMember(m id.Membership) {
	if w.members == nil {
		w.members = map[id.Membership]bool{}
	}
	w.members[m] = true
	w.changes.AllMembers = w.changes.AllMembers || len(w.members) > maxNamed
}

func (w *Watch) addSession(v id.Session) {
	if w.sessions == nil {
		w.sessions = map[id.Session]bool{}
	}
	w.sessions[v] = true
	w.changes.AllSessions = w.changes.AllSessions || len(w.sessions) > maxNamed
}

// told notes an announcement about a tenant: what, and the names that came with it. What it means is in db.Channel.
func (all *watches) told(tenant id.Tenant, what string, names []string) {
	all.mu.RLock()
	defer all.mu.RUnlock()
	for _, w := range all.byTenant[tenant] {
		w.note(func(w *Watch) { w.announced(what, names) })
	}
}

func (w *Watch) announced(what string, names []string) {
	if what == "tenant" {
		w.changes.Tenant = true
		return
	}
	if len(names) == 0 {
		everything(w)
		return
	}
	for _, name := range names {
		member, notMember := parse[id.Membership](name)
		session, notSession := parse[id.Session](name)
		switch {
		case what == "member" && notMember == nil:
			w.addMember(member)
		case what == "session" && notSession == nil:
			w.addSession(session)
		case what != "key":
			everything(w)
		}
	}
}

func (all *watches) toldAll(add func(*Watch)) {
	all.mu.RLock()
	defer all.mu.RUnlock()
	for _, of := range all.byTenant {
		for _, w := range of {
			w.note(add)
		}
	}
}

func keysOf[K comparable](set map[K]bool) []K {
	keys := make([]K, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	return keys
}
