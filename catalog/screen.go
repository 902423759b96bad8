package catalog

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// screen refuses what must not reach the parser, and characters that make a file look other than it is.
func (r *reader) screen(src []byte) {
	if len(src) > maxBytes {
		r.report(1, 1, "file of %d bytes is larger than %d", len(src), maxBytes)
		return
	}
	line, column := 1, 1
	for i := 0; i < len(src) && len(r.mistakes) < maxMistakes; {
		char, size := utf8.DecodeRune(src[i:])
		i += size
		switch {
		case char == utf8.RuneError && size == 1:
			r.report(line, column, "not UTF-8")
		case char == '\n':
			line, column = line+1, 0
		case char == '\r' && !bytes.HasPrefix(src[i:], []byte("\n")):
			r.report(line, column, "carriage return that does not end a line")
		case char != '\r' && !unicode.IsPrint(char):
			r.report(line, column, "character %U cannot be seen; indent with spaces", char)
		}
		column++
	}
}
