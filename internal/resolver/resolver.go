package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// What a look-up can find instead of records.
var (
	// ErrMissing says that the DNS has no such record.
	ErrMissing = errors.New("there is no such record")
	// ErrAlias says that the name is an alias (CNAME) for one that somebody else may hold.
	ErrAlias = errors.New("the name is an alias")
	// ErrUnreachable says that the DNS gave no usable answer. It is no sign that a record is gone.
	ErrUnreachable = errors.New("the DNS gives no answer")
)

// Limits on one look-up.
const (
	perServer  = 3 * time.Second
	maxServers = 3
	maxRecords = 100
)

// Resolver looks records up. Make it with [New].
type Resolver struct {
	server string // "" asks what the system asks
}

// New makes a resolver that asks the server at an address with a port, or those of /etc/resolv.conf when the address is empty.
func New(address string) (*Resolver, error) {
	if address == "" {
		return &Resolver{}, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return nil, fmt.Errorf("the DNS resolver %q is not of the form host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("the DNS resolver %q has no port that can be used", address)
	}
	return &Resolver{server: address}, nil
}

// TXT returns the TXT records of exactly this name, each as the strings that it consists of. Without a record the error is [ErrMissing],
// [ErrAlias] or [ErrUnreachable]. A record behind an alias is none: whoever holds the target of a wildcard alias could set it.
func (r *Resolver) TXT(ctx context.Context, name string) ([][]string, error) {
	servers, err := r.servers()
	if err != nil {
		return nil, err
	}
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeTXT)
	var failed []error
	for _, server := range servers {
		answer, err := exchange(ctx, question, server)
		if err == nil {
			records, err := read(question, answer)
			if !errors.Is(err, ErrUnreachable) {
				return records, err
			}
			failed = append(failed, err)
			continue
		}
		failed = append(failed, fmt.Errorf("%w: %w", ErrUnreachable, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failed...)
}

// servers reads the system's list at each look-up: in a container it changes without a restart.
func (r *Resolver) servers() ([]string, error) {
	if r.server != "" {
		return []string{r.server}, nil
	}
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(c.Servers) == 0 {
		return nil, fmt.Errorf("%w: the system names no DNS server", ErrUnreachable)
	}
	var all []string
	for _, s := range c.Servers[:min(len(c.Servers), maxServers)] {
		all = append(all, net.JoinHostPort(s, c.Port))
	}
	return all, nil
}
