package netguard

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Policy is what an operator may configure. The zero value allows public addresses on port 443. Nothing in it turns
// the verification of certificates off.
type Policy struct {
	// AllowedNetworks are private networks with providers on the operator's premises. This machine, link-local and
	// multicast networks and metadata services stay closed even when listed.
	AllowedNetworks []netip.Prefix

	// AllowedPorts defaults to 443 alone.
	AllowedPorts []int

	// EgressProxy carries all requests when set. It then resolves the names, and has to enforce the policy of
	// addresses itself. Without it no proxy is used, whatever the environment says.
	EgressProxy *url.URL

	Resolver Resolver       // default: the system's
	RootCAs  *x509.CertPool // default: the system's

	// PerKeyConcurrency bounds the requests of one key of ClientFor that run at once. Default 16.
	PerKeyConcurrency int

	// BreakerFailures in a row open the circuit of a key for BreakerCooldown. Defaults: 5, 30 s.
	BreakerFailures int
	BreakerCooldown time.Duration

	// MaxKeys bounds the keys that are remembered. Default 4096.
	MaxKeys int
}

// Validate names every mistake of a policy at once. A Guard is safe with any policy; this is for telling the operator
// of a production server what would never work, or would open more than private networks.
func (p Policy) Validate() error {
	var mistakes []error
	for _, network := range p.AllowedNetworks {
		if mistake := checkNetwork(network); mistake != "" {
			mistakes = append(mistakes, fmt.Errorf("allowed network %s: %s", network, mistake))
		}
	}
	for _, port := range p.AllowedPorts {
		if port < 1 || port > 65535 {
			mistakes = append(mistakes, fmt.Errorf("allowed port %d: want 1 to 65535", port))
		}
	}
	if proxy := p.EgressProxy; proxy != nil && (proxy.Scheme != "http" && proxy.Scheme != "https" || proxy.Host == "") {
		mistakes = append(mistakes, errors.New("egress proxy: want http://host:port or https://host:port"))
	}
	return errors.Join(mistakes...)
}

// checkNetwork lets fc00::/7 pass although a metadata service lies in it: what lies inside stays closed.
func checkNetwork(network netip.Prefix) string {
	switch {
	case !network.IsValid() || network != network.Masked():
		return "not a network"
	case network.Addr().Is4In6():
		return "want the IPv4 notation"
	case network.Bits() < 7:
		return "wider than any private network"
	}
	for _, closed := range slices.Concat(local, metadata, carriers) {
		if closed.Bits() <= network.Bits() && closed.Contains(network.Addr()) {
			return "never allowed"
		}
	}
	return ""
}

func (p Policy) withDefaults() Policy {
	if len(p.AllowedPorts) == 0 {
		p.AllowedPorts = []int{443}
	}
	if p.PerKeyConcurrency <= 0 {
		p.PerKeyConcurrency = 16
	}
	if p.BreakerFailures <= 0 {
		p.BreakerFailures = 5
	}
	if p.BreakerCooldown <= 0 {
		p.BreakerCooldown = 30 * time.Second
	}
	if p.MaxKeys <= 0 {
		p.MaxKeys = 4096
	}
	return p
}
