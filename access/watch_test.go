package access_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// watched is a store that only hears, as another instance does, and its watch of the tenant, from which the beginning was taken.
func (w *world) watched() (*access.Store, *access.Watch) {
	w.Helper()
	cfg := w.config()
	cfg.DB = w.open()
	s, _ := w.run(cfg)
	v, err := s.Watch(w.tenant.ID)
	must(w, err)
	w.Cleanup(v.Close)
	if c, _ := v.Take(); !c.Tenant || !c.Catalog || !c.AllMembers || !c.AllSessions {
		w.Errorf("at first Take = %+v, want everything", c)
	}
	<-v.Changed()
	return s, v
}

// next is what changes until something is heard.
func (w *world) next(v *access.Watch) access.Changes {
	w.Helper()
	select {
	case <-v.Changed():
	case <-time.After(10 * time.Second):
		w.Fatal("no change is heard of")
	}
	c, _ := v.Take()
	return c
}

func TestAWatchNamesWhatChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Viewer)
	sid := w.session(m, "oidc")
	_, v := w.watched()
	k, _ := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Viewer})
	member := access.Changes{Members: []id.Membership{m.ID}, Sessions: []id.Session{}}
	for _, step := range []struct {
		name string
		do   func()
		want access.Changes
	}{
		{"a role", func() { w.setRole(m, rbac.Member) }, member},
		{"a suspension", func() {
			w.in(func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.SuspendMember(ctx, tx, m.ID)
				return err
			})
		}, member},
		{"a resumption", func() {
			w.in(func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.ResumeMember(ctx, tx, m.ID)
				return err
			})
		}, member},
		{"a session", func() { w.revoke(sid) }, access.Changes{Members: []id.Membership{}, Sessions: []id.Session{sid}}},
		{"a plan", func() { w.setPlan("free") }, access.Changes{Tenant: true, Members: []id.Membership{}, Sessions: []id.Session{}}},
		{"a removal", func() { w.remove(m) }, member},
		{"a return", func() { w.reinstate(m, rbac.Viewer) }, member},
	} {
		step.do()
		if diff := cmp.Diff(step.want, w.next(v), cmpopts.EquateComparable(id.Membership{}, id.Session{})); diff != "" {
			t.Errorf("after %s, Take (-want +got):\n%s", step.name, diff)
		}
	}
	joined := w.join("bob", rbac.Viewer)
	if c := w.next(v); !slices.Equal(c.Members, []id.Membership{joined.ID}) {
		t.Errorf("after somebody joined, Take = %+v, want them", c)
	}
	w.in(func(ctx context.Context, tx *db.TenantTx) error { return w.keys.Revoke(ctx, tx, k.ID) })
	if c := w.next(v); !c.Empty() {
		t.Errorf("after a key was revoked, Take = %+v, want nothing: who watches holds no keys", c)
	}
	w.apply([]byte("version: 1\n"))
	if c := w.next(v); !c.Catalog || c.Tenant || c.AllMembers {
		t.Errorf("after a catalog, Take = %+v, want the catalog alone", c)
	}
}

// What somebody is told of is in force where they ask, and no answer of before is held there.
func TestWhoIsWokenFindsWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, v := w.watched()
	removed := w.join("ada", rbac.Viewer)
	w.next(v)
	role := func(m tenants.Membership) string { return say(s.Member(t.Context(), w.tenant.ID, m.ID)) }
	want(t, "a new member", role(removed), "viewer on team")
	for range 10 {
		w.remove(removed)
		w.next(v)
		want(t, "somebody who was removed", role(removed), "no_membership")
		w.reinstate(removed, rbac.Member)
		w.next(v)
		want(t, "somebody who came back", role(removed), "member on team")
	}
}

func TestAWatchIsOfItsTenantAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.watched()
	other, owner := w.company("globex")
	must(t, w.db.Tenant(w.ctx(), other.ID, func(tx *db.TenantTx) error {
		tx.Changed("tenant")
		tx.Changed("member", owner.ID)
		return nil
	}))
	w.setRole(w.join("ada", rbac.Viewer), rbac.Member) // comes after it
	for c := w.next(v); ; c = w.next(v) {
		if c.Tenant || c.AllMembers || len(c.Members) > 1 || len(c.Members) == 1 && c.Members[0] == owner.ID {
			t.Errorf("Take = %+v, want nothing of another tenant", c)
		}
		if len(c.Members) == 1 {
			return
		}
	}
}

