package openapi

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yaml writes the document in the order in which a person reads: operations as in the table, fields as in their types.
func (d *document) yaml() ([]byte, error) {
	text, err := d.spec.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the document: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil { // JSON is YAML
		return nil, fmt.Errorf("read the document: %w", err)
	}
	top := root.Content[0]
	block(top)
	sortKeys(top, "openapi", "info", "servers", "tags", "paths", "components")
	d.sortPaths(child(top, "paths"))
	components := child(top, "components")
	sortKeys(components, "securitySchemes", "responses", "schemas")
	d.sortSchemas(child(components, "schemas"))

	var b bytes.Buffer
	b.WriteString("# Made from the table of routes by make golden.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&root); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	return b.Bytes(), e.Close()
}

// block turns JSON's braces and quotes into the plain style; short lists of words stay on one line.
func block(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) <= 12 && !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }) {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}

// child is the value of a key; an empty mapping if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{Kind: yaml.MappingNode}
}

// sortKeys puts the keys of a mapping in the order given; the others follow as they were.
func sortKeys(n *yaml.Node, order ...string) {
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, pair{n.Content[i], n.Content[i+1]})
	}
	place := func(p pair) int {
		if i := slices.Index(order, p.key.Value); i >= 0 {
			return i
		}
		return math.MaxInt
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(place(a), place(b)) })
	n.Content = n.Content[:0]
	for _, p := range pairs {
		n.Content = append(n.Content, p.key, p.value)
	}
}

func (d *document) sortPaths(paths *yaml.Node) {
	var order []string
	for _, r := range d.Table {
		order = append(order, r.Path())
	}
	sortKeys(paths, order...)
	for i := 1; i < len(paths.Content); i += 2 {
		item := paths.Content[i]
		sortKeys(item, "get", "post", "put", "patch", "delete")
		for j := 1; j < len(item.Content); j += 2 {
			sortKeys(item.Content[j], "operationId", "tags", "summary", "description", "x-gatehouse-open", "x-gatehouse-permission",
				"x-gatehouse-feature", "x-gatehouse-session-only", "x-gatehouse-step-up-seconds", "x-gatehouse-limit", "x-gatehouse-any-standing",
				"security", "parameters", "requestBody", "responses")
		}
	}
	walk(paths)
}

func (d *document) sortSchemas(schemas *yaml.Node) {
	for i := 0; i+1 < len(schemas.Content); i += 2 {
		if t := d.types[schemas.Content[i].Value]; t != nil && t.Kind() == reflect.Struct {
			sortKeys(child(schemas.Content[i+1], "properties"), jsonNames(t)...)
		}
	}
	sortKeys(child(child(schemas, "Problem"), "properties"), "type", "title", "status", "code", "detail", "request_id", "fields")
	walk(schemas)
}

// walk sorts what is a schema or an answer, told by what it holds.
func walk(n *yaml.Node) {
	has := func(key string) bool { return child(n, key).Kind == yaml.ScalarNode }
	switch {
	case n.Kind == yaml.MappingNode && (has("type") || has("$ref")):
		sortSchema(n)
	case n.Kind == yaml.MappingNode && len(child(n, "default").Content) > 0:
		last(n, "default")
	case n.Kind == yaml.MappingNode && len(child(n, "content").Content) > 0:
		sortKeys(n, "description", "required", "content")
	}
	for _, c := range n.Content {
		walk(c)
	}
}

// last moves a key to the end.
func last(n *yaml.Node, key string) {
	i := slices.IndexFunc(n.Content, func(c *yaml.Node) bool { return c.Value == key })
	name, value := n.Content[i], n.Content[i+1]
	n.Content = append(slices.Delete(n.Content, i, i+2), name, value)
}

func sortSchema(n *yaml.Node) {
	sortKeys(n, "$ref", "type", "format", "pattern", "enum", "minimum", "maximum", "minLength", "maxLength", "writeOnly", "description",
		"required", "additionalProperties", "properties", "items")
}

// jsonNames lists the members of a struct in the order of its fields.
func jsonNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
