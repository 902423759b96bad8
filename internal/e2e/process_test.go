package e2e_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long something that takes a second may take on a busy machine.
const patience = 60 * time.Second

// process is the program, running.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *transcript
	ended          chan struct{} // closed when it has ended; err is set then
	err            error
}

// start runs the program until the test ends. env is all that it sees of the environment, beside where its tools are.
func start(tb testing.TB, env []string, args ...string) *process {
	tb.Helper()
	return startProgram(tb, program, env, args...)
}

// startProgram is start of another build.
func startProgram(tb testing.TB, path string, env []string, args ...string) *process {
	tb.Helper()
	p := &process{cmd: commandOf(path, env, args...), stdout: &transcript{}, stderr: &transcript{}, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start gatehouse %s: %v", args[0], err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	tb.Cleanup(func() {
		p.stop(tb)
		if tb.Failed() {
			tb.Logf("gatehouse %s said last, beside requests that went well:\n%s", args[0], tail(success.ReplaceAllString(p.stderr.String(), ""), 6000))
		}
		if said := p.stderr.String(); strings.Contains(said, "DATA RACE") {
			tb.Errorf("gatehouse %s: %s", args[0], tail(said, 10000))
		}
	})
	return p
}

// command keeps the environment of the tests away: it may hold the settings of a developer.
func command(env []string, args ...string) *exec.Cmd { return commandOf(program, env, args...) }

func commandOf(path string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"GORACE=atexit_sleep_ms=0", // else the race detector makes every command last a second
	}, env...)
	cmd.SysProcAttr = mortal()
	return cmd
}

// asShipped builds the program without the race detector, for what is measured: that makes it some fifteen times slower.
func asShipped(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "gatehouse")
	if out, err := exec.CommandContext(tb.Context(), "go", "build", "-buildvcs=false", "-o", path, "../../cmd/gatehouse").CombinedOutput(); err != nil {
		tb.Fatalf("build the program: %v\n%s", err, out)
	}
	return path
}

// waitFor returns what a line of the output says, as the groups of a pattern.
func (p *process) waitFor(tb testing.TB, out *transcript, pattern string) []string {
	tb.Helper()
	line := regexp.MustCompile(pattern)
	deadline := time.Now().Add(patience)
	for {
		if m := line.FindStringSubmatch(out.String()); m != nil {
			return m
		}
		select {
		case <-p.ended:
			tb.Fatalf("gatehouse ended (%v) before it said %q:\n%s", p.err, pattern, tail(p.stderr.String(), 4000))
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			tb.Fatalf("gatehouse did not say %q:\n%s\n%s", pattern, p.stdout, tail(p.stderr.String(), 4000))
		}
	}
}

// stop ends the process in order. It may have ended already.
func (p *process) stop(tb testing.TB) {
	tb.Helper()
	p.terminate(tb)
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.ended
		tb.Errorf("gatehouse did not stop when asked to")
	}
}

func (p *process) terminate(tb testing.TB) {
	tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Errorf("stop gatehouse: %v", err)
	}
}

// transcript is what a process says.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// success is the log line of a request that nobody will look for.
var success = regexp.MustCompile(`(?m)^.*"msg":"request".*"status":[123].*\n`)

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// run runs a command of the program with --json and decodes what it prints.
func run[T any](tb testing.TB, env []string, args ...string) (out T) {
	tb.Helper()
	cmd := command(env, append(args, "--json")...)
	raw, err := cmd.Output()
	if err != nil {
		said := ""
		if e := (&exec.ExitError{}); errors.As(err, &e) {
			said = string(e.Stderr)
		}
		tb.Fatalf("gatehouse %s: %v: %s", strings.Join(args, " "), err, said)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		tb.Fatalf("gatehouse %s printed %s: %v", strings.Join(args, " "), raw, err)
	}
	return out
}
