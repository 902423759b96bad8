package tenants

import (
	"net/url"
	"strings"
	"unicode"
)

// Profile is what a sign-in tells a tenant about a person. Nothing of it is trusted: it is cut and cleaned before it is kept.
type Profile struct{ Email, Name, Picture string }

// shown is a name as people may see it: one line of at most 200 bytes, without characters that hide or turn around what stands beside.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !visible(r):
			return -1
		}
		return r
	}, name)
	return strings.TrimSpace(cut(strings.TrimSpace(name), 200))
}

// picture is an address of a picture, or "" for what is none: a browser loads it as a link, so only https will do.
func picture(address string) string {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2000 || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// cut shortens s to at most n bytes, at a rune's border.
func cut(s string, n int) string {
	for i, r := range s {
		if i+len(string(r)) > n {
			return s[:i]
		}
	}
	return s
}
