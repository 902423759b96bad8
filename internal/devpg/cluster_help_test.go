package devpg_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// newDir returns the path of a folder that does not exist yet. Its parents are
// open to all users, so that the data can lie inside even for root.
func newDir(tb testing.TB) string {
	tb.Helper()
	base := ""
	var shm syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &shm); err == nil && shm.Bavail*uint64(shm.Bsize) > 1<<30 {
		base = "/dev/shm" // files in memory: initdb makes a thousand
	}
	parent, err := os.MkdirTemp(base, "devpg-*") //nolint:usetesting // TempDir of tb is closed to other users
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(parent, "db")
}

func start(tb testing.TB, dir string) *devpg.Cluster {
	tb.Helper()
	c, err := devpg.Start(tb.Context(), devpg.Config{Dir: dir, Fast: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, c) })
	return c
}

func stop(tb testing.TB, c *devpg.Cluster) {
	tb.Helper()
	// The context of the test is canceled before its clean-up.
	if err := c.Stop(context.WithoutCancel(tb.Context())); err != nil {
		tb.Errorf("Stop = %v, want nil", err)
	}
}

func connect(tb testing.TB, c *devpg.Cluster) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), c.AdminURL())
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

func exec(tb testing.TB, c *devpg.Cluster, sql string) {
	tb.Helper()
	conn := connect(tb, c)
	defer func() { _ = conn.Close(tb.Context()) }()
	if _, err := conn.Exec(tb.Context(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

func queryText(tb testing.TB, c *devpg.Cluster, sql string) string {
	tb.Helper()
	conn := connect(tb, c)
	defer func() { _ = conn.Close(tb.Context()) }()
	var s string
	if err := conn.QueryRow(tb.Context(), sql).Scan(&s); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return s
}

func queryInt(tb testing.TB, c *devpg.Cluster, sql string) int {
	tb.Helper()
	n, err := strconv.Atoi(queryText(tb, c, "SELECT ("+sql+")::text"))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func dataOf(tb testing.TB, c *devpg.Cluster) string {
	tb.Helper()
	return homeOf(tb, c.Dir) + "/data"
}

// listen takes a port for the length of the test.
func listen(tb testing.TB, port int) {
	tb.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(tb.Context(), "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
}

// eventually waits for a condition that another process brings about.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	tb.Fatalf("waited in vain until %s", what)
}
