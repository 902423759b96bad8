package rbac

import (
	"fmt"
	"strings"
)

// Line is one line of a policy: its kind, "p", "g" or "g2", and then the values.
type Line []string

// String returns the line as Casbin's own files write it.
func (l Line) String() string { return strings.Join(l, ", ") }

func roleKey(r Role) string       { return "r:" + string(r) }
func tierKey(t Tier) string       { return "t:" + string(t) }
func featureKey(f Feature) string { return "f:" + string(f) }

// check refuses every line that is not exactly of a known shape, so that no value is ever read as a pattern, a
// second value, another effect or another kind of name.
func (p Policy) check() error {
	for i, line := range p {
		if !line.wellFormed() {
			return fmt.Errorf("policy line %d %q is malformed", i+1, line)
		}
	}
	return nil
}

func (l Line) wellFormed() bool {
	if len(l) == 0 {
		return false
	}
	switch values := l[1:]; l[0] {
	case "p":
		return len(values) == 3 && isRole(values[0]) && isPermission(values[1]) && (isTier(values[2]) || isFeature(values[2]))
	case "g":
		return len(values) == 2 && isRole(values[0]) && isRole(values[1])
	case "g2":
		return len(values) == 2 && isTier(values[0]) && (isTier(values[1]) || isFeature(values[1]))
	}
	return false
}

func isRole(value string) bool {
	name, prefixed := strings.CutPrefix(value, "r:")
	_, err := ParseRole(name)
	return prefixed && err == nil
}

func isTier(value string) bool {
	name, prefixed := strings.CutPrefix(value, "t:")
	return prefixed && tierLabel.MatchString(name)
}

func isFeature(value string) bool {
	name, prefixed := strings.CutPrefix(value, "f:")
	return prefixed && label.MatchString(name)
}

func isPermission(value string) bool {
	_, err := ParsePermission(value)
	return err == nil || value == string(Self)
}
