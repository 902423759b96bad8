package web

// PlainInput is an input that reads its most common form by itself, which costs a tenth of what decoding does. False, for whatever it does
// not know to be right to the last byte, leaves the body to the strict decoder. What it reads must be what the decoder reads.
type PlainInput interface{ DecodePlain(body []byte) bool }

// PlainOutput is an answer that writes its most common form by itself, with the bytes that encoding it would give; false, when it cannot,
// leaves it to the encoder.
type PlainOutput interface {
	AppendPlain(b []byte) (answer []byte, plain bool)
}

// Cursor reads plain JSON: objects, arrays and strings without escapes, parted by nothing but spaces. Its methods are false at whatever is
// something else.
type Cursor struct {
	text string
	at   int
}

// NewCursor begins with a body, which it copies.
func NewCursor(body []byte) *Cursor { return &Cursor{text: string(body)} }

// Is reads one mark, such as a brace.
func (c *Cursor) Is(mark byte) bool {
	for c.at < len(c.text) && c.text[c.at] == ' ' {
		c.at++
	}
	if c.at == len(c.text) || c.text[c.at] != mark {
		return false
	}
	c.at++
	return true
}

// Text reads a string of printable ASCII without escapes.
func (c *Cursor) Text() (string, bool) {
	if !c.Is('"') {
		return "", false
	}
	begin := c.at
	for ; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; {
		case b == '"':
			c.at++
			return c.text[begin : c.at-1], true
		case b < ' ', b >= 0x7f, b == '\\':
			return "", false
		}
	}
	return "", false
}

// Done says that nothing is left.
func (c *Cursor) Done() bool {
	for c.at < len(c.text) && c.text[c.at] == ' ' {
		c.at++
	}
	return c.at == len(c.text)
}
