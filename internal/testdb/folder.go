package testdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const (
	// memoryDir is where Linux keeps files in memory. A database is some three
	// hundred files, and on many a disk making them takes ten times as long.
	memoryDir = "/dev/shm"
	// memoryNeeded is the room for several servers. A container often has less.
	memoryNeeded = 1 << 30
)

// baseDir returns the folder of all test servers of this user. Its name is no
// secret, so it counts only if it is this user's.
func baseDir() (string, error) {
	parent := os.TempDir()
	if roomy(memoryDir) {
		parent = memoryDir
	}
	dir := filepath.Join(parent, "gatehouse-testdb-"+strconv.Itoa(os.Getuid()))
	// Root's Postgres runs as another user, who has to pass through.
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s belongs to another user; remove it", dir)
	}
	return dir, nil
}

// roomy reports whether a folder exists and has the room for test servers.
func roomy(dir string) bool {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false
	}
	return fs.Bavail*uint64(fs.Bsize) >= memoryNeeded
}
