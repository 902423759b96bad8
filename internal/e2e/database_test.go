package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// loseDatabase kills Postgres under traffic. Until it is back, nobody is let in on what a server remembers; then everything goes on by
// itself, and no change was made by half.
func loseDatabase(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	owner := acme.owner(t, 0)
	member := acme.signIn(t, 0, "max").me().Membership
	var traffic traffic
	for i := range f.servers {
		person := acme.signIn(t, i, "mia")
		reader := person.bearer(person.cookies[accessCookie])
		traffic.keep(func() (answer, error) { return reader.try(http.MethodGet, "/v1/me", nil) })
		script := acme.admin(t, i)
		traffic.keep(func() (answer, error) {
			return script.try(http.MethodPost, "/v1/check", strings.NewReader(`{"permission":"members:write"}`), "Content-Type", "application/json")
		})
		boss, turn := f.at(owner, i).bearer(owner.cookies[accessCookie]), 0
		traffic.keep(func() (answer, error) {
			turn++
			body := `{"role":"` + [2]string{"member", "viewer"}[turn%2] + `"}`
			return boss.try(http.MethodPatch, "/v1/members/"+member, strings.NewReader(body), "Content-Type", "application/json")
		})
		token := acme.signIn(t, i, "noah").cookies[refreshCookie]
		nobody := f.visit(t, i)
		traffic.keep(func() (answer, error) {
			nobody.header.Set("X-Forwarded-For", fmt.Sprintf("198.18.0.%d", time.Now().UnixNano()%250)) // one address may refresh only so often
			a, err := nobody.try(http.MethodPost, "/v1/session/refresh", strings.NewReader(`{"refresh_token":"`+token+`"}`),
				"Content-Type", "application/json")
			var next struct {
				Refresh string `json:"refresh_token"`
			}
			if err == nil && a.status == http.StatusOK && json.Unmarshal([]byte(a.body), &next) == nil {
				token = next.Refresh
			}
			time.Sleep(20 * time.Millisecond)
			return a, err
		})
	}
	stop := traffic.start(t)
	within(t, patience, "the traffic flows", func() bool { return traffic.passed.Load() > 50 })

	killDatabase(t, f.pg)
	killed := time.Now()
	traffic.down.Store(true)
	// The bound for what was revoked meanwhile is a second; then nothing is let pass.
	time.Sleep(bound + 500*time.Millisecond)
	traffic.dark.Store(true)
	for i := range f.servers {
		v := f.visit(t, i)
		v.get("/healthz").is(http.StatusOK)
		v.get("/readyz").is(http.StatusServiceUnavailable)
		v.get("/login").is(http.StatusOK)
		page := v.post("/login", "email", "mia@acme.example").is(http.StatusServiceUnavailable)
		page.shows("<code>database_unavailable</code>", "<code>"+page.header.Get("X-Request-Id")+"</code>")
		acme.admin(t, i).call(http.MethodGet, "/v1/members", nil).refused(http.StatusServiceUnavailable, "database_unavailable")
	}
	time.Sleep(500 * time.Millisecond)
	traffic.dark.Store(false)

	late := context.WithoutCancel(t.Context())
	_ = f.pg.Stop(late) // says that it has ended by itself, which is true
	again, err := devpg.Start(t.Context(), devpg.Config{Dir: f.pg.Dir})
	if err != nil {
		t.Fatalf("start the database again: %v", err)
	}
	f.pg = again
	back := time.Now()
	for i := range f.servers {
		f.awaitReady(t, i)
	}
	traffic.down.Store(false)
	recovered := time.Since(back)
	passed := traffic.passed.Load()
	within(t, patience, "the traffic flows again", func() bool { return traffic.passed.Load() > passed+50 })
	stop()
	t.Logf("the database was gone for %v; both servers were ready %v after it was back; %s",
		back.Sub(killed).Round(time.Millisecond), recovered.Round(time.Millisecond), traffic.String())
	whole(t, observer(f.pg.URL(devpg.Superuser, "gatehouse")), member)
	if got := acme.signIn(t, 1, "mia").me(); got.Email != "mia@acme.example" {
		t.Errorf("afterwards, me = %+v, want mia", got)
	}
}

