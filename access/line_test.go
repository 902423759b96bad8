package access_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// line is a slow network to the database: what the server sends arrives late, in order.
type line struct {
	url       string
	all       atomic.Int64 // nanoseconds on every connection
	listeners atomic.Int64 // and further ones where somebody listens
}

func newLine(tb testing.TB, database string) *line {
	tb.Helper()
	u, err := url.Parse(database)
	must(tb, err)
	server := u.Host
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, err)
	u.Host = l.Addr().String()
	var running sync.WaitGroup
	tb.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	s := &line{url: u.String()}
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.carry(client, server) })
		}
	})
	return s
}

type parcel struct {
	data []byte
	sent time.Time
}

func (s *line) carry(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	var listens atomic.Bool
	parcels := make(chan parcel, 4096)
	var both sync.WaitGroup
	both.Go(func() { // client to server
		defer upstream.Close()
		copyEach(client, func(b []byte) error {
			if bytes.Contains(b, []byte("LISTEN ")) {
				listens.Store(true)
			}
			_, err := upstream.Write(b)
			return err
		})
	})
	both.Go(func() { // server to the late box
		defer close(parcels)
		copyEach(upstream, func(b []byte) error {
			parcels <- parcel{bytes.Clone(b), time.Now()}
			return nil
		})
	})
	defer client.Close()
	for p := range parcels {
		delay := s.all.Load()
		if listens.Load() {
			delay += s.listeners.Load()
		}
		time.Sleep(time.Until(p.sent.Add(time.Duration(delay))))
		if _, err := client.Write(p.data); err != nil {
			_ = upstream.Close()
		}
	}
	_ = client.Close()
	both.Wait()
}

func copyEach(from net.Conn, to func([]byte) error) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && to(b[:n]) != nil || err != nil {
			return
		}
	}
}
