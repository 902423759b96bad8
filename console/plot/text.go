package plot

import (
	"strings"
	"unicode"
)

const (
	replaced  = '\uFFFD'
	isolate   = "\u2068" // what comes until release has a direction of its own
	released  = "\u2069"
	mostMarks = 2 // on one letter: more would be drawn over other rows
)

// clean is a name without what XML cannot carry, what breaks lines, what turns the text around and letters in towers.
func clean(name string) string {
	var b strings.Builder
	marks := 0
	for _, r := range name {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > mostMarks {
				continue
			}
		default:
			marks = 0
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case turns(r):
		case !unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r), r == '\uFFFE', r == '\uFFFF':
			b.WriteRune(replaced)
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// turns says that a character does nothing but change the direction of others.
func turns(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u200E' || r == '\u200F' || r == '\u061C'
}

// width is at most how wide a text is in a sans-serif font, in parts of its size: the server has no fonts to measure it with.
func width(text string) (em float64) {
	for _, r := range text {
		em += widthOf(r)
	}
	return em
}

func widthOf(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case strings.ContainsRune(" .,:;|!'ijlftrI()[]1-", r):
		return 0.56
	case strings.ContainsRune("mwMWOQ@%—…", r), r >= '\u1100':
		return 1.1
	case r < unicode.MaxASCII && !unicode.IsUpper(r):
		return 0.64
	case unicode.In(r, unicode.Arabic, unicode.Hebrew):
		return 0.68
	default:
		return 0.85
	}
}

// fit shortens a text until it is no wider than the room for it.
func fit(text string, size, room px) string {
	if px(width(text))*size <= room {
		return text
	}
	left := float64(room/size) - widthOf('…')
	for i, r := range text {
		if left -= widthOf(r); left < 0 {
			return strings.TrimRightFunc(text[:i], joins) + "…"
		}
	}
	return text
}

// joins says that a character is nothing without the next one.
func joins(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
