package ratelimit

import "net/netip"

// AddressKey is the part of an address that one party controls: an IPv4 address, or the /64 of an IPv6 one, since a host
// owns all of its /64. The mapped form of an IPv4 address is that address; a zone counts for nothing. What is no address
// shares one key.
func AddressKey(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
