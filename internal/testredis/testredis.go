// Package testredis starts a real Redis for a test.
package testredis

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Server is a redis-server of one test, on this machine, that keeps nothing.
type Server struct {
	URL string

	tb   testing.TB
	addr string
	dir  string
	cmd  *exec.Cmd
}

// Start starts one that ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, addr: freeAddress(tb), dir: tb.TempDir()}
	s.URL = "redis://" + s.addr + "/0"
	s.Start()
	tb.Cleanup(s.Kill)
	return s
}

// Start starts the server again where it was, empty.
func (s *Server) Start() {
	s.tb.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		s.tb.Fatal(err)
	}
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatalf("no redis-server on this machine (hack/deps.sh installs it): %v", err)
	}
	s.cmd = exec.CommandContext(context.WithoutCancel(s.tb.Context()), binary, //nolint:gosec // the arguments are ours
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--daemonize", "no")
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("start redis-server: %v", err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(s.tb.Context(), "tcp", s.addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			s.tb.Fatalf("redis-server does not answer: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Signal sends a signal to the server, such as one that stops it without ending it.
func (s *Server) Signal(sig os.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
