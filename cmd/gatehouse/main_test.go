package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the program under test: these tests run it as its users do.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the program once. It is no test file of a user who may not read it: one test runs it as somebody else.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gatehouse-cmd-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "gatehouse")
	build := exec.CommandContext(context.Background(), "go", "build", "-ldflags", "-X main.version=v0.0.0-test", "-o", binary, ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := errors.Join(os.Chmod(dir, 0o755), build.Run(), os.Chmod(binary, 0o755)); err != nil {
		fmt.Fprintln(os.Stderr, "build gatehouse:", err)
		return 1
	}
	return m.Run()
}

// result is what a command has said.
type result struct {
	out, err string
	code     int
}

// command runs the program in an environment that holds nothing else, in an empty folder.
func command(tb testing.TB, env []string, args ...string) result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env, cmd.Dir = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...), tb.TempDir()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		tb.Fatalf("gatehouse %q does not end; it said:\n%s%s", args, &out, &stderr)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		tb.Fatalf("gatehouse %q: %v", args, err)
	}
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// succeed is command for what must work. It returns what the command printed.
func succeed(tb testing.TB, env []string, args ...string) string {
	tb.Helper()
	r := command(tb, env, args...)
	if r.code != 0 || r.err != "" {
		tb.Fatalf("gatehouse %q ended with %d and said:\n%s", args, r.code, r.err)
	}
	return r.out
}

// fail is command for what must be refused: with one line, and nothing printed. It returns the line without its beginning.
func fail(tb testing.TB, env []string, args ...string) string {
	tb.Helper()
	r := command(tb, env, args...)
	line, one := strings.CutSuffix(r.err, "\n")
	said, ours := strings.CutPrefix(line, "gatehouse: ")
	if r.code == 0 || !one || !ours || strings.Contains(line, "\n") || r.out != "" {
		tb.Errorf("gatehouse %q ended with %d, printed %q and said %q; want a failure that says one line", args, r.code, r.out, r.err)
	}
	return said
}