// What was missed, and what cannot be named, is everything.
func TestAWatchDoubtsWhatItMayHaveMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.watched()
	all := func(what string) {
		t.Helper()
		if c := w.next(v); !c.Tenant || !c.Catalog || !c.AllMembers || !c.AllSessions || c.Members != nil || c.Sessions != nil {
			t.Errorf("after %s, Take = %+v, want everything", what, c)
		}
	}
	tenant := w.tenant.ID.UUID().String()
	for _, payload := range []string{"", "nonsense", tenant + " 7 member", tenant + " 7 member nobody", tenant + " 7 thing ses_1"} {
		w.exec("SELECT pg_notify($1, $2)", db.Channel, payload)
		all(fmt.Sprintf("%q", payload))
	}
	endConnections(t, w.admin, w.name(), "%clock_timestamp() FROM pg_notify%")
	all("a lost connection")
}

// However slow the reader is, little is held for them.
func TestAWatchHoldsFewNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.watched()
	for range 6 {
		w.in(func(_ context.Context, tx *db.TenantTx) error {
			var members, sessions []interface{ String() string }
			for range 100 {
				members, sessions = append(members, id.New[id.Membership]()), append(sessions, id.New[id.Session]())
			}
			tx.Changed("member", members...)
			tx.Changed("session", sessions...)
			return nil
		})
	}
	last := w.join("ada", rbac.Viewer)
	w.soon("all has been heard", func() bool {
		_, err := w.store().Member(t.Context(), w.tenant.ID, last.ID)
		return err == nil
	})
	var got access.Changes
	w.soon("more than 500 names are all", func() bool {
		c, _ := v.Take()
		got.AllMembers, got.AllSessions = got.AllMembers || c.AllMembers, got.AllSessions || c.AllSessions
		if len(c.Members) > 500 || len(c.Sessions) > 500 {
			t.Errorf("Take names %d members and %d sessions, want at most 500", len(c.Members), len(c.Sessions))
		}
		return got.AllMembers && got.AllSessions
	})
	if c, _ := v.Take(); !c.Empty() {
		t.Errorf("Take again = %+v, want nothing", c)
	}
}

func TestTakeSaysHowOldItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	s, stop := w.run(cfg)
	v, err := s.Watch(w.tenant.ID)
	must(t, err)
	t.Cleanup(v.Close)
	w.soon("a fresh beat", func() bool { _, age := v.Take(); return age < 400*time.Millisecond })
	stop()
	time.Sleep(300 * time.Millisecond)
	if _, age := v.Take(); age < 300*time.Millisecond {
		t.Errorf("Take of a deaf store is of %v ago, want at least what has passed", age)
	}
}

func TestWatchesAreFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.deaf(w.config())
	var mine []*access.Watch
	var err error
	for err == nil {
		var v *access.Watch
		if v, err = s.Watch(w.tenant.ID); err == nil {
			mine = append(mine, v)
		}
	}
	if len(mine) != 20 || !errors.Is(err, access.ErrTooManyWatches) {
		t.Errorf("a tenant has %d watches, and then %v; want 20 and %v", len(mine), err, access.ErrTooManyWatches)
	}
	mine[7].Close()
	if _, err := s.Watch(w.tenant.ID); err != nil {
		t.Errorf("Watch after one was closed = %v, want none", err)
	}
	total := len(mine)
	for err = nil; err == nil; {
		other := id.New[id.Tenant]()
		for n := 0; n < 20 && err == nil; n++ {
			if _, err = s.Watch(other); err == nil {
				total++
			}
		}
	}
	if total != 1000 || !errors.Is(err, access.ErrTooManyWatches) {
		t.Errorf("there are %d watches, and then %v; want 1000 and %v", total, err, access.ErrTooManyWatches)
	}
}

// Closing, changing and taking meet in all orders.
func TestWatchesComeAndGoUnderChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Viewer)
	s := w.store()
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				v, err := s.Watch(w.tenant.ID)
				if err != nil {
					t.Errorf("Watch = %v", err)
					return
				}
				v.Take()
				select {
				case <-v.Changed():
				case <-ctx.Done():
				}
				v.Take()
				v.Close()
			}
		})
	}
	roles := []rbac.Role{rbac.Member, rbac.Viewer}
	for n := 0; ctx.Err() == nil; n++ {
		w.setRole(m, roles[n%2])
	}
	all.Wait()
}
