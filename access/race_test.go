package access_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// While one writes, many read through small caches, so that loads and announcements meet all the time. When the writing stops, all agree
// with the database, and stay so.
func TestNoChangeIsLostBetweenLoadAndAnnouncement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "oidc")
	_, cred := w.key(m, tenants.NewKey{Name: "ci", Role: rbac.Admin})
	neighbors := []id.Session{w.session(w.owner, "oidc"), w.session(w.owner, "oidc"), w.session(w.join("bob", rbac.Viewer), "oidc")}
	var stores []*access.Store
	for range 2 {
		cfg := w.config()
		cfg.Size = 2 // what is asked for falls out of memory again and again
		s, _ := w.run(cfg)
		stores = append(stores, s)
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var asked atomic.Int64
	for n := range 4 {
		readers.Go(func() {
			for i := n; ctx.Err() == nil; i++ {
				s := stores[i%len(stores)]
				_, _ = s.Session(ctx, w.tenant.ID, sid)
				_, _ = s.Session(ctx, w.tenant.ID, neighbors[i%len(neighbors)])
				_, _ = s.Key(ctx, cred)
				asked.Add(1)
			}
		})
	}
	roles, plans := []rbac.Role{rbac.Viewer, rbac.Admin, rbac.Member}, billing.Plans()
	last := ""
	for n := range 150 {
		role, plan := roles[n%len(roles)], plans[n%len(plans)]
		w.in(func(ctx context.Context, tx *db.TenantTx) error {
			if _, err := tenants.SetRole(ctx, tx, m.ID, role); err != nil {
				return err
			}
			_, err := tenants.SetPlan(ctx, tx, plan)
			return err
		})
		last = fmt.Sprintf("%s on %s", role, plan)
		if n%10 != 0 {
			continue
		}
		for i, s := range stores {
			w.soon(numbered("all is seen in ", i), func() bool { return w.ask(s, sid) == last && w.askKey(s, cred) == last })
		}
	}
	for i, s := range stores {
		w.soon(numbered("the last change is seen in ", i), func() bool { return w.ask(s, sid) == last })
	}
	time.Sleep(100 * time.Millisecond) // readers that began before it might put back what they had read
	stop()
	readers.Wait()
	for i, s := range stores {
		want(t, numbered("what stays in ", i), w.ask(s, sid)+", "+w.askKey(s, cred), last+", "+last)
	}
	t.Logf("%d questions", asked.Load())
}

// Over a slow line a change is committed and announced while a load is still on its way back with what was before.
func TestLoadThatCrossesAnAnnouncementIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "oidc")
	slow := newLine(t, w.base.URL)
	cfg := w.config()
	cfg.DB = w.openAt(slow.url)
	s, _ := w.run(cfg)
	slow.all.Store(int64(10 * time.Millisecond))
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				_, _ = s.Session(ctx, w.tenant.ID, sid)
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	for n := range 20 {
		w.setRole(m, rbac.Viewer) // makes the readers load
		time.Sleep(10*time.Millisecond + time.Duration(n*2)*time.Millisecond)
		w.setRole(m, rbac.Admin)           // somewhere in the middle of it
		time.Sleep(100 * time.Millisecond) // nobody but the readers asks: their loads are what is held
		want(t, numbered("what is held after round ", n), w.ask(s, sid), "admin on team")
	}
	stop()
	readers.Wait()
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	cfg.Size = 8
	s, _ := w.run(cfg)
	var sessions []id.Session
	for range 40 {
		sessions = append(sessions, w.session(w.owner, "oidc"))
	}
	all := func() {
		for _, sid := range sessions {
			want(t, "a session", w.ask(s, sid), "owner on team")
		}
	}
	all()
	before := s.Stats().Misses.Load()
	all()
	if missed := s.Stats().Misses.Load() - before; missed < 40 {
		t.Errorf("of 40 sessions asked for again %d were not in memory, want all: it holds 8", missed)
	}
	n := w.countSQL(func(ctx context.Context) {
		for range 10 {
			_, err := s.Session(ctx, w.tenant.ID, sessions[39])
			must(t, err)
		}
	})
	if n != 0 {
		t.Errorf("the newest session costs %d statements, want it to be held", n)
	}
}

// More ids than an announcement can hold stand for everything of the tenant.
func TestHugeChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	sid := w.session(w.owner, "oidc")
	want(t, "a session", w.ask(s, sid), "owner on team")
	many := []interface{ String() string }{}
	for range 201 {
		many = append(many, id.New[id.Session]())
	}
	w.in(func(_ context.Context, tx *db.TenantTx) error {
		tx.Changed("session", many...)
		return tx.DB.Exec("UPDATE sessions SET revoked_at = ? WHERE tenant_id = ?", tx.Now, tx.Tenant).Error
	})
	w.soon("it has ended", func() bool { return w.ask(s, sid) == "session_revoked" })
}

// Whatever else comes over the channel makes the store forget, never panic and never trust.
func TestStrangeAnnouncements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sid := w.session(w.owner, "oidc")
	s := w.store()
	tenant := w.tenant.ID.UUID().String()
	for _, payload := range []string{
		"", "x", "- 0", "- 0 nothing", "- 0 keys", tenant, tenant + " 1", tenant + " x member", tenant + " 1 member nonsense", "zz 1 tenant",
		tenant + " 1 session " + id.New[id.User]().String(), tenant + " 1 unknown", tenant + " 1 unknown x", tenant + " 1 key \u00e9",
	} {
		want(t, "a session", w.ask(s, sid), "owner on team")
		w.exec("UPDATE memberships SET role = 'admin'") // as somebody would who writes no announcement of their own
		misses := s.Stats().Misses.Load()
		w.exec("SELECT pg_notify($1, $2)", db.Channel, payload)
		if payload != "- 0 keys" {
			w.soon(fmt.Sprintf("%q makes the store look again", payload), func() bool { return w.ask(s, sid) == "admin on team" })
			if s.Stats().Misses.Load() == misses {
				t.Errorf("after %q nothing was loaded", payload)
			}
		}
		w.exec("UPDATE memberships SET role = 'owner'")
		w.exec("SELECT pg_notify($1, $2)", db.Channel, "")
		w.soon("the role is back", func() bool { return w.ask(s, sid) == "owner on team" })
	}
}
