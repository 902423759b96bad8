package catalog

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// screenBytes refuses what must not reach the lexer, and characters that make a file look other than it is.
func (r *reader) screenBytes(src []byte) {
	if len(src) > maxBytes {
		r.report(1, 1, "file of %d bytes is larger than %d", len(src), maxBytes)
		return
	}
	line, start := 1, 0
	for i := 0; i < len(src); {
		char, size := utf8.DecodeRune(src[i:])
		column := utf8.RuneCount(src[start:i]) + 1
		switch {
		case char == utf8.RuneError && size == 1:
			r.report(line, column, "not UTF-8")
		case char == '\r' && !bytes.HasPrefix(src[i+1:], []byte("\n")):
			r.report(line, column, "carriage return that does not end a line")
		case char == '\n':
			line, start = line+1, i+1
		case char != '\r' && !unicode.IsPrint(char):
			r.report(line, column, "character %U cannot be seen; indent with spaces", char)
		}
		if len(r.mistakes) == maxMistakes {
			return
		}
		i += size
	}
}

// screenTokens refuses the parts of YAML that a catalog has no use for (they make one text stand for another) and
// nesting that no catalog has, before the parser recurses into it.
func (r *reader) screenTokens(tokens token.Tokens) {
	if len(tokens) > maxTokens {
		r.report(1, 1, "file of %d YAML tokens has more than %d", len(tokens), maxTokens)
		return
	}
	nesting, sequence := 0, 0
	for i, tk := range tokens {
		at := tk.Position
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			r.report(at.Line, at.Column, "anchors, aliases and merge keys are not allowed; write it out")
		case token.TagType, token.DirectiveType:
			r.report(at.Line, at.Column, "YAML tags and directives are not allowed")
		case token.MappingKeyType:
			r.report(at.Line, at.Column, "keys marked with ? are not allowed")
		case token.DocumentHeaderType, token.DocumentEndType:
			if i > 0 {
				r.report(at.Line, at.Column, "a catalog is one YAML document")
			}
		case token.MappingStartType, token.SequenceStartType:
			if nesting++; nesting == maxNesting {
				r.report(at.Line, at.Column, "nested too deeply")
			}
		case token.MappingEndType, token.SequenceEndType:
			nesting--
		case token.SequenceEntryType:
			if sequence == at.Line {
				r.report(at.Line, at.Column, "a list within a list")
			}
			sequence = at.Line
		default:
		}
		if len(r.mistakes) == maxMistakes {
			return
		}
	}
}
