package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// diskSize is enough for a cluster, its log and the load of some seconds.
const diskSize = "320m"

// fillDisk is a round with one server, whose database lies on a small disk. It is full for a while; then there is room again, and an
// administrator starts what has not come back by itself.
func fillDisk(ctx context.Context, tb testing.TB, counts *tally, seed uint64) error {
	tb.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "gatehouse-chaos-disk-") // where the account of Postgres may go
	if err != nil {
		return err
	}
	tb.Cleanup(func() { _ = os.Remove(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755,size="+diskSize); err != nil {
		return fmt.Errorf("mount a small disk, which only root may: %w", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			tb.Errorf("unmount the small disk: %v", err)
		}
	})
	rig := newRig(tb, dir)
	if data, err := rig.data(); err != nil || !strings.HasPrefix(data, dir) {
		return errors.Join(err, fmt.Errorf("the database is in %s, and not on the small disk", data))
	}
	r := &round{rig: rig, tally: counts, seed: seed, number: 0, part: part{servers: 1}}
	return r.play(ctx, func(ctx context.Context) error {
		time.Sleep(2 * time.Second)
		before := counts.of(clearly)
		if err := r.full(filepath.Join(dir, "balloon"), 6*time.Second); err != nil {
			return err
		}
		n := counts.of(clearly) - before
		if counts.add(full, n); n == 0 {
			counts.violate(unclear, 1, "while the disk was full nothing was refused")
		}
		return r.revive(ctx)
	})
}

// full takes all of the room on the disk, and what becomes free again, for a while.
func (r *round) full(balloon string, last time.Duration) error {
	f, err := os.Create(balloon)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(balloon) }()
	defer f.Close()
	chunk := make([]byte, 1<<20)
	for began := time.Now(); time.Since(began) < last; {
		n, err := f.Write(chunk)
		if err == nil && n == len(chunk) {
			continue
		}
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// revive starts Postgres if it has given up, as it does when it cannot write its log.
func (r *round) revive(ctx context.Context) error {
	time.Sleep(2 * time.Second)
	select {
	case <-r.pg.Wait(): //nolint:errcheck // whatever it says
		_ = r.pg.Stop(ctx) // says that it has ended by itself
		if err := r.startDatabase(ctx); err != nil {
			return err
		}
	default:
	}
	if err := r.ready(); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	return nil
}
