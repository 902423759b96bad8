package problems

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

// Markdown is the list as docs/problems.md holds it.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(`# Problems

Every refusal is a problem document (RFC 9457), served as application/problem+json:

| member | meaning |
|---|---|
| ` + "`type`" + ` | a link to the explanation of the code below |
| ` + "`title`, `status`" + ` | the HTTP status in words and as a number |
| ` + "`code`" + ` | what happened; stable, so that programs can switch on it |
| ` + "`detail`" + ` | the same for a person |
| ` + "`request_id`" + ` | under which the operator finds the request in the log |
| ` + "`fields`" + ` | where inputs are wrong: a ` + "`name`" + ` and a ` + "`detail`" + ` each |

Some codes have further members, which are named with them. New codes may appear in any release: treat one that you do not
know by its status.

<!-- Made from api/problems by make golden. -->
`)
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n## %d %s\n", g.Status, g.Title())
		for _, p := range g.Problems {
			fmt.Fprintf(&b, "\n### %s\n\n%s", p.Code, p.Meaning)
			if p.Remedy != "" {
				fmt.Fprintf(&b, "\n\n*What to do:* %s", p.Remedy)
			}
			if p.Extra != "" {
				fmt.Fprintf(&b, "\n\n*Further members:* %s", p.Extra)
			}
			if len(p.Status) > 1 {
				fmt.Fprintf(&b, "\n\n*Status:* %s", p.Statuses())
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// Statuses is the list of statuses in words: "401 or 403".
func (p Problem) Statuses() string {
	texts := make([]string, len(p.Status))
	for i, s := range p.Status {
		texts[i] = strconv.Itoa(s)
	}
	return strings.Join(texts, " or ")
}

// HTML is the list as a page. Its links are relative, so that it can be served below any prefix, as docs/problems.
func HTML() ([]byte, error) {
	t, err := template.New("problems").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("parse the page of problems: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, Groups()); err != nil {
		return nil, fmt.Errorf("draw the page of problems: %w", err)
	}
	return b.Bytes(), nil
}
