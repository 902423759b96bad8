package coverage

import (
	"fmt"
	"regexp"
	"strings"
)

// Section is a group of cases.
type Section struct {
	Title string
	Cases []Case
}

// Case is one attack.
type Case struct {
	ID    string
	Title string // what is tried, or what must hold
	Waits string // the feature without which it cannot be tried; "" if there is a test
}

var caseID = regexp.MustCompile(`^[A-Z]{2,4}-\d{2,3}$`)

// Parse reads sections ("# Title") and cases (id, title and perhaps what it waits for, between tabs).
func Parse(text string) ([]Section, error) {
	var sections []Section
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if title, ok := strings.CutPrefix(line, "# "); ok {
			sections = append(sections, Section{Title: title})
			continue
		}
		fields := strings.Split(line, "\t")
		switch {
		case line == "":
			continue
		case len(sections) == 0:
			return nil, fmt.Errorf("line %d: a case before the first section", n)
		case len(fields) < 2 || len(fields) > 3 || !caseID.MatchString(fields[0]) || strings.TrimSpace(fields[1]) == "":
			return nil, fmt.Errorf("line %d: want id, title and perhaps a feature between tabs", n)
		case seen[fields[0]]:
			return nil, fmt.Errorf("line %d: %s is there twice", n, fields[0])
		case len(fields) == 3 && strings.TrimSpace(fields[2]) == "":
			return nil, fmt.Errorf("line %d: %s waits for nothing", n, fields[0])
		}
		seen[fields[0]] = true
		c := Case{ID: fields[0], Title: fields[1]}
		if len(fields) == 3 {
			c.Waits = fields[2]
		}
		last := &sections[len(sections)-1]
		last.Cases = append(last.Cases, c)
	}
	return sections, nil
}
