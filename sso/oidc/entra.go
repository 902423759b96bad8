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
