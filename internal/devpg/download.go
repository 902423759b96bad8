package devpg

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// download fetches Postgres into a cache that the user who will run it can
// reach, and returns the folder of its programs.
func download(ctx context.Context, major int) (string, error) {
	version, ok := map[int]embeddedpostgres.PostgresVersion{
		0:  embeddedpostgres.V17,
		14: embeddedpostgres.V14,
		15: embeddedpostgres.V15,
		16: embeddedpostgres.V16,
		17: embeddedpostgres.V17,
		18: embeddedpostgres.V18,
	}[major]
	if !ok {
		return "", fmt.Errorf("no download of Postgres %d", major)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "postgres-"+string(version))
	bin := filepath.Join(target, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil
	}
	// The user who runs Postgres has to reach the programs.
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}

	// The library cannot be interrupted. A caller who gives up leaves it to the
	// end of the process; only the rename below makes its work count.
	done := make(chan error, 1)
	go func() { done <- fetch(version, cache, target) }()
	select {
	case err := <-done:
		return bin, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// fetch downloads and unpacks into a folder beside target and renames it.
//
// The library offers these steps only as the beginning of starting a server.
// The start itself may fail, and as root it always does: what counts is that
// the programs are there afterwards.
func fetch(version embeddedpostgres.PostgresVersion, cache, target string) error {
	work, err := os.MkdirTemp(cache, "download-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	port, err := freePort()
	if err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	server := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).
		Port(uint32(port)).
		CachePath(filepath.Join(work, "archive")).
		RuntimePath(filepath.Join(work, "runtime")).
		BinariesPath(unpacked).
		Logger(io.Discard))
	startErr := server.Start()
	if startErr == nil {
		if err := server.Stop(); err != nil {
			return fmt.Errorf("stop the server of the download: %w", err)
		}
	}
	if _, err := os.Stat(filepath.Join(unpacked, "bin", "postgres")); err != nil {
		return fmt.Errorf("download Postgres %s: %w", version, startErr)
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	return os.Rename(unpacked, target)
}

// cacheDir is a folder of the machine for root, whose home is closed to the
// user that Postgres then runs as, and the user's own cache otherwise.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/gatehouse", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "gatehouse"), err
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
