package mail

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed letter.html
var letterHTML string

var letterTemplate = template.Must(template.New("letter").Parse(letterHTML))

// Letter is the one form that our messages have: paragraphs, at most one link, a note. Names inside the texts went through [Name].
type Letter struct {
	Subject    string
	Paragraphs []string
	Action     Action
	Note       string // small print
}

// Action is the link of a letter. The URL begins with the configured base URL, never with what a request said.
type Action struct{ Label, URL string }

// Message writes the letter as text and as HTML.
func (l Letter) Message(to string) (Message, error) {
	var html strings.Builder
	if err := letterTemplate.Execute(&html, l); err != nil {
		return Message{}, fmt.Errorf("write a letter: %w", err)
	}
	parts := append([]string{}, l.Paragraphs...)
	if l.Action.URL != "" {
		parts = append(parts, l.Action.Label+":\n"+l.Action.URL)
	}
	if l.Note != "" {
		parts = append(parts, l.Note)
	}
	return Message{To: to, Subject: l.Subject, Text: strings.Join(parts, "\n\n") + "\n", HTML: html.String()}, nil
}
