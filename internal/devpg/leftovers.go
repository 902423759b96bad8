package devpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftovers ends every process that still works on the data: a server whose
// owner was killed, or the children of a server that was killed itself. The
// caller holds the lock of the folder, so nobody else answers for them.
func endLeftovers(ctx context.Context, data string) error {
	named, err := namedPostmaster(data)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{fastShutdown, fastPatience}, {immediateShutdown, immediatePatience}, {syscall.SIGKILL, immediatePatience}} {
		pids := leftovers(data, named)
		if len(pids) == 0 {
			return dropStalePid(data, named)
		}
		// In a fast shutdown the server itself ends its children.
		if s.signal == fastShutdown && slices.Contains(pids, named) {
			_ = syscall.Kill(named, s.signal)
		} else if s.signal == fastShutdown {
			continue
		} else {
			for _, pid := range pids {
				_ = syscall.Kill(pid, s.signal)
			}
		}
		if err := awaitNone(ctx, data, named, s.patience); err != nil {
			return err
		}
	}
	if pids := leftovers(data, named); len(pids) > 0 {
		return fmt.Errorf("processes %v still work on %s and cannot be ended", pids, data)
	}
	return dropStalePid(data, named)
}

func awaitNone(ctx context.Context, data string, named int, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for len(leftovers(data, named)) > 0 && time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
	return nil
}

// namedPostmaster returns the process id in postmaster.pid, 0 if there is none.
func namedPostmaster(data string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0, nil //nolint:nilerr // half-written by a server that was killed
	}
	return pid, nil
}

// dropStalePid removes postmaster.pid if its process id now belongs to a
// stranger: Postgres would take the stranger for a server and refuse to start.
// In all other cases the file stays, for it leads Postgres to shared memory
// that it has to clean up.
func dropStalePid(data string, named int) error {
	if named == 0 || errors.Is(syscall.Kill(named, 0), syscall.ESRCH) || !canSeeProcesses {
		return nil
	}
	err := os.Remove(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
