package netguard

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
)

// Guard enforces one policy. It is safe for concurrent use; a process needs one.
type Guard struct {
	policy    Policy
	loopback  bool // made by NewDev
	transport *http.Transport
	keys      *keys
}

// New returns a Guard for production. It reaches no loopback address, whatever the policy says.
func New(policy Policy) *Guard { return newGuard(policy, false) }

// NewDev returns a Guard for `gatehouse dev` and tests. Unlike New it lets URLs whose host is localhost or a loopback
// literal reach this machine, over http too and on any port; and AllowedNetworks may hold loopback networks. Names
// that merely resolve to this machine are refused as in production.
func NewDev(policy Policy) *Guard { return newGuard(policy, true) }

func newGuard(policy Policy, loopback bool) *Guard {
	policy = policy.withDefaults()
	if policy.Resolver == nil {
		policy.Resolver = net.DefaultResolver
	}
	guard := &Guard{policy: policy, loopback: loopback, keys: newKeys(policy)}
	guard.transport = guard.newTransport()
	return guard
}

// CloseIdleConnections closes the connections that wait for a next request, at the end of a process or a test.
func (g *Guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

// permitted reports whether the address may be dialed for a URL with the given host.
func (g *Guard) permitted(host string, addr netip.Addr) bool {
	addr = addr.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1 to the kernel
	if !addr.IsValid() || addr.Zone() != "" || within(metadata, addr) {
		return false
	}
	if g.loopback && addr.IsLoopback() {
		return g.selfNamed(host) || within(g.policy.AllowedNetworks, addr)
	}
	if within(local, addr) || within(carriers, addr) {
		return false
	}
	if public(addr) {
		return true
	}
	if carried, found := behindNAT64(addr); found && !g.permitted(host, carried) {
		return false
	}
	return within(g.policy.AllowedNetworks, addr)
}

func (g *Guard) portPermitted(host string, port int) bool {
	return g.selfNamed(host) || slices.Contains(g.policy.AllowedPorts, port)
}

// selfNamed reports whether the host says openly that it is this machine, and that is allowed here.
func (g *Guard) selfNamed(host string) bool {
	if !g.loopback {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return localhost(host) || err == nil && addr.IsLoopback()
}
