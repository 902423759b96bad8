package access_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Callers of a deaf store who wait for a connection at the same time need one answer, not one each.
func TestManyCallersOfADeafStoreAskOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "google")
	one, err := db.Open(t.Context(), db.Config{URL: w.base.URL, MaxConns: 1})
	must(t, err)
	t.Cleanup(one.Close)
	cfg := w.config()
	cfg.DB = one
	s := w.deaf(cfg)
	want(t, "a session", w.ask(s, sid), "admin on team")

	hold, release := make(chan struct{}), make(chan struct{})
	var holder, callers sync.WaitGroup
	holder.Go(func() {
		if err := one.System(t.Context(), func(*db.SystemTx) error { close(hold); <-release; return nil }); err != nil {
			t.Errorf("hold the only connection: %v", err)
		}
	})
	<-hold
	n := w.countSQL(func(ctx context.Context) {
		gone, leave := context.WithCancel(ctx)
		callers.Go(func() { _, _ = s.Session(gone, w.tenant.ID, sid) }) // asks for the others too, and leaves meanwhile
		time.Sleep(50 * time.Millisecond)
		for range 100 {
			callers.Go(func() {
				if p, err := s.Session(ctx, w.tenant.ID, sid); err != nil || p.Role != string(rbac.Viewer) {
					t.Errorf("Session = %v, %v, want the viewer that the member has become", p, err)
				}
			})
		}
		time.Sleep(200 * time.Millisecond)
		leave()
		w.setRole(m, rbac.Viewer) // after they asked, and before the database is
		close(release)
		callers.Wait()
	})
	holder.Wait()
	if n > 20 {
		t.Errorf("a hundred callers of a deaf store asked %d statements, want one question for the version and what it takes to load anew", n)
	}
}
