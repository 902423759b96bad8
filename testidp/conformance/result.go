package conformance

import (
	"fmt"
	"net/http"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Outcome is what a correct relying party does.
type Outcome = samlforge.Outcome

// Verdict is what the relying party did.
type Verdict string

// The verdicts. Harmless is a third way that a scenario leaves open. Failed is everything that is not as it should be.
const (
	Refused  Verdict = "refused"
	Accepted Verdict = "accepted"
	Harmless Verdict = "harmless"
	Failed   Verdict = "failed"
)

// Result is one attack and what came of it.
type Result struct {
	Area    Area    `json:"area"`
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Variant string  `json:"variant,omitempty"` // mode of signing, or binding
	Expect  Outcome `json:"expect"`
	Verdict Verdict `json:"verdict"`
	Status  int     `json:"status,omitempty"`
	Code    string  `json:"code,omitempty"` // by which the relying party names the refusal
	Problem string  `json:"problem,omitempty"`
}

// Seen is what could be observed of an attack.
type Seen struct {
	Status int
	Code   string
	// Person and Tenant are whose session the browser has afterwards; empty if it has none.
	Person, Tenant string
	// Session says that the browser was given a session, whether or not it works.
	Session bool
	// Changed says that rows are not what they were before.
	Changed bool
	// Cut says that the connection was closed in the middle of the request, as servers do whose limit is exceeded.
	Cut bool
}

// Honest is who may be signed in, if anybody.
type Honest struct{ Person, Tenant string }

// unwelcome says that a refusal came after the statement was believed: the person is not let in for who they are.
func unwelcome(code string) bool {
	switch code {
	case "email_invalid", "email_unverified", "domain_not_allowed", "jit_disabled", "link_required", "identity_changed", "identity_in_use",
		"not_a_tester", "identities_frozen", "no_account", "no_membership", "member_suspended", "member_removed",
		"seats_exhausted":
		return true
	default:
		return false
	}
}

// Judge compares what was observed with what a correct relying party does, and returns the problem, or "". A forgery that is refused only
// because its person is not welcome was believed, which is a problem unless persons is set: then who the person is was the question.
func Judge(expect Outcome, s Seen, honest Honest, persons bool) (Verdict, string) {
	switch {
	case s.Session:
		return judgeSession(expect, s, honest)
	case s.Changed:
		return Failed, "it changed rows although nobody was signed in"
	case s.Status >= http.StatusInternalServerError:
		return Failed, fmt.Sprintf("the server failed with %d %s", s.Status, s.Code)
	case expect == samlforge.Accept:
		return Failed, fmt.Sprintf("an honest answer was refused with %d %s", s.Status, s.Code)
	case !s.Cut && s.Status < http.StatusBadRequest:
		return Failed, fmt.Sprintf("it was answered with %d and not refused", s.Status)
	case expect == samlforge.Refuse && !persons && unwelcome(s.Code):
		return Failed, "it was believed, and refused only for who the person is: " + s.Code
	default:
		return Refused, ""
	}
}

func judgeSession(expect Outcome, s Seen, honest Honest) (Verdict, string) {
	switch {
	case expect == samlforge.Refuse:
		return Failed, fmt.Sprintf("%q was signed in", s.Person)
	case s.Person != honest.Person || s.Tenant != honest.Tenant:
		return Failed, fmt.Sprintf("%q was signed in at %q, and not %q at %q", s.Person, s.Tenant, honest.Person, honest.Tenant)
	default:
		return Accepted, ""
	}
}
