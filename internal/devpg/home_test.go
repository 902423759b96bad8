package devpg_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// closedDir returns a folder below one that only its owner can enter.
func closedDir(tb testing.TB) string {
	tb.Helper()
	parent := filepath.Dir(newDir(tb))
	if err := os.Chmod(parent, 0o700); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(parent, "db")
}

// As root this is the folder that the user of Postgres cannot reach; as another
// user the data lies in it.
func TestAClosedFolderWorksForAllUsers(t *testing.T) {
	t.Parallel()
	dir := closedDir(t)
	first := start(t, dir)
	exec(t, first, "CREATE TABLE kept AS SELECT 7 AS n")
	home := homeOf(t, dir)
	removeAtEnd(t, home)
	if isRoot, inside := os.Geteuid() == 0, strings.HasPrefix(home, dir); isRoot == inside {
		t.Errorf("home = %s for root = %t, want it inside %s unless root", home, isRoot, dir)
	}
	stop(t, first)

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT n FROM kept"); got != 7 {
		t.Errorf("n after a restart = %d, want 7", got)
	}
}

func TestAFolderMadeAgainStartsEmpty(t *testing.T) {
	t.Parallel()
	dir := closedDir(t)
	first := start(t, dir)
	removeAtEnd(t, homeOf(t, dir))
	exec(t, first, "CREATE TABLE kept AS SELECT 7 AS n")
	stop(t, first)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT count(*) FROM pg_class WHERE relname = 'kept'"); got != 0 {
		t.Error("the table of a removed folder is still there")
	}
}

// A folder under /var/tmp may have been laid there by another user.
func TestAForeignHomeIsRefused(t *testing.T) {
	t.Parallel()
	dir := closedDir(t)
	if os.Geteuid() != 0 {
		// Without root the data lies inside, where a link plays the same part.
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(t.TempDir(), filepath.Join(dir, "postgres")); err != nil {
			t.Fatal(err)
		}
	} else {
		c := start(t, dir)
		home := homeOf(t, dir)
		removeAtEnd(t, home)
		stop(t, c)
		if err := errors.Join(os.RemoveAll(home), os.Mkdir(home, 0o755)); err != nil { // of root, not of postgres
			t.Fatal(err)
		}
	}
	_, err := devpg.Start(t.Context(), devpg.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "is not a folder of the user") {
		t.Errorf("Start on a foreign home = %v, want a refusal", err)
	}
}

func removeAtEnd(tb testing.TB, path string) {
	tb.Helper()
	tb.Cleanup(func() { _ = os.RemoveAll(path) })
}
