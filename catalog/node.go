package catalog

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// kind is the shape of a node. The zero kind is whatever a catalog has no use for, such as a date.
type kind int

const (
	other kind = iota
	empty
	text
	integer
	mapping
	list
)

// node is a part of the file with its place.
type node struct {
	line, column int
	kind         kind
	text         string // of a text or an integer
	entries      []entry
	items        []node
}

// entry is a key of a mapping with its value.
type entry struct {
	key   node
	value node
}

// parse turns the file into nodes, or reports why not. A panic of the parser is a mistake of the file.
func (r *reader) parse(src []byte) (root node) {
	defer func() {
		if recover() != nil {
			r.report(1, 1, "not understood as YAML")
		}
	}()
	tokens := lexer.Tokenize(string(src))
	r.screenTokens(tokens)
	tokens = r.joinNames(tokens)
	if len(r.mistakes) > 0 {
		return node{}
	}
	// Repeated keys are found by nodes, all of them; the parser would stop at the first.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.reportSyntax(err)
		return node{}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.report(1, 1, "a catalog must be one YAML document with the key version")
		return node{}
	}
	return r.node(file.Docs[0].Body)
}

func (r *reader) reportSyntax(err error) {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		r.report(1, 1, "not understood as YAML")
		return
	}
	at := syntax.GetToken().Position
	r.report(at.Line, at.Column, "%s", syntax.GetMessage())
}

func (r *reader) node(from ast.Node) node {
	n := node{line: 1, column: 1}
	if from == nil || from.GetToken() == nil {
		return n
	}
	at := from.GetToken().Position
	n.line, n.column = at.Line, at.Column
	switch from := from.(type) {
	case *ast.NullNode:
		n.kind = empty
	case *ast.StringNode:
		n.kind, n.text = text, from.Value
	case *ast.LiteralNode:
		n.kind, n.text = text, from.Value.Value
	case *ast.IntegerNode:
		n.kind, n.text = integer, from.Token.Value
	case *ast.SequenceNode:
		n.kind = list
		for _, item := range from.Values {
			n.items = append(n.items, r.node(item))
		}
	case *ast.MappingNode:
		n.kind, n.entries = mapping, r.entries(from)
		if len(n.entries) > 0 && !from.IsFlowStyle {
			// The parser places a block mapping at its first colon.
			n.line, n.column = n.entries[0].key.line, n.entries[0].key.column
		}
	}
	return n
}

// entries reports keys that are not text or that are there twice, and leaves them out.
func (r *reader) entries(from *ast.MappingNode) []entry {
	var entries []entry
	lines := map[string]int{}
	for _, pair := range from.Values {
		key := r.node(pair.Key)
		if key.kind != text {
			r.at(key, "a key must be text")
			continue
		}
		if line, taken := lines[key.text]; taken {
			r.at(key, "key %q is there twice, first in line %d", key.text, line)
			continue
		}
		lines[key.text] = key.line
		entries = append(entries, entry{key: key, value: r.node(pair.Value)})
	}
	return entries
}
