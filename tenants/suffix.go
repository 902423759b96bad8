package tenants

import "golang.org/x/net/publicsuffix"

// isPublicSuffix says that a name is one under which strangers register theirs (co.uk, github.io).
func isPublicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}
