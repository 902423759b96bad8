package catalog

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// reader collects the mistakes of one file. Its methods go on after a mistake, so that all are found.
type reader struct {
	file     string
	mistakes Mistakes
}

func (r *reader) report(line, column int, format string, args ...any) {
	if len(r.mistakes) < maxMistakes {
		r.mistakes = append(r.mistakes, Mistake{r.file, line, column, fmt.Sprintf(format, args...)})
	}
}

// at reports a mistake in the place of a node, unless one has been reported that made it unreadable.
func (r *reader) at(n node, format string, args ...any) {
	if n.kind == refused {
		return
	}
	r.report(n.line, n.column, format, args...)
}

// section returns the entries of a mapping with at most limit of them; what names it in mistakes.
func (r *reader) section(n node, what string, limit int) []entry {
	if n.kind == empty {
		return nil
	}
	if n.kind != mapping {
		r.at(n, "%s: must be a mapping", what)
		return nil
	}
	if len(n.entries) > limit {
		r.at(n.entries[limit].key, "%s: more than %d", what, limit)
		return n.entries[:limit]
	}
	return n.entries
}

// fields returns the values of a mapping by their keys, and reports keys that are not among the known.
func (r *reader) fields(n node, what string, known ...string) map[string]node {
	fields := map[string]node{}
	for _, e := range r.section(n, what, maxPermissions) {
		if !slices.Contains(known, e.key.text) {
			r.at(e.key, "%s: unknown key %q%s", what, e.key.text, suggest(e.key.text, known))
			continue
		}
		fields[e.key.text] = e.value
	}
	return fields
}

// name returns the text of a field that names something, or "" after reporting.
func (r *reader) name(n node, what string) string {
	if n.kind != text || n.text == "" {
		r.at(n, "%s: must be a name", what)
		return ""
	}
	return n.text
}

// names returns a list of names, each once.
func (r *reader) names(n node, what string) []node {
	if n.kind == empty {
		return nil
	}
	if n.kind != list {
		r.at(n, "%s: must be a list such as [a, b]", what)
		return nil
	}
	var names []node
	for _, item := range n.items {
		if r.name(item, what) == "" {
			continue
		}
		if slices.ContainsFunc(names, func(n node) bool { return n.text == item.text }) {
			r.at(item, "%s: %q is there twice", what, item.text)
			continue
		}
		names = append(names, item)
	}
	return names
}

// title returns the title among the fields, or the name of the thing.
func (r *reader) title(fields map[string]node, what, name string) string {
	return r.line(fields, what, "title", maxTitle, name)
}

// line returns a text of one line among the fields, or otherwise if it is not given.
func (r *reader) line(fields map[string]node, what, key string, limit int, otherwise string) string {
	n, given := fields[key]
	if !given || n.kind == empty {
		return otherwise
	}
	if n.kind != text || n.text == "" || utf8.RuneCountInString(n.text) > limit || !printable(n.text) {
		r.at(n, "%s: %s must be a text of at most %d characters on one line", what, key, limit)
		return otherwise
	}
	return n.text
}

func printable(s string) bool {
	for _, char := range s {
		if !unicode.IsPrint(char) {
			return false
		}
	}
	return true
}
