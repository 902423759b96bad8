package devpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// initialize makes the data of a new home. The data gets its name when it is
// complete, so that an interrupted attempt leaves nothing to stumble over.
func (h home) initialize(ctx context.Context, bin Binaries, password string) error {
	if _, err := os.Stat(filepath.Join(h.data(), "PG_VERSION")); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	passwordFile := filepath.Join(h.path, "password")
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(passwordFile) }()
	if err := h.give(passwordFile); err != nil {
		return err
	}

	runtime.LockOSThread() // see supervise
	defer runtime.UnlockOSThread()

	// C.UTF-8 knows the letters of all languages and sorts by bytes; systems
	// without it still have C.
	fresh := filepath.Join(h.path, "data.new")
	var failure error
	for _, locale := range []string{"C.UTF-8", "C"} {
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
		cmd := h.command(ctx, h.path, filepath.Join(bin.Dir, "initdb"),
			"--pgdata="+fresh, "--username="+Superuser, "--pwfile="+passwordFile,
			"--auth-local=reject", "--auth-host=scram-sha-256",
			"--encoding=UTF8", "--locale="+locale, "--no-sync", "--no-instructions")
		var output bytes.Buffer
		dieWithParent(cmd.SysProcAttr)
		cmd.Stdout, cmd.Stderr = &output, &output
		err := cmd.Run()
		if err == nil {
			return os.Rename(fresh, h.data())
		}
		failure = fmt.Errorf("run initdb: %w: %s", err, lastLines(output.String()))
	}
	return failure
}
