package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/migrations"
)

// world is a release binary that serves on a real Postgres with fsync on, and a bare handler beside it.
type world struct {
	dir, url, bare string
	database       string
	master, root   string
	size           int64
	ready          time.Duration
	rss            float64
	pg             *devpg.Cluster
	server, other  *exec.Cmd
	log            logFile
}

func newWorld(ctx context.Context) (*world, error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	fresh := func() string { return base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize)) }
	w := &world{dir: dir, master: "bench:" + fresh(), root: fresh(), log: logFile{filepath.Join(dir, "server.log")}}
	for _, step := range []func(context.Context) error{w.build, w.postgres, w.serve, w.baseline} {
		if err := step(ctx); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *world) close() {
	for _, c := range []*exec.Cmd{w.server, w.other} {
		if c != nil && c.Process != nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	if w.pg != nil {
		_ = w.pg.Stop(context.Background())
		_ = devpg.Remove(context.Background(), w.pg.Dir) // whose data may lie elsewhere
	}
	_ = os.RemoveAll(w.dir)
}

func (w *world) build(ctx context.Context) error {
	path := filepath.Join(w.dir, "gatehouse")
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./cmd/gatehouse") //nolint:gosec // a path made above
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build the release binary: %w: %s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the release binary: %w", err)
	}
	w.size = info.Size()
	return nil
}

func (w *world) postgres(ctx context.Context) (err error) {
	if w.pg, err = devpg.Start(ctx, devpg.Config{Dir: filepath.Join(w.dir, "pg"), Settings: map[string]string{"max_connections": "200"}}); err != nil {
		return err
	}
	if err := w.pg.EnsureDatabase(ctx, "bench"); err != nil {
		return err
	}
	if err := migrations.CreateRoles(ctx, w.pg.URL(devpg.Superuser, "bench"), w.pg.Password); err != nil {
		return err
	}
	w.database = w.pg.URL("gatehouse_app", "bench")
	return migrations.Up(ctx, w.pg.URL("gatehouse_owner", "bench"))
}

func (w *world) serve(ctx context.Context) error {
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	w.url = "http://" + addr
	w.server = exec.CommandContext(ctx, filepath.Join(w.dir, "gatehouse"), "serve", "--addr", addr, "--metrics-addr", "127.0.0.1:0") //nolint:gosec // built above
	w.server.Env = []string{
		"GATEHOUSE_DATABASE_URL=" + w.database, "GATEHOUSE_BASE_URL=" + w.url, "GATEHOUSE_MASTER_KEYS=" + w.master,
		"GATEHOUSE_ROOT_SECRET=" + w.root, "GATEHOUSE_SMTP_URL=none",
	}
	out, err := w.log.open()
	if err != nil {
		return err
	}
	defer out.Close()
	w.server.Stderr = out
	begin := time.Now()
	if err := w.server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	if err := waitFor(ctx, w.url+"/readyz"); err != nil {
		return fmt.Errorf("%w: %s", err, w.log.all())
	}
	w.ready = time.Since(begin)
	time.Sleep(3 * time.Second) // idle: the first collections are over
	w.rss, err = residentMiB(w.server.Process.Pid)
	return err
}

func (w *world) baseline(ctx context.Context) error {
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	w.bare = "http://" + addr
	w.other = exec.CommandContext(ctx, self, "baseline", addr) //nolint:gosec // this program
	if err := w.other.Start(); err != nil {
		return fmt.Errorf("start the baseline: %w", err)
	}
	return waitFor(ctx, w.bare+"/me")
}

const (
	maxBinary = 45 // MB
	maxRSS    = 40 // MB
	maxStart  = 1  // s
)

func (w *world) binary() Row {
	mb := float64(w.size) / 1e6
	return Row{Name: "release binary", Value: mb, Unit: "MB", Target: fmt.Sprintf("< %d", maxBinary), Met: mb < maxBinary}
}

func (w *world) start() Row {
	s := w.ready.Seconds()
	return Row{Name: "start to ready, database up", Value: s, Unit: "s", Target: fmt.Sprintf("< %d", maxStart), Met: s < maxStart}
}

func (w *world) memory() Row {
	return Row{Name: "resident memory, idle", Value: w.rss, Unit: "MB", Target: fmt.Sprintf("< %d", maxRSS), Met: w.rss < maxRSS}
}

func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func waitFor(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("wait for %s: %w", url, err)
		}
		if res, err := (&http.Client{}).Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return errors.New("the server does not become ready")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// residentMiB reads VmRSS.
func residentMiB(pid int) (float64, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, fmt.Errorf("read the server's memory: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb * 1024 / 1e6, err
		}
	}
	return 0, errors.New("the kernel does not tell the server's memory")
}
