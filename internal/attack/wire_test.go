package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
)

// dial opens a bare connection to a server.
func dial(tb testing.TB, s *apitest.Server) net.Conn {
	tb.Helper()
	u, err := url.Parse(s.URL)
	must(tb, err)
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", "127.0.0.1:"+u.Port())
	must(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	must(tb, conn.SetDeadline(time.Now().Add(15*time.Second)))
	return conn
}

func hostOf(tb testing.TB, s *apitest.Server) string {
	tb.Helper()
	u, err := url.Parse(s.URL)
	must(tb, err)
	return u.Host
}

// sendRaw sends a request with its target exactly as it is written, which http.Client would clean.
func sendRaw(tb testing.TB, s *apitest.Server, method, target string, header http.Header) *apitest.Answer {
	tb.Helper()
	conn := dial(tb, s)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, hostOf(tb, s))
	must(tb, header.Write(&b))
	b.WriteString("\r\n")
	_, err := io.WriteString(conn, b.String())
	must(tb, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	must(tb, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(tb, err)
	return &apitest.Answer{Response: resp, Text: text}
}

// listen serves until the test ends and returns the address.
func listen(tb testing.TB, srv *http.Server) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener) // always an error: that it was closed
	}()
	tb.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return listener.Addr().String()
}

// drip sends a beginning and then a little at a time, and says what is wrong if the server lets that go on for longer than
// allowed.
func drip(addr, first, little string, allowed time.Duration) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	end := time.Now().Add(allowed)
	if err := conn.SetDeadline(end); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn) // until the server closes
	}()
	if _, err := io.WriteString(conn, first); err != nil {
		return nil
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			if time.Now().After(end) {
				return fmt.Errorf("still open after %v", allowed)
			}
			return nil
		case <-tick.C:
			_, _ = io.WriteString(conn, little) // fails once the server has closed
		}
	}
}
