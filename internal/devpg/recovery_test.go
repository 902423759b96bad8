package devpg_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

func TestAKilledServerIsReportedAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	first := start(t, dir)
	exec(t, first, "CREATE TABLE kept AS SELECT 7 AS n")
	exec(t, first, "CHECKPOINT") // a fast cluster may lose its last transactions
	kill(t, postmasterOf(t, dataOf(t, first)), syscall.SIGKILL)
	if err := <-first.Wait(); err == nil {
		t.Error("Wait after the server was killed = nil, want an error")
	}
	stop(t, first)

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT n FROM kept"); got != 7 {
		t.Errorf("n after a crash = %d, want 7", got)
	}
}

func TestBusyChildrenOfAKilledServerAreEnded(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	first := start(t, dir)
	conn := connect(t, first)
	busy := make(chan error, 1)
	// A stopped session does not notice that its server is gone and keeps the
	// shared memory.
	pid := int(conn.PgConn().PID())
	kill(t, pid, syscall.SIGSTOP)
	go func() {
		_, err := conn.Exec(t.Context(), "SELECT 1")
		busy <- err
	}()
	kill(t, postmasterOf(t, dataOf(t, first)), syscall.SIGKILL)
	if err := <-first.Wait(); err == nil {
		t.Error("Wait after the server was killed = nil, want an error")
	}
	stop(t, first)
	if err := <-busy; err == nil {
		t.Error("a statement in a session of the dead server succeeded")
	}

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestTheServerEndsWithItsKilledOwner(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	owner := startOwner(t, dir)
	data := homeOf(t, dir) + "/data"
	kill(t, owner.Process.Pid, syscall.SIGKILL)
	_ = owner.Wait()
	eventually(t, "no process of the server is left", func() bool { return len(processesOf(t, data)) == 0 })
}

func TestAStartEndsTheServerOfAKilledOwner(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	owner := startOwner(t, dir)
	data := homeOf(t, dir) + "/data"
	orphan := postmasterOf(t, data)
	kill(t, owner.Process.Pid, syscall.SIGKILL)
	_ = owner.Wait()

	c := start(t, dir) // while the server may still be shutting down
	if got := postmasterOf(t, data); got == orphan {
		t.Errorf("server process = %d, want a new one", got)
	}
	if got := queryInt(t, c, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestAStrangerWithTheOldProcessIDIsSpared(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	first := start(t, dir)
	data := dataOf(t, first)
	stop(t, first)

	// The process id of the last server now belongs to this test.
	pidFile := filepath.Join(data, "postmaster.pid")
	content := fmt.Sprintf("%d\n%s\n0\n%d\n\n127.0.0.1\n", os.Getpid(), data, first.Port)
	if err := os.WriteFile(pidFile, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	second := start(t, dir)
	if got := queryInt(t, second, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestAnInterruptedFirstStartIsRepeated(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, start(t, dir))
	data := homeOf(t, dir) + "/data"
	if err := os.Rename(data, data+".new"); err != nil {
		t.Fatal(err)
	}
	c := start(t, dir)
	if got := queryInt(t, c, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestDataWithoutItsPasswordIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, start(t, dir))
	if err := os.Remove(filepath.Join(dir, "postgres.json")); err != nil {
		t.Fatal(err)
	}
	_, err := devpg.Start(t.Context(), devpg.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("Start without postgres.json = %v, want an error about the password", err)
	}
}

func TestAMovedFolderDoesNotTakeForeignData(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	state := `{"home": "/var/tmp/gatehouse-0000000000000000", "port": 1, "password": "x"}`
	if err := os.WriteFile(filepath.Join(dir, "postgres.json"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := devpg.Start(t.Context(), devpg.Config{Dir: dir})
	if err == nil || errors.Is(err, devpg.ErrInUse) || !strings.Contains(err.Error(), "moved or copied") {
		t.Errorf("Start on a copied folder = %v, want an error that says so", err)
	}
}

func TestRemoveMakesTheNextStartEmpty(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	first := start(t, dir)
	exec(t, first, "CREATE TABLE kept AS SELECT 7 AS n")
	if err := devpg.Remove(t.Context(), dir); !errors.Is(err, devpg.ErrInUse) {
		t.Errorf("Remove of a running server = %v, want ErrInUse", err)
	}
	stop(t, first)
	if err := devpg.Remove(t.Context(), dir); err != nil {
		t.Fatalf("Remove = %v, want nil", err)
	}

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT count(*) FROM pg_class WHERE relname = 'kept'"); got != 0 {
		t.Error("the table of a removed database is still there")
	}
}
