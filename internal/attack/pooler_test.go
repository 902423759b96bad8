package attack_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// A real PgBouncer in transaction mode, with fewer server connections than we have: everything works, and no role, tenant or
// time limit stays on a connection that somebody else gets next.
func TestDB_05_NothingLeaksThroughATransactionPooler(t *testing.T) {
	t.Parallel()
	var pooled string
	s := apitest.Start(t, func(cfg *gatehouse.Config) {
		cfg.DirectURL = cfg.DatabaseURL
		pooled = startPooler(t, cfg.DatabaseURL)
		cfg.DatabaseURL = pooled
	})
	a, b := newCompany(t, s, "alice"), newCompany(t, s, "bob")
	var wg sync.WaitGroup
	for _, c := range []company{a, b} {
		for range 4 {
			wg.Go(func() { wholeVisit(t, s, c) })
		}
	}
	wg.Wait()

	// Scopes of all kinds at once, some of which fail or panic, over two connections.
	for i := range 200 {
		wg.Go(func() {
			switch c := []company{a, b}[i%2]; i % 5 {
			case 0:
				if got := countMembers(t, s, c.ID); got < 4 {
					t.Errorf("%d members in scope of %s, want 4 or more", got, c.Slug)
				}
			case 1:
				if got := countMembers(t, s, id.New[id.Tenant]()); got != 0 {
					t.Errorf("%d members in scope of a tenant that is none", got)
				}
			case 2:
				boom := errors.New("boom")
				if err := s.Scope.Tenant(t.Context(), c.ID, func(*db.TenantTx) error { return boom }); !errors.Is(err, boom) {
					t.Errorf("a scope that fails = %v", err)
				}
			case 3:
				panicking(t, s, c.ID)
			case 4:
				err := s.Scope.System(t.Context(), func(tx *db.SystemTx) error {
					_, err := tenants.BySlug(t.Context(), tx, c.Slug)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()

	// What a stranger to us finds on the same connections.
	conn, err := pgx.Connect(t.Context(), pooled+"&default_query_exec_mode=cache_describe")
	must(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for range 20 {
		var role, tenant, timeout string
		must(t, conn.QueryRow(t.Context(),
			"SELECT current_user, COALESCE(current_setting('app.tenant_id', true), ''), current_setting('statement_timeout')").
			Scan(&role, &tenant, &timeout))
		if role != "gatehouse_app" || tenant != "" || timeout != "0" {
			t.Fatalf("a connection is left with role %q, tenant %q, statement timeout %s", role, tenant, timeout)
		}
		if _, err := conn.Exec(t.Context(), "SELECT count(*) FROM memberships"); err == nil {
			t.Fatal("memberships can be read outside of a scope")
		}
	}
	// Inside of a scope a statement still cannot run for ever.
	must(t, s.Scope.Tenant(t.Context(), a.ID, func(tx *db.TenantTx) error {
		var limit string
		err := tx.DB.Raw("SELECT current_setting('statement_timeout')").Scan(&limit).Error
		if limit != "10s" {
			t.Errorf("statement_timeout in a scope = %s, want 10s", limit)
		}
		return err
	}))
}

// wholeVisit signs in, asks, renews and leaves.
func wholeVisit(tb testing.TB, s *apitest.Server, c company) {
	tb.Helper()
	v := newBrowser(s)
	login := map[bool]string{true: "alice", false: "bob"}[c.IDP.Users()[len(c.IDP.Users())-1].Login == "alice"]
	if a := v.signIn(tb, c.Tenant, c.connection, login); a.StatusCode != 303 {
		tb.Errorf("sign-in = %d: %s", a.StatusCode, a.Text)
		return
	}
	session := s.Session(tb, c.Tenant, rbac.Owner)
	owner := s.Bearer(session)
	for path, want := range map[string]string{"/v1/members": "@" + c.Domain, "/v1/tenant": c.Slug, "/v1/events": "sign_in.succeeded"} {
		if a := owner.Do(tb, "GET", path, nil); a.StatusCode != 200 || !strings.Contains(string(a.Text), want) {
			tb.Errorf("GET %s = %d without %q: %s", path, a.StatusCode, want, a.Text)
		}
	}
	for _, tt := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"POST", "/v1/check", map[string]any{"permission": "members:read"}, 200},
		{"POST", "/v1/api-keys", map[string]any{"name": "k", "role": "viewer"}, 201},
		{"POST", "/v1/session/refresh", map[string]any{"refresh_token": session.Refresh}, 200},
		{"DELETE", "/v1/session", nil, 204},
		{"GET", "/v1/me", nil, 401},
	} {
		if a := owner.Do(tb, tt.method, tt.path, tt.body); a.StatusCode != tt.want {
			tb.Errorf("%s %s = %d, want %d: %s", tt.method, tt.path, a.StatusCode, tt.want, a.Text)
		}
	}
}

func countMembers(tb testing.TB, s *apitest.Server, tenant id.Tenant) (n int) {
	tb.Helper()
	err := s.Scope.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT count(*) FROM memberships").Scan(&n).Error
	})
	if err != nil {
		tb.Error(err)
	}
	return n
}

func panicking(tb testing.TB, s *apitest.Server, tenant id.Tenant) {
	tb.Helper()
	defer func() {
		if recover() == nil {
			tb.Error("the panic of a scope was swallowed")
		}
	}()
	_ = s.Scope.Tenant(tb.Context(), tenant, func(*db.TenantTx) error { panic("boom") })
}

// startPooler runs PgBouncer before a database, with two server connections, and returns its address for the same role.
func startPooler(tb testing.TB, databaseURL string) string {
	tb.Helper()
	to, err := url.Parse(databaseURL)
	must(tb, err)
	binary, err := exec.LookPath("pgbouncer")
	if err != nil {
		if binary = "/usr/sbin/pgbouncer"; !exists(binary) {
			tb.Fatal("PgBouncer is missing: install it, for example with apt-get install pgbouncer")
		}
	}
	dir, err := os.MkdirTemp("", "gatehouse-pooler-") //nolint:usetesting // the pooler's user could not enter that of the test
	must(tb, err)
	tb.Cleanup(func() { must(tb, os.RemoveAll(dir)) })
	port := freePort(tb)
	password, _ := to.User.Password()
	name := strings.TrimPrefix(to.Path, "/")
	config := fmt.Sprintf(`[databases]
%s = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`, name, to.Hostname(), to.Port(), to.User.Username(), password, port)
	file := filepath.Join(dir, "pgbouncer.ini")
	must(tb, os.WriteFile(file, []byte(config), 0o600))
	args := []string{"-q", file}
	if os.Getuid() == 0 { // which it refuses to be
		args = append([]string{"-u", "nobody"}, args...)
		owner(tb, dir, file)
	}
	cmd := exec.Command(binary, args...)
	var said strings.Builder
	cmd.Stderr = &said
	must(tb, cmd.Start())
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if tb.Failed() {
			tb.Logf("PgBouncer:\n%s", said.String())
		}
	})
	waitFor(tb, port)
	to.Host = fmt.Sprintf("127.0.0.1:%d", port)
	to.RawQuery = "sslmode=disable"
	return to.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// owner gives files to the user that the pooler becomes.
func owner(tb testing.TB, paths ...string) {
	tb.Helper()
	u, err := user.Lookup("nobody")
	must(tb, err)
	uid, err := strconv.Atoi(u.Uid)
	must(tb, err)
	for _, path := range paths {
		must(tb, os.Chown(path, uid, -1))
	}
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func waitFor(tb testing.TB, port int) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
			return
		}
	}
	tb.Fatal("PgBouncer does not listen")
}
