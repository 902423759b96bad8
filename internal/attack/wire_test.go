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
	tb.Cleanup(func() { _ = conn.Close() }) //nolint:errcheck // may be closed already
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
