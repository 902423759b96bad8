package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that Postgres runs as. Postgres refuses to run as root,
// so root lends it to a user with fewer rights.
type account struct {
	name       string
	uid, gid   int
	credential *syscall.Credential // nil: the user of this process
}

func findAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 31)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 31)
		if uidErr != nil || gidErr != nil || uid == 0 {
			continue
		}
		return account{
			name: name, uid: int(uid), gid: int(gid),
			credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		}, nil
	}
	return account{}, errors.New("postgres does not run as root, and the machine has no user postgres or nobody; add one")
}

// command prepares a program of Postgres to run in dir. The environment of this
// process stays here: it may hold secrets, and PG* variables that would change
// what Postgres does.
func (a account) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return cmd
}

// give makes path belong to the account.
func (a account) give(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// makeHome creates dir for the account alone and proves that the account can
// work there and run the programs. An existing dir must already be its own:
// under /var/tmp anybody may have made it.
func (a account) makeHome(ctx context.Context, dir string, bin Binaries) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case err == nil:
		if err := a.give(dir); err != nil {
			return err
		}
	case errors.Is(err, os.ErrExist):
		if err := a.owns(dir); err != nil {
			return err
		}
	default:
		return err
	}
	// Only the kernel knows the answer: it depends on every parent folder,
	// access lists and mount options.
	return a.command(ctx, dir, filepath.Join(bin.Dir, "postgres"), "--version").Run()
}

func (a account) owns(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != a.uid {
		return fmt.Errorf("%s is not a folder of the user that Postgres runs as; remove it", dir)
	}
	return nil
}
