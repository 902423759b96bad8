package strict

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// declaration is the one XML declaration that tells the truth about what Go reads anyway.
var declaration = regexp.MustCompile(
	`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']1\.0["']` +
		`([ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?i:"utf-8"|'utf-8'))?` +
		`([ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*("(yes|no)"|'(yes|no)'))?[ \t\r\n]*\?>`)

// body checks the bytes of a document and returns those after byte order mark and XML declaration.
//
// The search for markup is on the bytes since the decoder of the standard library does not tell CDATA from text. No "<" may stand in
// text or in an attribute's value, so that what is found here is markup.
func body(doc []byte) ([]byte, error) {
	doc = bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(doc) {
		return nil, refuse(BadEncoding, "the document is not UTF-8")
	}
	if bytes.HasPrefix(doc, []byte("<?xml")) {
		d := declaration.Find(doc)
		if d == nil {
			return nil, refuse(BadEncoding, "the XML declaration is not that of XML 1.0 in UTF-8")
		}
		doc = doc[len(d):]
	}
	if bytes.Contains(doc, []byte("<!")) {
		return nil, refuse(BadMarkup, "a comment, CDATA section or DOCTYPE")
	}
	if bytes.Contains(doc, []byte("<?")) {
		return nil, refuse(BadMarkup, "a processing instruction")
	}
	return doc, references(doc)
}

// references refuses character references that XML forbids. The decoder refuses most of them, but turns halves of surrogate pairs
// into U+FFFD, where others stop.
func references(doc []byte) error {
	for {
		_, after, found := bytes.Cut(doc, []byte("&#"))
		if !found {
			return nil
		}
		doc = after
		digits, _, found := bytes.Cut(after[:min(len(after), 16)], []byte(";"))
		if !found || !character(string(digits)) {
			return refuse(BadSyntax, "a character reference that is none")
		}
	}
}

// character reports whether XML allows the character that "65" or "x41" stands for.
func character(digits string) bool {
	base := 10
	if digits != "" && digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	switch {
	case err != nil:
		return false
	case n < 0x20:
		return n == '\t' || n == '\n' || n == '\r'
	default:
		return n < 0xD800 || 0xDFFF < n && n < 0xFFFE || 0xFFFF < n && n <= utf8.MaxRune
	}
}
