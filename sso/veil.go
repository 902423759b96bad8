package sso

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// veil shows the form of a value and not the value: the domain of an address, since that is what rules are about, and of everything else how
// long it is.
func veil(v string) string {
	switch v = strings.TrimSpace(v); v {
	case "":
		return "(empty)"
	case "true", "false":
		return v
	}
	if at := strings.LastIndexByte(v, '@'); at > 0 && strings.Contains(v[at:], ".") && !strings.ContainsAny(v, " <>") {
		return "•••" + shown(v[at:])
	}
	return fmt.Sprintf("••• (%d characters)", utf8.RuneCountInString(v))
}
