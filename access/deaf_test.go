package access_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestCH_07_ListenerLosesItsConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid, gone := w.session(m, "google"), w.session(m, "google")
	s := w.store()
	for range 3 {
		want(t, "the session", w.ask(s, sid), "admin on team")
		want(t, "the other session", w.ask(s, gone), "admin on team")
		endConnections(t, w.admin, w.name(), "%clock_timestamp() FROM pg_notify%")
		w.setRole(m, rbac.Viewer)
		w.revoke(gone)
		w.soon("the role is the new one", func() bool { return w.ask(s, sid) == "viewer on team" })
		w.soon("the session has ended", func() bool { return w.ask(s, gone) == "session_revoked" })
		w.within(3*time.Second, "the listener is back", func() bool { return s.Age() < 400*time.Millisecond })
		w.setRole(m, rbac.Admin)
		gone = w.session(m, "google")
		w.soon("the role is back", func() bool { return w.ask(s, sid) == "admin on team" })
	}
}

func TestDeafStoreAsksForTheVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "google")
	_, cred := w.key(m, tenants.NewKey{Name: "ci", Role: rbac.Admin})
	s := w.deaf(w.config())
	want(t, "a session", w.ask(s, sid), "admin on team")
	want(t, "a key", say(s.Key(t.Context(), cred)), "admin on team")
	_ = w.ask(s, sid)
	n := w.countSQL(func(ctx context.Context) { _, err := s.Session(ctx, w.tenant.ID, sid); must(t, err) })
	if n != 2 {
		t.Errorf("a deaf store asks %d statements of a known session, want 2: the scope's and the version", n)
	}
	if s.Stats().Revalidations.Load() == 0 {
		t.Error("no revalidation was counted")
	}
	w.setRole(m, rbac.Viewer) // and nobody tells the store
	want(t, "a demoted member's session", w.ask(s, sid), "viewer on team")
	want(t, "a demoted member's key", say(s.Key(t.Context(), cred)), "viewer on team")
	w.revoke(sid)
	want(t, "a revoked session", w.ask(s, sid), "session_revoked")
}

// Another caller's load brings the tenant's snapshot up to date, and proves nothing of the rest that is held.
func TestDeafStoreTrustsNoNeighborsVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	first, second := w.session(m, "google"), w.session(w.owner, "google")
	cfg := w.config()
	s, stop := w.run(cfg)
	want(t, "the first session", w.ask(s, first), "admin on team")
	stop()
	w.revoke(first)
	want(t, "the second session", w.ask(s, second), "owner on team") // within the grace: nothing is checked, and the tenant is loaded anew
	w.within(3*time.Second, "the store knows that it is deaf", func() bool { return s.Age() > 500*time.Millisecond })
	want(t, "the second session", w.ask(s, second), "owner on team")
	want(t, "the first session, which was revoked", w.ask(s, first), "session_revoked")
}

func TestAZ_15_DatabaseGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	_, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member})
	admin := connect(t, testdb.New(t).AdminURL) // in another database, from where this one can be closed
	cfg := w.config()
	cfg.DB = w.open()
	s, _ := w.run(cfg)
	want(t, "a session", w.ask(s, sid), "owner on team")
	want(t, "a key", say(s.Key(t.Context(), cred)), "member on team")

	database := w.name()
	allow := func(yes string) {
		t.Helper()
		_, err := admin.Exec(t.Context(), "ALTER DATABASE "+database+" ALLOW_CONNECTIONS "+yes)
		must(t, err)
	}
	allow("false")
	endConnections(t, admin, database, "%")
	lost := time.Now()
	for {
		got, key, age := w.ask(s, sid), say(s.Key(t.Context(), cred)), s.Age()
		if got == "database_unavailable" {
			if age < time.Second {
				t.Errorf("refused when the last beat was %v old, want the snapshot until 1s", age)
			}
			want(t, "a key when a session is refused", key, "database_unavailable")
			break
		}
		want(t, "a session before that", got, "owner on team")
		if key != "member on team" && age < 900*time.Millisecond { // later the time may have run out in between
			t.Errorf("a key when the last beat was %v old = %q", age, key)
		}
		if age > 1100*time.Millisecond {
			t.Fatalf("served when the last beat was %v old, want a refusal after 1s", age)
		}
	}
	t.Logf("refused %v after the database was gone", time.Since(lost).Round(time.Millisecond))
	_, err := s.Session(t.Context(), w.tenant.ID, sid)
	if e := errs.As(err); e.Kind != errs.Unavailable {
		t.Errorf("Session without a database = %v, want it unavailable", err)
	}
	if d := s.Decide(nil, err, rbac.MembersRead, ""); d.Allowed || d.Clause != "database_unavailable" {
		t.Errorf("Decide without a database = %+v, want a refusal", d)
	}
	if _, err := s.Key(t.Context(), cred); errs.As(err).Kind != errs.Unavailable {
		t.Errorf("Key without a database = %v, want it unavailable and not a bad key", err)
	}
	if s.Stats().Refusals.Load() == 0 {
		t.Error("no refusal was counted")
	}
	allow("true")
	w.within(5*time.Second, "the session works again", func() bool { return w.ask(s, sid) == "owner on team" })
	w.within(5*time.Second, "the listener is back", func() bool { return s.Age() < 400*time.Millisecond })
}

