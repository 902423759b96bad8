package main_test

import (
	"os"
	"os/exec"
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
	cmd         *exec.Cmd
	out, stderr *transcript
	ended       chan struct{}
}

// transcript is what a process has said so far.
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

// start runs a command in a process group of its own, as a shell does, and ends it with the test.
func start(tb testing.TB, cmd *exec.Cmd) *process {
	tb.Helper()
	p := &process{cmd: cmd, out: &transcript{}, stderr: &transcript{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.stderr
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %q: %v", cmd.Args, err)
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // the tests look at the exit code
	}()
	tb.Cleanup(func() {
		p.signal(tb, syscall.SIGTERM)
		p.wait(tb)
	})
	return p
}

// program prepares the program with this environment and nothing of ours.
func program(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	return cmd
}

// says waits until the process has printed a line and returns the groups of the pattern.
func (p *process) says(tb testing.TB, where *transcript, pattern string) []string {
	tb.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if found := re.FindStringSubmatch(where.String()); found != nil {
			return found
		}
		select {
		case <-p.ended:
			if re.MatchString(where.String()) {
				continue
			}
			tb.Fatalf("%q ended before it said %s:\n%s%s", p.cmd.Args, pattern, p.out, p.stderr)
		default:
		}
	}
	tb.Fatalf("%q does not say %s:\n%s%s", p.cmd.Args, pattern, p.out, p.stderr)
	return nil
}

// signal reaches the process alone.
func (p *process) signal(tb testing.TB, s syscall.Signal) {
	tb.Helper()
	select {
	case <-p.ended:
	default:
		if err := p.cmd.Process.Signal(s); err != nil && !strings.Contains(err.Error(), "already finished") {
			tb.Errorf("signal %q: %v", p.cmd.Args, err)
		}
	}
}

// wait returns the exit code.
func (p *process) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		tb.Errorf("%q does not end:\n%s%s", p.cmd.Args, p.out, p.stderr)
		_ = p.cmd.Process.Kill() // it may just have ended
		<-p.ended
	}
	return p.cmd.ProcessState.ExitCode()
}
