package oidc

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// consumers is the directory of all personal Microsoft accounts, which belong to no company.
const consumers = "9188040d-6c67-4b5b-b112-36a304b66dad"

func isEntra(issuer *url.URL) bool {
	return slices.Contains([]string{
		"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
		"login.windows.net", "sts.windows.net",
	}, issuer.Hostname())
}

// entraDirectory is the directory (tid) that an issuer of Microsoft Entra ID stands for; "" for any other issuer.
func entraDirectory(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || !isEntra(u) {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return first
}

// multiTenant tells an Entra issuer that speaks for more than one company: common, organizations, consumers, {tenantid}.
func multiTenant(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || !isEntra(u) {
		return strings.Contains(issuer, "{tenantid}")
	}
	directory := entraDirectory(issuer)
	return !guid.MatchString(directory) || directory == consumers
}

// The claims that vouch for the address in email. Entra ID never sends the standard one.
const (
	emailVerified = "email_verified"
	entraVerified = "xms_edov"
)

// vouched says that an issuer vouches for the address in email. An optional claim of Entra ID does when its issuer stands for one directory: it
// says that the owner of the address's domain has proven it there. An administrator can give accounts addresses of anybody, and those of
// domains that nobody has proven to Entra ID lack it. What the standard claim denies no other asserts.
func (o object) vouched(issuer string) bool {
	if o.has(emailVerified) {
		return o.flag(emailVerified)
	}
	if entraDirectory(issuer) == "" || multiTenant(issuer) {
		return false
	}
	switch string(o[entraVerified]) {
	case "true", "1", `"true"`, `"1"`:
		return true
	default:
		return false
	}
}
