package testdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// serverVariable names the environment variable with the URL of a server to use
// instead of one of our own.
const serverVariable = "GATEHOUSE_TEST_DATABASE_URL"

// shared is the server of this test binary. It is a variable of the package
// because tests have nothing else in common to hang it on.
var shared tenancy

// tenancy counts the tests that use a server, and runs it while there are any.
// The count, not the end of the process, stops it: a test binary has no hook of
// ours at its end.
type tenancy struct {
	mu      sync.Mutex
	users   int
	server  server
	cluster *devpg.Cluster // nil: the server is not ours
}

func (t *tenancy) join(ctx context.Context) (server, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users == 0 {
		if err := t.open(ctx); err != nil {
			return server{}, errors.Join(err, t.close(ctx))
		}
	}
	t.users++
	return t.server, nil
}

func (t *tenancy) leave(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users--
	if t.users > 0 {
		return nil
	}
	return t.close(ctx)
}

func (t *tenancy) open(ctx context.Context) (err error) {
	admin := os.Getenv(serverVariable)
	if admin == "" {
		t.cluster, err = startFree(ctx)
		if err != nil {
			return err
		}
		admin = t.cluster.AdminURL()
	}
	t.server, err = parseServer(admin)
	if err != nil {
		return err
	}
	if t.cluster != nil {
		if err := t.server.sweep(ctx); err != nil {
			return fmt.Errorf("clear the test server: %w", err)
		}
	}
	return t.server.prepare(ctx)
}

func (t *tenancy) close(ctx context.Context) error {
	if t.cluster == nil {
		return nil
	}
	c := t.cluster
	t.cluster = nil
	return c.Stop(ctx)
}

// startFree starts the first server that no other process uses.
func startFree(ctx context.Context) (*devpg.Cluster, error) {
	base, err := baseDir()
	if err != nil {
		return nil, fmt.Errorf("prepare the folder of the test servers: %w", err)
	}
	for n := 1; ; n++ {
		dir := filepath.Join(base, strconv.Itoa(n))
		c, err := start(ctx, dir)
		if errors.Is(err, devpg.ErrInUse) {
			continue
		}
		return c, err
	}
}

// start makes the server anew if it does not start: these servers trade safety
// for speed, and one may not have survived a crash of the machine.
func start(ctx context.Context, dir string) (*devpg.Cluster, error) {
	cfg := devpg.Config{Dir: dir, Fast: true, Settings: map[string]string{
		"max_wal_size": "128MB", // the files may lie in memory
		"min_wal_size": "32MB",
		// Each server that a test starts has pools for requests, jobs and usage, and a listener; packages start dozens at once.
		"max_connections": "300",
	}}
	c, err := devpg.Start(ctx, cfg)
	if err == nil || errors.Is(err, devpg.ErrInUse) || errors.Is(err, devpg.ErrNoBinaries) {
		return c, err
	}
	if removeErr := devpg.Remove(ctx, dir); removeErr != nil {
		return nil, errors.Join(err, removeErr)
	}
	return devpg.Start(ctx, cfg)
}
