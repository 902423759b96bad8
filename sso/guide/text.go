package guide

import (
	"fmt"
	"strings"
)

// Span is a piece of a [Text]. Where Placeholder is set, Text is the value of the connection once [Text.Fill] knew it, and until then
// the placeholder as it is written.
type Span struct {
	Text        string
	Bold        bool // the label of something on the provider's screen
	Code        bool // a value, to the letter
	Placeholder string
}

// Text is a sentence or more in parts.
type Text []Span

// Parse reads a text with **bold**, `code` and {{placeholders}}. What is not closed, a placeholder that nobody fills, and a < (no text
// of a guide needs one; markup does) are errors.
func Parse(s string) (Text, error) {
	if strings.Contains(s, "<") {
		return nil, fmt.Errorf("%q holds a <", s)
	}
	var t Text
	for s != "" {
		before, mark, style := cutMark(s)
		var err error
		if t, err = t.plain(before, Span{}); err != nil || mark == "" {
			return t, err
		}
		inner, rest, closed := strings.Cut(s[len(before)+len(mark):], mark)
		if !closed || inner == "" {
			return nil, fmt.Errorf("%s is not closed, or closed at once, in %q", mark, s)
		}
		if t, err = t.plain(inner, style); err != nil {
			return nil, err
		}
		s = rest
	}
	return t, nil
}

// cutMark returns what stands before the first mark of s, and the mark with its style.
func cutMark(s string) (before, mark string, style Span) {
	before = s
	for candidate, its := range map[string]Span{"**": {Bold: true}, "`": {Code: true}} {
		if b, _, found := strings.Cut(s, candidate); found && (mark == "" || len(b) < len(before)) {
			before, mark, style = b, candidate, its
		}
	}
	return before, mark, style
}

// plain appends s, in which nothing but placeholders means anything.
func (t Text) plain(s string, style Span) (Text, error) {
	for s != "" {
		before, rest, opened := strings.Cut(s, "{{")
		if before != "" {
			style.Text, style.Placeholder = before, ""
			t = append(t, style)
		}
		if !opened {
			break
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed || !known(name) {
			return nil, fmt.Errorf("{{%s is no placeholder", rest)
		}
		style.Text, style.Placeholder = "{{"+name+"}}", name
		t = append(t, style)
		s = after
	}
	return t, nil
}

// Fill returns the text with the values of a connection. A placeholder without a value stays as it is written.
func (t Text) Fill(values map[string]string) Text {
	filled := make(Text, len(t))
	for i, s := range t {
		if v := values[s.Placeholder]; s.Placeholder != "" && v != "" {
			s.Text = v
		}
		filled[i] = s
	}
	return filled
}

// String is the text without its styles.
func (t Text) String() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(s.Text)
	}
	return b.String()
}

// UnmarshalText reads what [Parse] reads.
func (t *Text) UnmarshalText(s []byte) error {
	parsed, err := Parse(strings.TrimSpace(string(s)))
	*t = parsed
	return err
}
