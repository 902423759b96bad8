package chaos_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long something that takes a second may take on a busy machine.
const patience = 90 * time.Second

// server is a place for one process of `gatehouse serve` after another.
type server struct {
	env     []string
	clock   string                 // the file that its wall clock is set by
	address atomic.Pointer[string] // of the last one

	cmd   *exec.Cmd
	log   *last
	ended chan struct{} // closed when the process has ended
	still bool          // stopped by SIGSTOP
}

var listening = regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)

// start returns when the new process listens.
func (s *server) start() error {
	s.log, s.ended = &last{}, make(chan struct{})
	s.cmd = exec.Command(run.program, "serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off")
	s.cmd.Env, s.cmd.Stderr, s.cmd.SysProcAttr = append(environment(s.env), clockVariable+"="+s.clock), s.log, mortal()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	cmd, ended := s.cmd, s.ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ends is what the run is about
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if found := listening.FindStringSubmatch(s.log.first()); found != nil {
			s.address.Store(&found[1])
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("a server ended before it listened: %s", s.log)
		default:
		}
	}
	return fmt.Errorf("a server does not listen: %s", s.log)
}

// environment keeps that of the tests away: it may hold the settings of a developer.
func environment(more []string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GORACE=atexit_sleep_ms=0"}, more...)
}

func (s *server) signal(what syscall.Signal) error {
	if err := s.cmd.Process.Signal(what); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal a server: %w", err)
	}
	return nil
}

// kill ends the process by SIGKILL, and fails if it had ended by itself.
func (s *server) kill() error {
	select {
	case <-s.ended:
		return fmt.Errorf("a server had ended by itself: %s", s.log)
	default:
	}
	if err := s.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-s.ended
	return nil
}

// stop ends the process in order.
func (s *server) stop() error {
	if err := s.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(patience):
		_ = s.signal(syscall.SIGKILL)
		<-s.ended
		return fmt.Errorf("a server does not stop when it is asked to: %s", s.log)
	}
}

// last is the beginning and the end of what a process says.
type last struct {
	mu         sync.Mutex
	start, end bytes.Buffer
}

const kept = 32 << 10

func (l *last) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.start.Len() < kept {
		l.start.Write(b)
	}
	if l.end.Write(b); l.end.Len() > 2*kept {
		l.end.Next(l.end.Len() - kept)
	}
	return len(b), nil
}

func (l *last) first() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.start.String()
}

var success = regexp.MustCompile(`(?m)^.*"msg":"request".*"status":[1234].*\n`)

// String is the end, without requests that went well.
func (l *last) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	said := success.ReplaceAllString(l.end.String(), "")
	return said[max(0, len(said)-4000):]
}