// killDatabase kills Postgres by the id that it wrote down itself.
func killDatabase(tb testing.TB, pg *devpg.Cluster) {
	tb.Helper()
	var state struct{ Home string }
	raw, err := os.ReadFile(filepath.Join(pg.Dir, "postgres.json"))
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil {
		tb.Fatalf("find the data of the database: %v", err)
	}
	home := state.Home
	if !filepath.IsAbs(home) {
		home = filepath.Join(pg.Dir, home)
	}
	file, err := os.ReadFile(filepath.Join(home, "data", "postmaster.pid"))
	if err != nil {
		tb.Fatalf("find the process of the database: %v", err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 {
		tb.Fatalf("the process of the database is %q: %v", line, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		tb.Fatalf("kill the database: %v", err)
	}
}

// whole checks what must hold whenever a transaction was cut off.
func whole(tb testing.TB, o observer, changed string) {
	tb.Helper()
	var member id.Membership
	if err := member.UnmarshalText([]byte(changed)); err != nil {
		tb.Fatalf("membership %q: %v", changed, err)
	}
	conn, err := pgx.Connect(tb.Context(), string(o))
	if err != nil {
		tb.Fatalf("connect as superuser: %v", err)
	}
	defer conn.Close(tb.Context())
	for what, query := range map[string]string{
		"sessions whose newest refresh token is not the one they name": `SELECT count(*) FROM sessions s WHERE refresh_generation IS DISTINCT FROM
			(SELECT max(generation) FROM refresh_tokens r WHERE r.tenant_id = s.tenant_id AND r.session_id = s.id)`,
		"members whose role is not that of their last event": `SELECT count(*) FROM memberships WHERE id = '` + member.UUID().String() + `'
			AND role IS DISTINCT FROM (SELECT data ->> 'to' FROM events WHERE type = 'member.role_changed' AND target_id = '` + changed + `'
				ORDER BY id DESC LIMIT 1)`,
		"tenants without an owner": `SELECT count(*) FROM tenants t WHERE status <> 'installation' AND NOT EXISTS
			(SELECT FROM memberships m WHERE m.tenant_id = t.id AND m.role = 'owner' AND m.status = 'active')`,
	} {
		var n int
		if err := conn.QueryRow(tb.Context(), query).Scan(&n); err != nil {
			tb.Fatalf("count %s: %v", what, err)
		}
		if n != 0 {
			tb.Errorf("%d %s", n, what)
		}
	}
}

// traffic is requests without end, and what is demanded of their answers.
type traffic struct {
	calls           []func() (answer, error)
	passed, refused atomic.Int64
	down, dark      atomic.Bool // the database is gone; and for longer than anything may be let pass
	mistakes        sync.Map
}

func (f *traffic) keep(call func() (answer, error)) { f.calls = append(f.calls, call) }

// start returns what stops the traffic.
func (f *traffic) start(tb testing.TB) func() {
	tb.Helper()
	end := make(chan struct{})
	var all sync.WaitGroup
	for _, call := range f.calls {
		all.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
					if a, err := call(); tb.Context().Err() == nil {
						f.judge(a, err)
					}
				}
			}
		})
	}
	stop := sync.OnceFunc(func() {
		close(end)
		all.Wait()
		f.mistakes.Range(func(what, _ any) bool {
			tb.Error(what)
			return true
		})
	})
	tb.Cleanup(stop)
	return stop
}

// judge demands success or, when the database was gone at any moment of the request, the problem document that says so.
func (f *traffic) judge(a answer, err error) {
	switch {
	case err != nil:
		f.mistakes.Store(fmt.Sprintf("no answer: %v", err), nil)
	case a.status/100 == 2:
		f.passed.Add(1)
		if f.dark.Load() {
			f.mistakes.Store(a.to+" was let pass although the database has been gone for a second", nil)
		}
	case a.status == http.StatusServiceUnavailable && a.header.Get("Content-Type") == "application/problem+json":
		f.refused.Add(1)
		if a.took > 10*time.Second {
			f.mistakes.Store(fmt.Sprintf("%s was refused only after %v", a.to, a.took), nil)
		}
	default:
		f.mistakes.Store(fmt.Sprintf("%s = %d %s %s", a.to, a.status, a.header.Get("Content-Type"), a.body), nil)
	}
	if a.status == http.StatusServiceUnavailable {
		time.Sleep(10 * time.Millisecond)
	}
}

func (f *traffic) String() string {
	return fmt.Sprintf("%d requests passed and %d were answered 503", f.passed.Load(), f.refused.Load())
}
