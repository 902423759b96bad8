package devpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// insideName is the sub-folder of a home inside the folder of the server.
const insideName = "postgres"

// home is the folder of the data and the account that owns it.
type home struct {
	account
	path string
}

func (h home) data() string { return filepath.Join(h.path, "data") }

// openHome returns the home of dir, making it if need be: inside dir if the
// account can work there, else under /var/tmp (which, unlike /tmp, survives a
// restart of the machine).
func openHome(ctx context.Context, dir string, s state, a account, bin Binaries) (home, error) {
	inside := home{account: a, path: filepath.Join(dir, insideName)}
	outside := home{account: a, path: outsideOf(dir)}
	if s.Home == "" {
		// The folder was made anew. What its predecessor left outside has
		// lost its password.
		if err := outside.discard(ctx); err != nil {
			return home{}, err
		}
	}

	if s.Home == "" || s.Home == insideName {
		err := a.makeHome(ctx, inside.path, bin)
		if err == nil {
			return inside, nil
		}
		if !errors.Is(err, fs.ErrPermission) || a.credential == nil {
			return home{}, fmt.Errorf("prepare %s: %w", inside.path, err)
		}
		if s.Home == insideName {
			return home{}, fmt.Errorf("the user %s cannot reach %s any more: %w", a.name, inside.path, err)
		}
		_ = os.Remove(inside.path) // it is empty and not used
	}
	if err := a.makeHome(ctx, outside.path, bin); err != nil {
		return home{}, fmt.Errorf("prepare %s for the user %s: %w", outside.path, a.name, err)
	}
	return outside, nil
}

// find returns the place of the data that the state names, empty if none.
func (s state) find(dir string) (string, error) {
	switch s.Home {
	case "":
		return "", nil
	case insideName:
		return filepath.Join(dir, insideName), nil
	case outsideOf(dir):
		return s.Home, nil
	}
	// A copy of the folder would run a second server on the same data.
	return "", fmt.Errorf("%s was moved or copied here, but its data is in %s: move it back or remove it", dir, s.Home)
}

// outsideOf names the folder by the path of dir, so that a folder made again
// finds and clears what its predecessor left.
func outsideOf(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join("/var/tmp", "gatehouse-"+hex.EncodeToString(sum[:8]))
}

// discard removes a home that no folder refers to.
func (h home) discard(ctx context.Context) error {
	if _, err := os.Lstat(h.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := h.owns(h.path); err != nil {
		return err
	}
	if err := endLeftovers(ctx, h.data()); err != nil {
		return err
	}
	return os.RemoveAll(h.path)
}

// majorIn returns the version that made the data of a home, 0 if there is none.
func majorIn(path string) (int, error) {
	if path == "" {
		return 0, nil
	}
	raw, err := os.ReadFile(filepath.Join(path, "data", "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(raw)))
}
