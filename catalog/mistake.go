package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with a catalog file. Lines and columns count from 1.
type Mistake struct {
	File         string
	Line, Column int
	Message      string
}

// Error returns the mistake on one line, in the form that editors and terminals turn into a link.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// Mistakes are all that is wrong with one file, in the order of the file. It is the error that [Parse] returns.
type Mistakes []Mistake

// Error returns the mistakes, each on its own line.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// err returns the mistakes in order, or nil if there are none.
func (m Mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}
