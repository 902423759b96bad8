package client

import (
	"net/http"
	"slices"
	"strings"
)

// The cookies of a session, which only the host that Gatehouse is on gets.
const (
	accessCookie  = "__Host-gatehouse_access"
	refreshCookie = "__Host-gatehouse_refresh"
)

// Credential is what a caller presented. The zero value is nobody's. It is a secret: it does not print itself.
type Credential struct{ header, value string }

// Bearer is an access token.
func Bearer(token string) Credential { return Credential{"Authorization", "Bearer " + token} }

// APIKey is an API key.
func APIKey(key string) Credential { return Credential{"X-Api-Key", key} }

// String implements fmt.Stringer without the secret.
func (c Credential) String() string {
	if c.header == "" {
		return "no credential"
	}
	return c.header + ": (secret)"
}

// GoString implements fmt.GoStringer without the secret.
func (c Credential) GoString() string { return c.String() }

// usable says that the credential can stand in a header.
func (c Credential) usable() bool {
	return c.header != "" && c.value != "" && c.value != "Bearer " && !strings.ContainsFunc(c.value, func(r rune) bool { return r < ' ' || r > '~' })
}

// passed are the headers by which the server knows who is asking and from what page. All values are passed on as they came: whether two
// credentials are too many is for the server to say.
var passed = [...]string{"Authorization", "X-Api-Key", "X-Tenant-Id", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "User-Agent"}

// presented takes from a request what concerns Gatehouse, and no cookie of anybody else.
func presented(r *http.Request) http.Header {
	h := http.Header{"X-Forwarded-Method": {r.Method}}
	for _, name := range passed {
		if v := r.Header[name]; len(v) > 0 {
			h[name] = slices.Clone(v)
		}
	}
	if ours := cookies(r); ours != "" {
		h.Set("Cookie", ours)
	}
	return h
}

func cookies(r *http.Request) string {
	var ours []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			if name, _, _ := strings.Cut(pair, "="); name == accessCookie || name == refreshCookie {
				ours = append(ours, pair)
			}
		}
	}
	return strings.Join(ours, "; ")
}
