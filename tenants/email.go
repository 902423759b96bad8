package tenants

import (
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Email is an address in its one normal form: ASCII, lower case, the domain as an A-label.
type Email struct{ Address, Domain string }

// localPart is the dot-atom of RFC 5322 without its quoted form: an address that needs quotes is a trick more often than a person.
var localPart = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// ParseEmail reads an address strictly: one @, an ASCII local part, a registrable-looking domain. Look-alike letters are never folded
// into ASCII, so they can match nothing.
func ParseEmail(s string) (Email, error) {
	bad := errs.InvalidField("email", "This is not an e-mail address that can be used.")
	if len(s) > 254 || strings.Count(s, "@") != 1 {
		return Email{}, bad
	}
	local, host, _ := strings.Cut(s, "@")
	local = asciiLower(local)
	if len(local) > 64 || !localPart.MatchString(local) {
		return Email{}, bad
	}
	domain, err := ParseDomain(host)
	if err != nil {
		return Email{}, bad
	}
	e := Email{Address: local + "@" + domain, Domain: domain}
	if len(e.Address) > 254 { // RFC 5321, section 4.5.3.1.3, of the form that is sent
		return Email{}, bad
	}
	return e, nil
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ParseDomain reads a domain name into its A-label form. Addresses, single labels, trailing dots, ports and URLs are refused.
func ParseDomain(s string) (string, error) {
	bad := errs.InvalidField("domain", "This is not a domain name that can be used.")
	if len(s) > 253 {
		return "", bad
	}
	s = asciiLower(s)
	if !isASCII(s) {
		// Full-width and enclosed forms map to ASCII under UTS 46; a person never types them, so only names that need no mapping pass.
		u, err := idna.Registration.ToASCII(s)
		if err != nil {
			return "", bad
		}
		s = u
	}
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return "", bad
	}
	for _, l := range labels {
		if !label.MatchString(l) {
			return "", bad
		}
		if strings.HasPrefix(l, "xn--") {
			// A label that does not come back the same is a second spelling of another (xn--gmail- is one of gmail).
			u, err := idna.Registration.ToUnicode(l)
			if back, again := idna.Registration.ToASCII(u); err != nil || again != nil || back != l {
				return "", bad
			}
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", bad // an IPv4 address
	}
	return s, nil
}

// asciiLower folds A–Z only. strings.ToLower would turn the Kelvin sign into k.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
