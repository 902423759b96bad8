package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how much of a name a message shows.
const maxName = 64

// maxSentence is how much of a longer text.
const maxSentence = 500

// Name makes what somebody typed (a person's or tenant's name) safe to stand in a message of ours: one line, of bounded length, without
// characters that hide or turn text around. A space after each dot, colon and at sign keeps mail programs from making a link of it, so
// that "evil.example" in a name does not borrow the trust in the sender.
func Name(s string) string { return line(s, maxName) }

// Sentence is [Name] for a longer text that somebody typed: the same rules, and up to 500 characters.
func Sentence(s string) string { return line(s, maxSentence) }

func line(s string, most int) string {
	var b strings.Builder
	breaks, space, n := false, false, 0
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = b.Len() > 0
			continue
		}
		if r == utf8.RuneError || isInvisible(r) {
			continue
		}
		if n == most {
			b.WriteRune('…')
			break
		}
		if space || breaks {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		n++
		// IDNA and mail programs take the ideographic and full-width dots for dots.
		space, breaks = false, strings.ContainsRune(".:@。．｡：＠", r)
	}
	return b.String()
}

// isInvisible says that r draws nothing of its own: format characters (among them all that turn the direction of text, and the zero-width
// ones), line and paragraph separators, private use.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}
