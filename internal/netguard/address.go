package netguard

import "net/netip"

// reserved are the IPv4 blocks of the IANA special-purpose registry and the multicast and former class E space.
var reserved = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared (carrier NAT); 100.100.100.200 is a metadata service
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; 169.254.169.254 is a metadata service
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments; 192.0.0.192 is a metadata service
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // AMT
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// unicast is the only IPv6 space that is routed on the internet. Outside of it lie, among others, loopback, link-local,
// unique local and multicast addresses, and IPv4 mapped, compatible or behind NAT64.
var unicast = netip.MustParsePrefix("2000::/3")

// tunneled are blocks inside of unicast that are reserved or carry an IPv4 address which somebody else would dial.
var tunneled = prefixes(
	"2001::/23",         // protocol assignments: Teredo, benchmarking, ORCHID
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

// carriers hold an IPv4 address in ways that differ from network to network. No allow-list opens them, because it would
// open all of IPv4.
var carriers = prefixes("::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")

// nat64 is the well-known prefix in which a network without IPv4 reaches it, so an operator may have to list it.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadata are addresses where clouds hand out credentials to whoever can connect. No allow-list opens them.
var metadata = prefixes(
	"169.254.0.0/16",
	"100.100.100.200/32",
	"192.0.0.192/32",
	"168.63.129.16/32",
	"fd00:ec2::/32",
	"fd20:ce::/32",
	"fe80::/10",
)

// local are addresses that mean this machine, or no single machine.
var local = prefixes("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/127", "ff00::/8")

// public reports whether an address is one host on the internet.
func public(addr netip.Addr) bool {
	if addr.Is4() {
		return !within(reserved, addr)
	}
	return unicast.Contains(addr) && !within(tunneled, addr)
}

// behindNAT64 returns the IPv4 address that a NAT64 would dial.
func behindNAT64(addr netip.Addr) (netip.Addr, bool) {
	if !nat64.Contains(addr) {
		return netip.Addr{}, false
	}
	bytes := addr.As16()
	return netip.AddrFrom4([4]byte(bytes[12:])), true
}

func within(blocks []netip.Prefix, addr netip.Addr) bool {
	for _, block := range blocks {
		if block.Contains(addr) {
			return true
		}
	}
	return false
}

func prefixes(texts ...string) []netip.Prefix {
	blocks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		blocks[i] = netip.MustParsePrefix(text)
	}
	return blocks
}
