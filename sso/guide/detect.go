package guide

import (
	"net/url"
	"strings"
)

// Detect returns the key of the provider that an issuer or entity ID looks like, and "" for one that tells nothing, such as that of a
// custom domain. It is a guess for hints and presets: nothing that matters may rest on it.
func Detect(issuer string) string {
	if tenant, ok := strings.CutPrefix(strings.ToLower(issuer), "urn:"); ok {
		if strings.HasSuffix(tenant, ".auth0.com") {
			return "auth0"
		}
		return ""
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	if key := byHost(strings.ToLower(u.Hostname())); key != "" {
		return key
	}
	switch path := strings.TrimSuffix(u.Path, "/"); {
	case strings.HasSuffix(path, "/adfs/services/trust"), path == "/adfs":
		return "adfs"
	case strings.Contains(u.Path, "/realms/"):
		return "keycloak"
	}
	return ""
}

// hosts are the domains under which a provider's customers have their issuers.
var hosts = []struct{ domain, key string }{
	{"okta.com", "okta"},
	{"oktapreview.com", "okta"},
	{"okta-emea.com", "okta"},
	{"okta-gov.com", "okta"},
	{"sts.windows.net", "entra"},
	{"login.microsoftonline.com", "entra"},
	{"login.microsoftonline.us", "entra"},
	{"login.partner.microsoftonline.cn", "entra"},
	{"sts.chinacloudapi.cn", "entra"},
	{"accounts.google.com", "google"},
	{"onelogin.com", "onelogin"},
	{"jumpcloud.com", "jumpcloud"},
	{"pingone.com", "pingone"},
	{"pingone.eu", "pingone"},
	{"pingone.ca", "pingone"},
	{"pingone.asia", "pingone"},
	{"pingone.com.au", "pingone"},
	{"pingone.sg", "pingone"},
	{"auth0.com", "auth0"},
}

func byHost(host string) string {
	for _, h := range hosts {
		if host == h.domain || strings.HasSuffix(host, "."+h.domain) {
			return h.key
		}
	}
	return ""
}
