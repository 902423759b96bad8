package testdb_test

import (
	"errors"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

const serverVariable = "GATEHOUSE_TEST_DATABASE_URL"

// rerun runs one test of this package in a process of its own.
func rerun(tb testing.TB, test, serverURL string) (string, error) {
	tb.Helper()
	cmd := osexec.CommandContext(tb.Context(), os.Args[0], "-test.v", "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), serverVariable+"="+serverURL)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWithoutAServerTheTestFailsAndSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestAllRolesExist", "postgres://postgres@127.0.0.1:1/postgres")
	if err == nil {
		t.Error("a test without a server passed")
	}
	for _, want := range []string{"--- FAIL: TestAllRolesExist", "apt-get install postgresql", serverVariable} {
		if !strings.Contains(out, want) {
			t.Errorf("output = %s, want it to contain %q", out, want)
		}
	}
}

func TestAnotherServerCanBeNamed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "db")
	c, err := devpg.Start(t.Context(), devpg.Config{Dir: dir, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(c.Stop(t.Context()), devpg.Remove(t.Context(), dir)); err != nil {
			t.Errorf("clean up: %v", err)
		}
	}()

	// Two processes at once build one template.
	outs := make(chan string, 2)
	for range cap(outs) {
		go func() {
			out, err := rerun(t, "TestManyAtOnce", c.AdminURL())
			if err == nil {
				out = ""
			}
			outs <- out
		}()
	}
	for range cap(outs) {
		if out := <-outs; out != "" {
			t.Errorf("tests on a named server failed: %s", out)
		}
	}
	got := texts(t, c.AdminURL(), "SELECT datname::text FROM pg_database WHERE starts_with(datname, 'gatehouse_')")
	if len(got) != 1 || !strings.HasPrefix(got[0], "gatehouse_template_") {
		t.Errorf("databases left on the server = %v, want the template alone", got)
	}
}

// TestHelperWaits is run in a process of its own, to be killed.
func TestHelperWaits(t *testing.T) {
	t.Parallel()
	ready := os.Getenv("GATEHOUSE_TEST_READY_FILE")
	if ready == "" {
		return // in the ordinary run there is nothing to wait for
	}
	db := testdb.New(t)
	if err := os.WriteFile(ready+".new", []byte(db.AdminURL), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(ready+".new", ready); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done()
}

func TestAKilledTestLeavesNoServer(t *testing.T) {
	t.Parallel()
	ready := filepath.Join(t.TempDir(), "url")
	cmd := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperWaits$")
	cmd.Env = append(os.Environ(), serverVariable+"=", "GATEHOUSE_TEST_READY_FILE="+ready)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var admin []byte
	eventually(t, "the other process has its database", func() bool {
		var err error
		admin, err = os.ReadFile(ready)
		return err == nil
	})
	if _, err := url.Parse(string(admin)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "its server is gone", func() bool {
		conn, err := pgx.Connect(t.Context(), string(admin))
		if err == nil {
			_ = conn.Close(t.Context())
		}
		return err != nil
	})
	// Whichever server is next, the run after a killed one works.
	if out, err := rerun(t, "TestTwoDatabasesAreIsolated", ""); err != nil {
		t.Errorf("the run after a killed one failed: %s", out)
	}
}

func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	tb.Fatalf("waited in vain until %s", what)
}
