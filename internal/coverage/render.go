package coverage

import (
	"fmt"
	"path"
	"strings"
)

const head = `# Security coverage

What is tried against Gatehouse, and which test holds that it fails. The file is made from the tests and from
[cases.tsv](../internal/coverage/cases.tsv): ` + "`make golden`" + ` writes it, and a test demands that it is up to date, that
every case has a test, and that what has none waits for a feature which is not there yet.

`

// Render writes the document. Paths of tests are relative to the root of the module.
func Render(sections []Section, tests map[string][]Test) string {
	var b strings.Builder
	b.WriteString(head)
	all, waiting := 0, 0
	for _, s := range sections {
		for _, c := range s.Cases {
			all++
			if c.Waits != "" {
				waiting++
			}
		}
	}
	fmt.Fprintf(&b, "%d cases: %d are tested, %d wait for a feature.\n", all, all-waiting, waiting)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| case | what is tried, or must hold | test |\n|---|---|---|\n", s.Title)
		for _, c := range s.Cases {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.ID, c.Title, where(c, tests[c.ID]))
		}
	}
	return b.String()
}

func where(c Case, tests []Test) string {
	if c.Waits != "" {
		return "*waits for: " + c.Waits + "*"
	}
	var places []string
	for _, t := range tests {
		places = append(places, fmt.Sprintf("[%s](../%s) `%s`", path.Dir(t.File), t.File, t.Name))
	}
	return strings.Join(places, "<br>")
}

// Gaps says which cases have neither a test nor a feature to wait for, and which have both.
func Gaps(sections []Section, tests map[string][]Test) []string {
	var gaps []string
	for _, s := range sections {
		for _, c := range s.Cases {
			switch found := len(tests[c.ID]); {
			case c.Waits == "" && found == 0:
				gaps = append(gaps, fmt.Sprintf("%s (%s) has no test", c.ID, c.Title))
			case c.Waits != "" && found > 0:
				gaps = append(gaps, fmt.Sprintf("%s waits for %s, and %s tests it", c.ID, c.Waits, tests[c.ID][0].Name))
			}
		}
	}
	return gaps
}
