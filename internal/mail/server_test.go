package mail_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// behavior is how a test's mail server acts.
type behavior struct {
	implicitTLS bool
	noSTARTTLS  bool
	hangs       bool              // says nothing
	answers     map[string]string // by command, instead of the usual ones
	rudeGoodbye bool
}

// server is a small SMTP server on loopback.
type server struct {
	behavior
	listener net.Listener
	tls      *tls.Config
	roots    *x509.CertPool
	wg       sync.WaitGroup

	mu       sync.Mutex
	commands []string
	mails    []string
}

func serve(tb testing.TB, b behavior) *server {
	tb.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	tb.Cleanup(web.Close)
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{behavior: b, listener: l, tls: &tls.Config{Certificates: web.TLS.Certificates}, roots: x509.NewCertPool()}
	s.roots.AddCert(web.Certificate())
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.talk(c) })
		}
	})
	tb.Cleanup(func() { _ = l.Close(); s.wg.Wait() })
	return s
}

func (s *server) addr() string { return s.listener.Addr().String() }

func (s *server) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	if s.implicitTLS {
		c = tls.Server(c, s.tls)
	}
	r := bufio.NewReader(c)
	if s.hangs {
		_, _ = r.ReadByte()
		return
	}
	fmt.Fprint(c, "220 test ESMTP\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(line, " ")
		s.note(line)
		if a, ok := s.answers[verb]; ok {
			fmt.Fprint(c, a+"\r\n")
			continue
		}
		switch verb {
		case "EHLO":
			fmt.Fprint(c, "250-test\r\n")
			if !s.noSTARTTLS && !s.implicitTLS {
				fmt.Fprint(c, "250-STARTTLS\r\n")
			}
			fmt.Fprint(c, "250 AUTH PLAIN\r\n")
		case "STARTTLS":
			fmt.Fprint(c, "220 go\r\n")
			c = tls.Server(c, s.tls)
			r = bufio.NewReader(c)
		case "AUTH":
			fmt.Fprint(c, "235 ok\r\n")
		case "DATA":
			fmt.Fprint(c, "354 go\r\n")
			var b strings.Builder
			for line := ""; line != ".\r\n"; b.WriteString(line) {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			s.mu.Lock()
			s.mails = append(s.mails, b.String())
			s.mu.Unlock()
			fmt.Fprint(c, "250 taken\r\n")
		case "QUIT":
			if !s.rudeGoodbye {
				fmt.Fprint(c, "221 bye\r\n")
			}
			return
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

func (s *server) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}

func (s *server) received() (commands, mails []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.commands...), append([]string{}, s.mails...)
}
