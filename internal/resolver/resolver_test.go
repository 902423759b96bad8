package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed-2a059015/gatehouse/internal/resolver"
)

// serve starts a DNS server on both transports of one port.
func serve(tb testing.TB, answer dns.HandlerFunc) string {
	tb.Helper()
	var dial net.ListenConfig
	for range 20 {
		l, err := dial.Listen(tb.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		p, err := dial.ListenPacket(tb.Context(), "udp", l.Addr().String())
		if err != nil { // somebody else's
			_ = l.Close()
			continue
		}
		for _, s := range []*dns.Server{{Listener: l, Handler: answer}, {PacketConn: p, Handler: answer}} {
			up := make(chan struct{})
			s.NotifyStartedFunc = func() { close(up) }
			go func() { _ = s.ActivateAndServe() }()
			<-up
			tb.Cleanup(func() { _ = s.ShutdownContext(context.WithoutCancel(tb.Context())) })
		}
		return l.Addr().String()
	}
	tb.Fatal("no port is free for UDP and TCP")
	return ""
}

// says answers every question with a code and records in zone file form; SOA and NS go to the authority section.
func says(rcode int, records ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetRcode(q, rcode)
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				panic(err)
			}
			switch rr.Header().Rrtype {
			case dns.TypeSOA, dns.TypeNS:
				m.Ns = append(m.Ns, rr)
			default:
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	}
}

func look(tb testing.TB, server, name string) ([][]string, error) {
	tb.Helper()
	r, err := resolver.New(server)
	if err != nil {
		tb.Fatal(err)
	}
	return r.TXT(tb.Context(), name)
}

const soa = "x.test. 60 IN SOA ns.x.test. root.x.test. 1 2 3 4 5"

func TestDOM_02_WhatTheDNSSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer dns.HandlerFunc
		want   [][]string
		err    error
	}{
		"one record":           {says(dns.RcodeSuccess, `_c.x.test. 60 IN TXT "a"`), [][]string{{"a"}}, nil},
		"several":              {says(dns.RcodeSuccess, `_c.x.test. 60 IN TXT "a"`, `_c.x.test. 60 IN TXT "b" "c"`), [][]string{{"a"}, {"b", "c"}}, nil},
		"another case":         {says(dns.RcodeSuccess, `_C.X.test. 60 IN TXT "a"`), [][]string{{"a"}}, nil},
		"of another name":      {says(dns.RcodeSuccess, `x.test. 60 IN TXT "a"`, `sub._c.x.test. 60 IN TXT "a"`), nil, resolver.ErrMissing},
		"of another type":      {says(dns.RcodeSuccess, `_c.x.test. 60 IN A 127.0.0.1`), nil, resolver.ErrMissing},
		"of another class":     {says(dns.RcodeSuccess, `_c.x.test. 60 CH TXT "a"`), nil, resolver.ErrMissing},
		"behind an alias":      {says(dns.RcodeSuccess, `_c.x.test. 60 IN CNAME evil.test.`, `evil.test. 60 IN TXT "a"`), nil, resolver.ErrAlias},
		"an alias to nothing":  {says(dns.RcodeNameError, `_c.x.test. 60 IN CNAME evil.test.`), nil, resolver.ErrAlias},
		"no data":              {says(dns.RcodeSuccess, soa), nil, resolver.ErrMissing},
		"an empty answer":      {says(dns.RcodeSuccess), nil, resolver.ErrMissing},
		"NXDOMAIN":             {says(dns.RcodeNameError, soa), nil, resolver.ErrMissing},
		"a referral":           {says(dns.RcodeSuccess, "test. 60 IN NS ns.test."), nil, resolver.ErrUnreachable},
		"SERVFAIL":             {says(dns.RcodeServerFailure), nil, resolver.ErrUnreachable},
		"REFUSED":              {says(dns.RcodeRefused), nil, resolver.ErrUnreachable},
		"records and SERVFAIL": {says(dns.RcodeServerFailure, `_c.x.test. 60 IN TXT "a"`), nil, resolver.ErrUnreachable},
		"another question": {func(w dns.ResponseWriter, q *dns.Msg) {
			q = q.Copy()
			q.Question[0].Name = "_c.y.test."
			says(dns.RcodeNameError)(w, q)
		}, nil, resolver.ErrUnreachable},
		"a question in place of an answer": {func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(q) }, nil, resolver.ErrUnreachable},
		"no DNS at all":                    {func(w dns.ResponseWriter, _ *dns.Msg) { _, _ = w.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) }, nil, resolver.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := look(t, serve(t, c.answer), "_c.x.test")
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("TXT() = %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDOM_09_AnAnswerTooLargeForUDPComesByTCP(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 250)
	got, err := look(t, serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		for i := range 120 {
			rr, _ := dns.NewRR(fmt.Sprintf(`_c.x.test. 60 IN TXT "%s%03d"`, long, i))
			m.Answer = append(m.Answer, rr)
		}
		if w.LocalAddr().Network() == "udp" {
			m.Truncate(512)
		}
		_ = w.WriteMsg(m)
	}), "_c.x.test")
	if err != nil || len(got) != 100 {
		t.Errorf("TXT() = %d records, %v, want the first 100", len(got), err)
	}
}

func TestDOM_09_ATruncatedAnswerIsNone(t *testing.T) {
	t.Parallel()
	_, err := look(t, serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.Truncated = true
		_ = w.WriteMsg(m)
	}), "_c.x.test")
	if !errors.Is(err, resolver.ErrUnreachable) {
		t.Errorf("TXT() = %v, want %v", err, resolver.ErrUnreachable)
	}
}

func TestDOM_09_ASilentServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	silent := serve(t, func(dns.ResponseWriter, *dns.Msg) {})
	r, err := resolver.New(silent)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.TXT(ctx, "_c.x.test"); !errors.Is(err, resolver.ErrUnreachable) {
		t.Errorf("TXT() with a deadline = %v, want %v", err, resolver.ErrUnreachable)
	}
	start := time.Now()
	if _, err := r.TXT(t.Context(), "_c.x.test"); !errors.Is(err, resolver.ErrUnreachable) || time.Since(start) > 10*time.Second {
		t.Errorf("TXT() = %v after %v, want %v after seconds", err, time.Since(start), resolver.ErrUnreachable)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	if _, err := look(t, "127.0.0.1:1", "_c.x.test"); !errors.Is(err, resolver.ErrUnreachable) {
		t.Errorf("TXT() = %v, want %v", err, resolver.ErrUnreachable)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"": true, "127.0.0.1:53": true, "[::1]:53": true, "dns.internal:5353": true,
		"127.0.0.1": false, ":53": false, "127.0.0.1:": false, "127.0.0.1:0": false, "127.0.0.1:65536": false, "127.0.0.1:domain": false,
		"https://1.1.1.1": false,
	} {
		if _, err := resolver.New(address); (err == nil) != ok {
			t.Errorf("New(%q) = %v, want ok %v", address, err, ok)
		}
	}
}
