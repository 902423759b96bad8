package billing

import (
	"fmt"
	"regexp"
)

// Feature is something that plans include from one of them upwards.
type Feature string

// Gatehouse's own features, which its routes ask for. A catalog may say from which plan each is included, and
// cannot remove one.
const (
	SSO         Feature = "sso"
	APIKeys     Feature = "api_keys"
	CustomRoles Feature = "custom_roles"
	AuditExport Feature = "audit_export"
)

// BuiltinFeatures returns Gatehouse's own features with the plan that includes each where a catalog is silent.
func BuiltinFeatures() map[Feature]Plan {
	return map[Feature]Plan{
		APIKeys:     Free,
		SSO:         Team,
		CustomRoles: Enterprise,
		AuditExport: Enterprise,
	}
}

var featureName = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

// ParseFeature returns name as a Feature if it has the form of one. It does not say that any catalog has it.
func ParseFeature(name string) (Feature, error) {
	if !featureName.MatchString(name) {
		return "", fmt.Errorf("feature name %q is not 1 to 64 of a-z, 0-9, _, . and -, beginning with a letter", name)
	}
	return Feature(name), nil
}
