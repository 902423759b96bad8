package resolver

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// udpSize is what fits one packet on every path (DNS flag day 2020).
const udpSize = 1232

// exchange asks one server, over UDP and, where the answer is cut off, over TCP.
func exchange(ctx context.Context, question *dns.Msg, server string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, perServer)
	defer cancel()
	q := question.Copy()
	q.Id = dns.Id() // one of its own for each question, as the source port is
	q.SetEdns0(udpSize, false)
	answer, _, err := (&dns.Client{Net: "udp", UDPSize: udpSize, Timeout: perServer}).ExchangeContext(ctx, q, server)
	if err != nil {
		return nil, fmt.Errorf("ask by UDP: %w", err)
	}
	if !answer.Truncated {
		return answer, nil
	}
	answer, _, err = (&dns.Client{Net: "tcp", Timeout: perServer}).ExchangeContext(ctx, q, server)
	if err != nil {
		return nil, fmt.Errorf("ask by TCP: %w", err)
	}
	return answer, nil
}

// read judges an answer.
func read(question, answer *dns.Msg) ([][]string, error) {
	asked := question.Question[0]
	if !answer.Response || len(answer.Question) != 1 || answer.Truncated ||
		!strings.EqualFold(answer.Question[0].Name, asked.Name) || answer.Question[0].Qtype != asked.Qtype {
		return nil, fmt.Errorf("%w: the answer does not fit the question", ErrUnreachable)
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("%w: %s", ErrUnreachable, dns.RcodeToString[answer.Rcode])
	}
	var records [][]string
	for _, rr := range answer.Answer[:min(len(answer.Answer), maxRecords)] {
		switch rr := rr.(type) {
		case *dns.CNAME:
			return nil, ErrAlias
		case *dns.TXT:
			if strings.EqualFold(rr.Hdr.Name, asked.Name) && rr.Hdr.Class == dns.ClassINET {
				records = append(records, rr.Txt)
			}
		}
	}
	switch {
	case len(records) > 0 && answer.Rcode == dns.RcodeSuccess:
		return records, nil
	case answer.Rcode == dns.RcodeSuccess && referral(answer):
		return nil, fmt.Errorf("%w: the server answers with a referral", ErrUnreachable)
	}
	return nil, ErrMissing
}

// referral tells "ask over there" from "there is none": only the latter comes with the zone's SOA (RFC 2308, section 2.2). A server that
// does not resolve for us says the former of every name.
func referral(answer *dns.Msg) bool {
	refers := false
	for _, rr := range answer.Ns {
		switch rr.(type) {
		case *dns.SOA:
			return false
		case *dns.NS:
			refers = true
		}
	}
	return refers
}
