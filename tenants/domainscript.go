package tenants

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// recommended are the scripts of UTS 31, table 5, in everyday use. A label in any other one is refused.
var recommended = []string{
	"Arabic", "Armenian", "Bengali", "Bopomofo", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi", "Han",
	"Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil",
	"Telugu", "Thaana", "Thai", "Tibetan",
}

// together are the scripts that one language writes side by side, all of them also with Latin.
var together = []map[string]bool{
	{"Han": true, "Hiragana": true, "Katakana": true},
	{"Han": true, "Bopomofo": true},
	{"Han": true, "Hangul": true},
}

// international says that a name has letters beyond ASCII.
func international(domain string) bool {
	for l := range strings.SplitSeq(domain, ".") {
		if strings.HasPrefix(l, "xn--") {
			return true
		}
	}
	return false
}

// mixesScripts says that a label of the name is not "moderately restrictive" by UTS 39, section 5.2: no language is written so. Labels may
// be of different scripts.
func mixesScripts(domain string) bool {
	for l := range strings.SplitSeq(domain, ".") {
		if !strings.HasPrefix(l, "xn--") {
			continue
		}
		u, err := idna.Registration.ToUnicode(l)
		if err != nil || mixed(u) {
			return true
		}
	}
	return false
}

func mixed(label string) bool {
	scripts := map[string]bool{}
	for _, r := range label {
		if unicode.In(r, unicode.Common, unicode.Inherited) {
			continue
		}
		s := scriptOf(r)
		if s == "" {
			return true
		}
		scripts[s] = true
	}
	latin := scripts["Latin"]
	delete(scripts, "Latin")
	switch len(scripts) {
	case 0:
		return false
	case 1: // Greek and Cyrillic have the letters of Latin in other meanings
		return latin && (scripts["Greek"] || scripts["Cyrillic"])
	}
	for _, set := range together {
		if within(scripts, set) {
			return false
		}
	}
	return true
}

func within(scripts, set map[string]bool) bool {
	for s := range scripts {
		if !set[s] {
			return false
		}
	}
	return true
}

func scriptOf(r rune) string {
	for _, s := range recommended {
		if unicode.Is(unicode.Scripts[s], r) {
			return s
		}
	}
	return ""
}
