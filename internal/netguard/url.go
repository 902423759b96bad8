package netguard

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxURL is far beyond what any provider uses.
const maxURL = 2048

// CheckURL checks the text of a URL and returns it with its host in lower-case ASCII, without a trailing dot and
// without the default port. It resolves nothing: a name can still turn out to be refused when it is dialed. The error
// is an *Error with InvalidURL, BlockedScheme, BlockedPort or BlockedAddress.
func (g *Guard) CheckURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL || !clean(raw) {
		return nil, refuse(InvalidURL)
	}
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Scheme == "" {
		return nil, refuse(InvalidURL)
	}
	if parsed.Scheme != "https" && parsed.Scheme != "http" {
		return nil, refuse(BlockedScheme)
	}
	if parsed.Opaque != "" || parsed.Host == "" || parsed.User != nil || strings.Contains(raw, "#") {
		return nil, refuse(InvalidURL)
	}
	// Only the host may have letters beyond ASCII, and it may not hide them, a zone or anything else behind %.
	if authority(raw) != parsed.Host || strings.Contains(parsed.Host, "%") || !ascii(strings.Replace(raw, parsed.Host, "", 1)) {
		return nil, refuse(InvalidURL)
	}
	host, err := g.checkHost(parsed.Hostname(), strings.HasPrefix(parsed.Host, "["))
	if err != nil {
		return nil, err
	}
	if parsed.Scheme == "http" && !g.selfNamed(host) {
		return nil, refuse(BlockedScheme)
	}
	port, err := portOf(parsed)
	if err != nil {
		return nil, err
	}
	if !g.portPermitted(host, port) {
		return nil, refuse(BlockedPort)
	}
	parsed.Host = join(parsed.Scheme, host, port)
	return parsed, nil
}

// checkHost returns the host as it will be looked up.
func (g *Guard) checkHost(host string, bracketed bool) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		// Exactly one spelling of an address is taken. It also keeps IPv4 in IPv6 out, whose spelling is ours to guess.
		if addr.String() != host || addr.Is4In6() || addr.Is4() == bracketed || !g.permitted(host, addr) {
			return "", refuse(BlockedAddress)
		}
		return host, nil
	}
	if bracketed {
		return "", refuse(InvalidURL)
	}
	name, err := lookupProfile().ToASCII(host)
	name = strings.TrimSuffix(name, ".") // also the full-width one, which has become plain
	if err != nil || !hyphensInside(name) {
		return "", refuse(InvalidURL)
	}
	// 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 are addresses to some resolvers, and full-width or circled digits
	// have become plain ones by now. No top-level domain is a number.
	if numeric(name[strings.LastIndexByte(name, '.')+1:]) {
		return "", refuse(BlockedAddress)
	}
	if localhost(name) && !g.loopback || name == "metadata.google.internal" || name == "metadata" {
		return "", refuse(BlockedAddress)
	}
	return name, nil
}

// lookupProfile maps a name as browsers do (UTS #46, non-transitional) and holds it to what DNS and certificates take.
func lookupProfile() *idna.Profile {
	return idna.New(
		idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.VerifyDNSLength(true),
		idna.CheckHyphens(false), // names like r1---sn-abc exist
	)
}

// hyphensInside refuses empty labels and labels that begin or end with a hyphen.
func hyphensInside(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

func portOf(u *url.URL) (int, error) {
	if strings.HasSuffix(u.Host, ":") {
		return 0, refuse(InvalidURL)
	}
	text := u.Port()
	if text == "" {
		return defaultPort(u.Scheme), nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, refuse(BlockedPort)
	}
	return int(port), nil
}

func defaultPort(scheme string) int {
	if scheme == "http" {
		return 80
	}
	return 443
}

func join(scheme, host string, port int) string {
	if port != defaultPort(scheme) {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// authority returns what stands between // and the path, as it was typed.
func authority(raw string) string {
	_, rest, _ := strings.Cut(raw, "//")
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		return rest[:end]
	}
	return rest
}

// clean refuses what parsers disagree on: spaces, control characters (CR and LF among them) and backslashes.
func clean(raw string) bool {
	return raw != "" && strings.IndexFunc(raw, func(r rune) bool {
		return r <= ' ' || r == '\\' || r >= 0x7f && r <= 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufffd'
	}) < 0
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > '~' }) < 0
}

func localhost(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// numeric follows "ends in a number" of the WHATWG URL standard: all digits, or 0x and hex digits.
func numeric(label string) bool {
	if hex, found := strings.CutPrefix(label, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}
