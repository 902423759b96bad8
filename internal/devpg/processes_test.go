package devpg_test

import (
	"context"
	"encoding/json"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// ownerDir makes the test binary the owner of a server instead of a test.
const ownerDir = "GATEHOUSE_TEST_OWNER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		own(dir)
	}
	os.Exit(m.Run())
}

// own runs a server until somebody kills this process.
func own(dir string) {
	c, err := devpg.Start(context.Background(), devpg.Config{Dir: dir, Fast: true})
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("ready\n")
	_, _ = os.Stderr.WriteString((<-c.Wait()).Error())
	os.Exit(1)
}

// startOwner starts another process that runs a server on dir.
func startOwner(tb testing.TB, dir string) *osexec.Cmd {
	tb.Helper()
	cmd := osexec.CommandContext(tb.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), ownerDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		tb.Fatalf("the owner did not start: %v", err)
	}
	return cmd
}

// homeOf returns the folder that holds the data of dir.
func homeOf(tb testing.TB, dir string) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "postgres.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var s struct{ Home string }
	if err := json.Unmarshal(raw, &s); err != nil {
		tb.Fatal(err)
	}
	if filepath.IsAbs(s.Home) {
		return s.Home
	}
	return filepath.Join(dir, s.Home)
}

// postmasterOf returns the id of the server process of the data.
func postmasterOf(tb testing.TB, data string) int {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// processesOf lists the living processes that work in a folder.
func processesOf(tb testing.TB, data string) []int {
	tb.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		tb.Fatal(err)
	}
	var pids []int
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == data {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func kill(tb testing.TB, pid int, s syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		tb.Fatalf("kill %d: %v", pid, err)
	}
}
