package console

import (
	"strconv"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// testedPage tells who configures a connection what a test of it found: every check, what was mapped, and what a sign-in would have done.
type testedPage struct {
	Heading    string
	Sentence   string
	Connection string
	Works      bool // as far as can be told to who asks
	Code       string
	Hint       string
	Fixer      string
	Attempt    string
	ID         string // of the connection; "" for who may not see its page
	SetUp      string // path of its tests; "" for Google

	Failed []testedCheck // the checks, in their order
	Passed []testedCheck
	Mapped []testedFact
	Groups []string
	Claims []sso.Claim
	Legacy []string

	Unsaved bool     // it was tried with a change that is not saved
	Again   tryAgain // the form of that change; the zero tryAgain if there was none

	Hidden  bool
	Changes []testedFact // From is empty for a new member
}

type testedCheck struct {
	Name, Expected, Got string
	OK                  bool
}

// testedFact is one value, and for a change what it was.
type testedFact struct{ Name, From, Value string }

func (p testedPage) frame() frame {
	return frame{file: "tested", title: or(p.Heading, "Test of a connection")}
}

func testedPageOf(d sso.DryRun) testedPage {
	p := testedPage{
		Connection: d.Connection.Name, Attempt: d.Attempt.String(), Claims: d.Claims, Legacy: d.Legacy, Hidden: d.Hidden, Groups: d.Identity.Groups,
		Works: d.Refusal == "", Unsaved: d.Candidate, Again: tryAgainOf(d),
	}
	if c := d.Connection.ID; !c.IsZero() && c != id.Google {
		p.SetUp = setupRoot + "/" + c.String() + "/test"
	}
	if !d.Hidden && d.Connection.ID != id.Google {
		p.ID = d.Connection.ID.String()
	}
	p.Heading, p.Sentence = verdict(d)
	if d.Refusal != "" {
		p.Code, p.Hint, p.Fixer = string(d.Refusal), d.Refusal.Explain().Hint, fixerName(d.Refusal.Fixer())
	}
	p.Failed, p.Passed = checksOf(d.Checks)
	p.Works = p.Works && len(p.Failed) == 0
	for _, c := range d.Changes {
		p.Changes = append(p.Changes, testedFact{c.Field, c.From, c.To})
	}
	if d.Proven {
		p.Mapped = mappedOf(d.Identity)
		if g := d.Groups; g != nil {
			p.Mapped = append(p.Mapped,
				testedFact{"Role by groups", "", d.GroupRole + " (" + or(strings.Join(g.Groups, ", "), "no group has a role") + ")"},
				testedFact{"Groups without a role", "", strconv.Itoa(g.Unknown.Count)})
		}
	}
	return p
}

// checksOf parts those that failed, which people look for, from those that passed.
func checksOf(list []sso.Check) (failed, passed []testedCheck) {
	for _, c := range list {
		row := testedCheck{labelOf(c.Name), c.Expected, c.Got, c.OK}
		if c.OK {
			passed = append(passed, row)
		} else {
			failed = append(failed, row)
		}
	}
	return failed, passed
}

// verdict is the answer in two sentences. Who holds a set-up link learns nothing about members, whatever the answer.
func verdict(d sso.DryRun) (heading, sentence string) {
	const nothing = " This was a test: nobody was let in, and nothing was changed."
	switch {
	case !d.Proven:
		return "The provider's answer is not accepted", "Sign-ins fail at the first check that does not pass." + nothing
	case d.Hidden:
		return "The provider's answer is accepted", "Whether this person may enter is for the organization to see." + nothing
	case d.Refusal != "":
		return "The connection works, and this person would be refused", d.Refusal.Explain().Text + nothing
	case d.Joins:
		return "The connection works", "This person would join as a new member." + nothing
	default:
		return "The connection works", "This person would be signed in." + nothing
	}
}

func mappedOf(i sso.Identity) []testedFact {
	email := or(i.Email, "not sent")
	if i.Email != "" && !i.EmailVerified {
		email += " (not verified)"
	}
	facts := []testedFact{
		{"Name", "", or(i.Name, "not sent")},
		{"E-mail", "", email},
		{"Subject", "", i.Subject},
		{"Issuer", "", i.Issuer},
	}
	switch {
	case i.GroupsMissing:
		facts = append(facts, testedFact{"Groups", "", "not sent: nothing would change"})
	case len(i.Groups) == 0:
		facts = append(facts, testedFact{"Groups", "", "none"})
	}
	if len(i.AMR) > 0 {
		facts = append(facts, testedFact{"Methods", "", strings.Join(i.AMR, ", ")})
	}
	return facts
}

func fixerName(f sso.Fixer) string {
	switch f {
	case sso.FixPerson:
		return "The person who signs in"
	case sso.FixIdPAdmin:
		return "The administrator of the identity provider"
	case sso.FixAdmin:
		return "An administrator of the organization, here"
	case sso.FixOperator:
		return "The operator of this installation"
	default:
		return ""
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
