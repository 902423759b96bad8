package netguard

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

const (
	dialTimeout  = 3 * time.Second // for one address
	maxAddresses = 4               // tried of one name
)

// dial resolves and connects. One bad address in an answer refuses the whole answer: an honest name has none.
func (g *Guard) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refuse(InvalidURL)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || !g.portPermitted(host, int(port)) {
		return nil, refuse(BlockedPort)
	}
	// The transport detaches a dial from the request that began it.
	ctx, cancel := context.WithTimeout(ctx, maxTimeout)
	defer cancel()
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if !g.permitted(host, addr) {
			return nil, refuse(BlockedAddress)
		}
	}
	dialer := net.Dialer{Timeout: dialTimeout, Control: g.control(host)}
	for _, addr := range addrs[:min(len(addrs), maxAddresses)] {
		var conn net.Conn
		conn, err = dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(addr.Unmap(), uint16(port)).String())
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
	}
	return nil, err
}

func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if localhost(host) {
		// RFC 6761: not a question for DNS. Whether it may be dialed is decided by the caller, as for every address.
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	addrs, err := g.policy.Resolver.LookupNetIP(ctx, "ip", host)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || len(addrs) == 0 {
		return nil, refuse(DNSFailure)
	}
	return addrs, nil
}

// control looks at the very address that the kernel is about to connect to, so nothing can change after the check.
func (g *Guard) control(host string) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		dialed, err := netip.ParseAddrPort(address)
		if err != nil || !g.permitted(host, dialed.Addr()) {
			return refuse(BlockedAddress)
		}
		if !g.portPermitted(host, int(dialed.Port())) {
			return refuse(BlockedPort)
		}
		return nil
	}
}
