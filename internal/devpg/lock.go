package devpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse says that another process runs the server of the folder.
var ErrInUse = errors.New("already in use")

const (
	lockFile = "postgres.lock"
	// lockWait outlasts the moment in which Find holds the lock of a folder
	// that nobody uses.
	lockWait = 50 * time.Millisecond
)

// A lock is a file lock that the kernel releases when the process ends, however
// it ends. The file is never removed: removing it would let two processes lock
// two files of one name.
type lock struct{ file *os.File }

// acquire takes the lock, or fails at once with ErrInUse and the owner's id.
func acquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := io.ReadAll(io.LimitReader(f, 32))
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, fmt.Errorf("%w by process %s", ErrInUse, strings.TrimSpace(string(owner)))
	}
	return &lock{file: f}, nil
}

// acquireSoon is acquire with a little patience.
func acquireSoon(path string) (*lock, error) {
	deadline := time.Now().Add(lockWait)
	for {
		l, err := acquire(path)
		if !errors.Is(err, ErrInUse) || time.Now().After(deadline) {
			return l, err
		}
		time.Sleep(pollInterval)
	}
}

// sign writes the process id into the lock, for the message of ErrInUse.
func (l *lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func (l *lock) release() { _ = l.file.Close() }
