package testdns

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server answers over UDP and TCP at Addr. It knows every name: one without records has no data.
type Server struct {
	Addr string

	mu      sync.Mutex
	records map[string][]dns.RR
	rcode   int
	asked   int
}

// Start starts a server that ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{records: map[string][]dns.RR{}}
	var dial net.ListenConfig
	for range 20 {
		l, err := dial.Listen(tb.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		p, err := dial.ListenPacket(tb.Context(), "udp", l.Addr().String())
		if err != nil { // the port is free for TCP only
			_ = l.Close()
			continue
		}
		s.Addr = l.Addr().String()
		s.serve(tb, &dns.Server{Listener: l, Handler: s})
		s.serve(tb, &dns.Server{PacketConn: p, Handler: s})
		return s
	}
	tb.Fatal("no port is free for TCP and UDP")
	return nil
}

func (s *Server) serve(tb testing.TB, server *dns.Server) {
	tb.Helper()
	started, ended := make(chan struct{}), make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- server.ActivateAndServe() }()
	select {
	case <-started:
	case err := <-ended:
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = server.ShutdownContext(context.WithoutCancel(tb.Context()))
		if err := <-ended; err != nil {
			tb.Errorf("the DNS server ended: %v", err)
		}
	})
}

// Set replaces the TXT records of a name by records of one string each; without values there are none.
func (s *Server) Set(name string, values ...string) {
	var list []dns.RR
	for _, v := range values {
		list = append(list, &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: []string{v}})
	}
	s.put(name, list)
}

// SetParts makes the one TXT record of a name consist of several strings.
func (s *Server) SetParts(name string, parts ...string) {
	s.put(name, []dns.RR{&dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: parts}})
}

// SetAlias makes a name an alias of another one.
func (s *Server) SetAlias(name, to string) {
	s.put(name, []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: dns.Fqdn(to)}})
}

// Fail answers everything with a code, until it is dns.RcodeSuccess again.
func (s *Server) Fail(rcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcode = rcode
}

// Asked is how many questions have come.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeDNS implements [dns.Handler].
func (s *Server) ServeDNS(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(s.answer(q)) }

func (s *Server) answer(q *dns.Msg) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	m := new(dns.Msg).SetRcode(q, s.rcode)
	if s.rcode != dns.RcodeSuccess {
		return m
	}
	for name := strings.ToLower(q.Question[0].Name); ; {
		list := s.records[name]
		m.Answer = append(m.Answer, list...)
		alias, ok := first(list).(*dns.CNAME)
		if !ok || len(m.Answer) > len(s.records) {
			return m
		}
		name = alias.Target
	}
}

func (s *Server) put(name string, list []dns.RR) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[dns.Fqdn(strings.ToLower(name))] = list
}

func first(list []dns.RR) dns.RR {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func header(name string, typ uint16) dns.RR_Header {
	return dns.RR_Header{Name: dns.Fqdn(name), Rrtype: typ, Class: dns.ClassINET, Ttl: 1}
}
