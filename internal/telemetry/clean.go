package telemetry

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValue is where a logged value is cut, in bytes.
const maxValue = 1 << 10

const redacted = "[redacted]"

// credential matches what our own tokens and every JWT look like, wherever they stand.
var credential = regexp.MustCompile(`\bgh[biklrsv]_[0-9A-Za-z_]{20,}|\beyJ[\w-]*\.[\w-]+\.[\w-]*`)

// Clean makes s safe for a log: credentials are redacted, what could forge or hide a line is spelled out as \uXXXX, and it
// is cut at 1 KiB. A terminal that shows the log must not be steered by a user agent (CWE-117).
func Clean(s string) string {
	if mayHoldCredential(s) {
		s = credential.ReplaceAllString(cut(s, 4*maxValue), redacted)
	}
	s = cut(s, maxValue)
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) && r != utf8.RuneError {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return cut(b.String(), maxValue)
}

// mayHoldCredential keeps the expression from running over every id in every line.
func mayHoldCredential(s string) bool {
	if len(s) < 16 {
		return false
	}
	for _, mark := range [...]string{"ghk_", "ghr_", "ghl_", "ghi_", "ghb_", "ghs_", "ghv_", "eyJ"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return false
}

// unsafe holds the control characters, line and paragraph separators, bidirectional and other invisible formatting, and
// what is not UTF-8.
func unsafe(r rune) bool {
	return r < ' ' || r >= 0x7f && (r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp))
}

func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}
