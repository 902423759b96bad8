package console

import (
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
)

// field is one input with its label, and what is wrong with what was typed.
type field struct {
	ID       string // and its name
	Label    string
	Type     string
	Value    string
	Hint     string
	Problem  string
	Optional bool
}

// Code says that the input holds something to the letter, for which spelling help is none.
func (f field) Code() bool { return f.Type == "url" || f.Type == "text" }

// problems is what is wrong with a form: beside its fields, and above it.
type problems struct {
	Heading string
	General string // what no field is to blame for
	List    []problem
}

// problem is one field that is to blame, for the list above the form.
type problem struct{ ID, Text string }

// Any says that there is something to tell.
func (p problems) Any() bool { return p.General != "" || len(p.List) > 0 }

// of is what is wrong with a field.
func (p problems) of(id string) string {
	for _, one := range p.List {
		if one.ID == id {
			return one.Text
		}
	}
	return ""
}

// problemsOf sorts a refusal into what stands beside the fields of a form and what stands above it, with the status of the page that tells
// it. What is no fault of the form (nothing is there, something broke) is not ok. Known maps names of inputs to ids of fields.
func problemsOf(err error, known func(name string) string) (p problems, status int, ok bool) {
	e := errs.As(err)
	switch e.Kind {
	case errs.Invalid, errs.Conflict, errs.Forbidden, errs.Gone:
	default:
		return problems{}, 0, false
	}
	reason, _ := e.Extra["reason"].(string)
	p.Heading = "This cannot be saved yet"
	for _, f := range e.Fields {
		text := advise(reason, f.Detail)
		if id := known(f.Name); id != "" {
			p.List = append(p.List, problem{id, text})
			continue
		}
		p.General = strings.TrimSpace(p.General + " " + text)
	}
	if !p.Any() {
		p.General = e.Detail
	}
	return p, int(e.Kind), true
}

// asksAgain says that a refusal is for want of a fresh sign-in.
func asksAgain(err error) bool {
	return err != nil && errs.CodeOf(err) == sso.ErrReauthRequired.Code
}
