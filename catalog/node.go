package catalog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// kind is the shape of a node. The zero kind is whatever a catalog has no use for, such as a date.
type kind int

const (
	other kind = iota
	empty
	text
	integer
	boolean
	mapping
	list
	refused // and reported; [reader.at] says no more of it
)

// node is a part of the file with its place.
type node struct {
	line, column int
	kind         kind
	text         string // of a text, an integer or a boolean
	entries      []entry
	items        []node
}

// entry is a key of a mapping with its value.
type entry struct {
	key   node
	value node
}

// parse turns the file into nodes. It is false if there is nothing to go on with, and that is then reported.
func (r *reader) parse(src []byte) (root node, ok bool) {
	defer func() {
		// Only a fault of the YAML library panics; it is then no catalog either.
		if recover() != nil {
			r.report(1, 1, "not understood as YAML")
			ok = false
		}
	}()
	var first, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		r.report(1, 1, "a catalog must be a mapping with the key version")
		return node{}, false
	case err != nil:
		r.syntax(err)
		return node{}, false
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		r.report(second.Line, second.Column, "a catalog is one YAML document")
	case !errors.Is(err, io.EOF):
		r.syntax(err)
	}
	return r.node(first.Content[0], 0), true
}

var place = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax reports an error of the parser, which says the line in its text alone.
func (r *reader) syntax(err error) {
	line := 1
	found := place.FindStringSubmatch(err.Error())
	if n, parseErr := strconv.Atoi(append(found, "", "")[1]); parseErr == nil && n > 0 {
		line = n
	}
	r.report(line, 1, "%s", place.ReplaceAllLiteralString(err.Error(), ""))
}

// node converts a part of the file. It reports and leaves out what makes one text stand for another.
func (r *reader) node(from *yaml.Node, depth int) node {
	n := node{line: from.Line, column: from.Column}
	if reason := refusal(from, depth); reason != "" {
		r.at(n, "%s", reason)
		n.kind = refused
		return n
	}
	switch from.Kind {
	case yaml.MappingNode:
		n.kind, n.entries = mapping, r.entries(from, depth)
	case yaml.SequenceNode:
		n.kind = list
		for _, item := range from.Content {
			n.items = append(n.items, r.node(item, depth+1))
		}
	case yaml.ScalarNode:
		n.kind, n.text = scalar(from.ShortTag()), from.Value
	case yaml.DocumentNode, yaml.AliasNode: // the one holds the root, the other is refused
	}
	return n
}

func refusal(from *yaml.Node, depth int) string {
	switch {
	case from.Kind == yaml.AliasNode || from.Anchor != "":
		return "anchors and aliases are not allowed; write it out"
	case from.Style&yaml.TaggedStyle != 0:
		return "YAML tags are not allowed"
	case depth == maxNesting:
		return "nested too deeply"
	}
	return ""
}

func scalar(tag string) kind {
	switch tag {
	case "!!str":
		return text
	case "!!null":
		return empty
	case "!!int":
		return integer
	case "!!bool":
		return boolean
	}
	return other
}

// entries reports keys that are not text or that are there twice, and leaves them out.
func (r *reader) entries(from *yaml.Node, depth int) []entry {
	var entries []entry
	lines := map[string]int{}
	for i := 0; i+1 < len(from.Content); i += 2 {
		key := r.node(from.Content[i], depth+1)
		if key.kind != text {
			r.at(key, "a key must be text")
			continue
		}
		if line, taken := lines[key.text]; taken {
			r.at(key, "key %q is there twice, first in line %d", key.text, line)
			continue
		}
		lines[key.text] = key.line
		entries = append(entries, entry{key: key, value: r.node(from.Content[i+1], depth+1)})
	}
	return entries
}