// A beat that was long under way says nothing of the time since it was sent: what was announced after it is under way too.
func TestLateBeatsVouchForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sids := []id.Session{w.session(w.owner, "google"), w.session(w.owner, "google"), w.session(w.owner, "google")}
	late := newLine(t, w.base.URL)
	cfg := w.config()
	cfg.DB = w.openAt(late.url)
	s, _ := w.run(cfg)
	for _, sid := range sids {
		want(t, "a session", w.ask(s, sid), "owner on team")
	}
	late.listeners.Store(int64(800 * time.Millisecond))
	w.within(3*time.Second, "the beats are late", func() bool { return s.Age() > 700*time.Millisecond })
	for _, sid := range sids {
		w.revoke(sid)
		want(t, "a revoked session", w.ask(s, sid), "session_revoked")
		time.Sleep(300 * time.Millisecond)
	}
}

// A database that takes queries and does not answer them is worse than one that is gone.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	cfg := w.config()
	cfg.DB = w.open()
	s := w.deaf(cfg)
	want(t, "a session", w.ask(s, sid), "owner on team")
	tx, err := w.admin.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE tenant_state IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	begun := time.Now()
	got := w.ask(s, sid)
	if took := time.Since(begun); got != "database_unavailable" || took > 2*time.Second {
		t.Errorf("with a database that hangs a session is %q after %v, want a refusal after 1s", got, took)
	}
	must(t, tx.Rollback(t.Context()))
	w.within(3*time.Second, "the session works again", func() bool { return w.ask(s, sid) == "owner on team" })
}

// A load that waited may bring what was true before the wait.
func TestSlowLoadIsNotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Admin)
	sid := w.session(m, "google")
	cfg := w.config()
	one, err := db.Open(t.Context(), db.Config{URL: w.base.URL, MaxConns: 1})
	must(t, err)
	t.Cleanup(one.Close)
	cfg.DB = one
	s, _ := w.run(cfg)
	want(t, "a session", w.ask(s, sid), "admin on team")
	w.setRole(m, rbac.Member) // drops the member: the session's snapshot stays
	w.soon("the member is loaded again", func() bool { return w.ask(s, sid) == "member on team" })
	w.setRole(m, rbac.Viewer)
	time.Sleep(50 * time.Millisecond) // the store has heard of it and holds no member
	hold, release := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		err := one.System(t.Context(), func(*db.SystemTx) error { close(hold); <-release; return nil })
		if err != nil {
			t.Errorf("hold the only connection: %v", err)
		}
	})
	<-hold
	answer := make(chan string, 1)
	go func() { answer <- w.ask(s, sid) }() // finds the session in memory and waits for the member
	time.Sleep(200 * time.Millisecond)
	w.revoke(sid)
	time.Sleep(1200 * time.Millisecond)
	close(release)
	want(t, "a session that was revoked while its member was loaded", <-answer, "session_revoked")
	done.Wait()
}
