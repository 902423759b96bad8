package devpg_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

func TestARestartKeepsTheData(t *testing.T) {
	t.Parallel()
	dir := newDir(t)

	first := start(t, dir)
	exec(t, first, "CREATE TABLE kept (n int)")
	exec(t, first, "INSERT INTO kept VALUES (7)")
	stop(t, first)

	second := start(t, dir)
	if got := queryInt(t, second, "SELECT n FROM kept"); got != 7 {
		t.Errorf("n after a restart = %d, want 7", got)
	}
	if second.Password != first.Password {
		t.Error("the password changed with a restart")
	}
}

func TestStopLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	c := start(t, newDir(t))
	data := dataOf(t, c)
	if got := processesOf(t, data); len(got) < 2 {
		t.Fatalf("processes of a running server = %v, want several", got)
	}
	stop(t, c)
	if got := processesOf(t, data); len(got) != 0 {
		t.Errorf("processes after Stop = %v, want none", got)
	}
	if err, open := <-c.Wait(); open {
		t.Errorf("Wait after Stop delivered %v, want a closed channel", err)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("second Stop = %v, want nil", err)
	}
}

func TestAnImpatientStopUsesForce(t *testing.T) {
	t.Parallel()
	c := start(t, newDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Stop(ctx); err != nil {
		t.Errorf("Stop with a canceled context = %v, want nil", err)
	}
	if got := processesOf(t, dataOf(t, c)); len(got) != 0 {
		t.Errorf("processes after Stop = %v, want none", got)
	}
}

func TestOnlyThePasswordOpensTheServer(t *testing.T) {
	t.Parallel()
	c := start(t, newDir(t))
	wrong := devpg.Address{Port: c.Port, Password: "wrong"}
	if conn, err := pgx.Connect(t.Context(), wrong.AdminURL()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a login with a wrong password succeeded")
	}
	if got := queryInt(t, c, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method NOT IN ('scram-sha-256', 'reject')"); got != 0 {
		t.Errorf("login rules other than SCRAM = %d, want 0", got)
	}
	for _, setting := range []struct{ name, want string }{
		{"listen_addresses", "127.0.0.1"},
		{"unix_socket_directories", ""},
		{"server_encoding", "UTF8"},
	} {
		if got := queryText(t, c, "SELECT current_setting('"+setting.name+"')"); got != setting.want {
			t.Errorf("%s = %q, want %q", setting.name, got, setting.want)
		}
	}
}

func TestSecretsAreReadableByTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	c := start(t, newDir(t))
	for _, name := range []string{"postgres.json", "postgres.log", "postgres.lock"} {
		info, err := os.Stat(filepath.Join(c.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode of %s = %o, want 600", name, got)
		}
	}
	home := filepath.Dir(dataOf(t, c))
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode of %s = %o, want 700", home, got)
	}
	if _, err := os.Stat(filepath.Join(home, "password")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the password file of initdb is still there: %v", err)
	}
}

func TestTwoServersOnOneFolderAreRefused(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	start(t, dir)
	_, err := devpg.Start(t.Context(), devpg.Config{Dir: dir})
	if !errors.Is(err, devpg.ErrInUse) {
		t.Fatalf("second Start = %v, want ErrInUse", err)
	}
	if want := fmt.Sprintf("already in use by process %d", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("second Start = %q, want it to contain %q", err, want)
	}
}

func TestFindReturnsTheAddressOfARunningServer(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if _, err := devpg.Find(dir); !errors.Is(err, devpg.ErrNotRunning) {
		t.Errorf("Find before Start = %v, want ErrNotRunning", err)
	}
	c := start(t, dir)
	got, err := devpg.Find(dir)
	if err != nil || got != c.Address {
		t.Errorf("Find = %v, %v, want the address of the cluster", got.Port, err)
	}
	stop(t, c)
	if _, err := devpg.Find(dir); !errors.Is(err, devpg.ErrNotRunning) {
		t.Errorf("Find after Stop = %v, want ErrNotRunning", err)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	c, err := devpg.Start(t.Context(), devpg.Config{
		Dir: newDir(t), Fast: true, Settings: map[string]string{"max_connections": "33"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	if got := queryText(t, c, "SELECT current_setting('max_connections')"); got != "33" {
		t.Errorf("max_connections = %s, want 33", got)
	}
	if got := queryText(t, c, "SELECT current_setting('fsync')"); got != "off" {
		t.Errorf("fsync of a fast cluster = %s, want off", got)
	}
}

func TestAFailedStartTellsWhatPostgresSaid(t *testing.T) {
	t.Parallel()
	_, err := devpg.Start(t.Context(), devpg.Config{
		Dir: newDir(t), Fast: true, Settings: map[string]string{"max_connections": "none"},
	})
	if err == nil || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("Start with a bad setting = %v, want the words of Postgres", err)
	}
}

func TestATakenPortIsReplaced(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	first := start(t, dir)
	port := first.Port
	stop(t, first)

	listen(t, port)
	second := start(t, dir)
	if second.Port == port {
		t.Errorf("port = %d, want another one than the taken", second.Port)
	}
}
