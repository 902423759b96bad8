package catalog

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// joinNames puts "thing:verb" back together within braces. There YAML ends a key at a colon only if a space
// follows (as everywhere), but this lexer ends it at any, and reads the list in {permissions: [chat:use]} as a
// list of mappings. A key such as {chat:use: …} it reads past repair, and quotes are asked for.
func (r *reader) joinNames(tokens token.Tokens) token.Tokens {
	var joined token.Tokens
	for i := 0; i < len(tokens); i++ {
		if i+2 >= len(tokens) || !adjacent(tokens[i], tokens[i+1], tokens[i+2]) {
			joined.Add(tokens[i])
			continue
		}
		name := tokens[i].Clone()
		name.Value += ":" + tokens[i+2].Value
		name.Origin += tokens[i+1].Origin + tokens[i+2].Origin
		if key, isKey := strings.CutSuffix(name.Value, ":"); isKey {
			r.report(name.Position.Line, name.Position.Column, "within braces the key %q needs quotes", key)
		}
		joined.Add(name)
		i += 2
	}
	return joined
}

// adjacent reports whether the three are an unquoted word, a colon and an unquoted word without space between.
func adjacent(thing, colon, verb *token.Token) bool {
	return colon.Type == token.MappingValueType && thing.Type == token.StringType && plain(verb) &&
		thing.Position.Line == colon.Position.Line && colon.Position.Line == verb.Position.Line &&
		thing.Position.Column+len(thing.Value) == colon.Position.Column && colon.Position.Column+1 == verb.Position.Column
}

func plain(tk *token.Token) bool {
	switch tk.Type {
	case token.StringType, token.BoolType, token.NullType, token.IntegerType, token.FloatType:
		return true
	default:
		return false
	}
}
