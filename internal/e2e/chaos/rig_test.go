package chaos_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// public is the address of the servers. Nothing listens there.
const public = "http://localhost:8080"

// sold is what the tenants of a run have: a meter without end, and one whose limits are reached within seconds, within a round, or hardly.
const sold = `version: 1
features:
  ai.tokens: {title: Tokens, meter: {unit: tokens, cost: 15000000, currency: USD}, numbers: {free: unlimited}}
  ai.calls: {title: Calls, meter: true, numbers: {free: 300, pro: 3000, team: 20000, enterprise: unlimited}}
`

// limits of ai.calls.
var limits = map[string]int64{"free": 300, "pro": 3_000, "team": 20_000}

// rig is an installation: one Postgres and some servers.
type rig struct {
	dir     string
	pg      *devpg.Cluster // the last one: only who kills it may look here while clients run
	owner   string         // the URL that checks count at, which a restart does not change
	env     []string
	servers []*server
	db      *db.DB // of the checks
}

// newRig makes the database in dir/pg and sells what is sold. No server runs yet.
func newRig(tb testing.TB, dir string) *rig {
	tb.Helper()
	r := &rig{dir: dir}
	late := context.WithoutCancel(tb.Context())
	tb.Cleanup(func() {
		if err := devpg.Remove(late, filepath.Join(dir, "pg")); err != nil {
			tb.Errorf("remove the cluster: %v", err)
		}
	})
	if err := r.startDatabase(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.pg.Stop(late) })
	if err := r.pg.EnsureDatabase(tb.Context(), "gatehouse"); err != nil {
		tb.Fatalf("make the database: %v", err)
	}
	r.owner = r.pg.URL(devpg.Superuser, "gatehouse")
	key := func() string {
		var b [32]byte
		_, _ = rand.Read(b[:]) // never fails
		return base64.StdEncoding.EncodeToString(b[:])
	}
	r.env = []string{
		"GATEHOUSE_DATABASE_URL=" + r.pg.URL("gatehouse_app", "gatehouse"), "GATEHOUSE_DATABASE_OWNER_URL=" + r.owner,
		"GATEHOUSE_MASTER_KEYS=chaos:" + key(), "GATEHOUSE_ROOT_SECRET=" + key(), "GATEHOUSE_BASE_URL=" + public, "GATEHOUSE_SMTP_URL=none",
	}
	file := filepath.Join(dir, "catalog.yaml")
	if err := os.WriteFile(file, []byte(sold), 0o600); err != nil {
		tb.Fatal(err)
	}
	for _, args := range [][]string{{"migrate", "up"}, {"catalog", "apply", file}} {
		if _, err := r.command(args...); err != nil {
			tb.Fatal(err)
		}
	}
	var err error
	if r.db, err = db.Open(tb.Context(), db.Config{URL: r.pg.URL("gatehouse_app", "gatehouse"), MaxConns: 2}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.db.Close)
	tb.Cleanup(func() {
		for _, s := range r.servers {
			_ = s.signal(syscall.SIGKILL)
			<-s.ended
		}
	})
	return r
}

// command runs a command of the program and returns what it prints.
func (r *rig) command(args ...string) ([]byte, error) {
	cmd := exec.Command(run.program, args...)
	cmd.Env = environment(r.env)
	out, err := cmd.Output()
	if e := (&exec.ExitError{}); errors.As(err, &e) {
		err = fmt.Errorf("gatehouse %s: %w: %s%s", strings.Join(args, " "), err, out, e.Stderr)
	}
	return out, err
}

// scale has so many servers run, and returns when they are ready.
func (r *rig) scale(n int) error {
	for len(r.servers) > n {
		s := r.servers[len(r.servers)-1]
		if err := s.stop(); err != nil {
			return err
		}
		r.servers = r.servers[:len(r.servers)-1]
	}
	for len(r.servers) < n {
		s := &server{env: r.env, clock: filepath.Join(r.dir, fmt.Sprintf("clock-%d", len(r.servers)))}
		if err := s.start(); err != nil {
			return err
		}
		r.servers = append(r.servers, s)
	}
	return r.ready()
}

// ready waits for those servers that do not stand still.
func (r *rig) ready() error {
	client := http.Client{Timeout: time.Second}
	deadline := time.Now().Add(patience)
	for _, s := range r.servers {
		for !s.still {
			res, err := client.Get("http://" + *s.address.Load() + "/readyz")
			if err == nil {
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					break
				}
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("a server is not ready: %s", s.log)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// startDatabase replaces what was started before. If it fails that stays, stopped as it is: it is stopped once more at the end.
func (r *rig) startDatabase(ctx context.Context) error {
	// Eight servers want more connections than Postgres has by itself.
	settings := map[string]string{"max_connections": "300"}
	pg, err := devpg.Start(ctx, devpg.Config{Dir: filepath.Join(r.dir, "pg"), Settings: settings})
	if err != nil {
		return fmt.Errorf("start the database: %w", err)
	}
	r.pg = pg
	return nil
}

// killDatabase kills Postgres by the id that it wrote down itself.
func (r *rig) killDatabase(ctx context.Context) error {
	data, err := r.data()
	if err != nil {
		return err
	}
	file, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the process of the database: %w", err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 {
		return fmt.Errorf("the process of the database is %q: %w", line, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the database: %w", err)
	}
	_ = r.pg.Stop(ctx) // says that it has ended by itself, which is true
	return nil
}

// data is the folder of the data of Postgres.
func (r *rig) data() (string, error) {
	var state struct{ Home string }
	raw, err := os.ReadFile(filepath.Join(r.pg.Dir, "postgres.json"))
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil {
		return "", fmt.Errorf("find the data of the database: %w", err)
	}
	if !filepath.IsAbs(state.Home) {
		state.Home = filepath.Join(r.pg.Dir, state.Home)
	}
	return filepath.Join(state.Home, "data"), nil
}

// tenant is one of a round.
type tenant struct {
	id, slug, plan, key string
}

// newTenant makes a tenant and a key of it that may record.
func (r *rig) newTenant(slug, plan string) (*tenant, error) {
	t := &tenant{slug: slug, plan: plan}
	var made struct {
		ID     string `json:"tenant_id"`
		Secret string `json:"api_key"`
	}
	for _, args := range [][]string{
		{"tenant", "create", "--slug", slug, "--plan", plan, "--owner", "olga@" + slug + ".example"}, {"apikey", "create", "--tenant", slug, "--role", "admin"},
	} {
		out, err := r.command(append(args, "--json")...)
		if err == nil {
			err = json.Unmarshal(out, &made)
		}
		if err != nil {
			return nil, fmt.Errorf("make tenant %s: %w", slug, err)
		}
	}
	t.id, t.key = made.ID, made.Secret
	return t, nil
}
