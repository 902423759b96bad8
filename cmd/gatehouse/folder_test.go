package main_test

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// newFolder returns a folder that does not exist yet, for gatehouse dev. Its parent is open to all users, as a home in /home is to Postgres.
func newFolder(tb testing.TB, owner int) string {
	tb.Helper()
	base := ""
	var shm syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &shm); err == nil && shm.Bavail*uint64(shm.Bsize) > 1<<30 {
		base = "/dev/shm" // files in memory: a cluster is a thousand
	}
	parent, err := os.MkdirTemp(base, "gatehouse-dev-*") //nolint:usetesting // TempDir of tb is closed to other users
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(parent, "data")
	tb.Cleanup(func() {
		if owner == os.Getuid() {
			if err := devpg.Remove(context.WithoutCancel(tb.Context()), dir); err != nil {
				tb.Errorf("remove the database: %v", err)
			}
		}
		if err := os.RemoveAll(parent); err != nil {
			tb.Errorf("remove the folder: %v", err)
		}
	})
	if err := os.Chmod(parent, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chown(parent, owner, -1); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// processesIn are the ids of the processes that work in a folder or below it: those of its database.
func processesIn(tb testing.TB, dir string) (ids []int) {
	tb.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd")); err == nil && strings.HasPrefix(cwd, dir) {
			ids = append(ids, pid)
		}
	}
	return ids
}

// postmaster is the process that all others of the database belong to.
func postmaster(tb testing.TB, dir string) int {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// freeAddress is one that nobody listens on.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mustBeFree fails unless one can listen on an address.
func mustBeFree(tb testing.TB, addr string) {
	tb.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		tb.Errorf("after the end: %v, want the address free", err)
		return
	}
	_ = l.Close()
}

// mustBeSecret fails unless every file of ours in the folder is for its owner alone.
func mustBeSecret(tb testing.TB, dir string, names ...string) {
	tb.Helper()
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			tb.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			tb.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o066 != 0 {
		tb.Errorf("the folder has mode %v (%v), want that others can neither list nor change it", modeOf(info), err)
	}
}

func modeOf(info fs.FileInfo) string {
	if info == nil {
		return "none"
	}
	return info.Mode().String()
}

// eventually waits for what another process brings about.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	tb.Errorf("waited in vain until %s", what)
}

// nothingLeft fails if anything of gatehouse dev outlives it.
func nothingLeft(tb testing.TB, dir string, addrs ...string) {
	tb.Helper()
	if ids := processesIn(tb, dir); len(ids) != 0 {
		tb.Errorf("processes %v are left of the database", ids)
	}
	if _, err := os.Stat(filepath.Join(dir, "gatehouse.env")); err == nil {
		tb.Error("gatehouse.env is left, as if it still ran")
	}
	for _, a := range addrs {
		mustBeFree(tb, a)
	}
}

func address(tb testing.TB, base string) string {
	tb.Helper()
	host, ok := strings.CutPrefix(base, "http://")
	if !ok {
		tb.Fatalf("%q is no address of gatehouse dev", base)
	}
	return host
}
