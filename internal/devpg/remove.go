package devpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove deletes the database of dir, so that the next Start makes a new one.
// It ends what a killed owner left running, and returns ErrInUse if the folder
// has a living owner.
func Remove(ctx context.Context, dir string) error {
	dir, err := makeDir(dir)
	if err != nil {
		return fmt.Errorf("find the folder of the database: %w", err)
	}
	l, err := acquireSoon(filepath.Join(dir, lockFile))
	if err != nil {
		return fmt.Errorf("database folder %s: %w", dir, err)
	}
	defer l.release()
	a, err := findAccount()
	if err != nil {
		return err
	}
	for _, path := range []string{filepath.Join(dir, insideName), outsideOf(dir)} {
		if err := (home{account: a, path: path}).discard(ctx); err != nil {
			return fmt.Errorf("remove %s: %w", path, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, stateFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
