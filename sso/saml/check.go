package saml

import "github.com/seed-2a059015/gatehouse/sso"

// answer is a response whose assertion was proven, with what was asked.
type answer struct {
	envelope
	statement
	want Expect
}

// verdict is what a check finds. One without a reason has passed.
type verdict struct {
	reason   sso.Reason
	expected string
	got      string
}

func passed(got string) verdict { return verdict{got: got} }

func refused(reason sso.Reason, expected, got string) verdict {
	return verdict{reason: reason, expected: expected, got: got}
}

// check is one row of the table. A check stands for itself: it must not panic, or pass, because of what another would have refused.
type check struct {
	name  string
	judge func(*answer) verdict
}

// checks is the whole table, in the order in which a refusal is reported.
var checks = []check{
	{"response_version", (*answer).responseVersion},
	{"response_issuer", (*answer).responseIssuer},
	{"destination", (*answer).toUs},
	{"in_response_to", (*answer).answersOurs},
	{"response_time", (*answer).responseTime},
	{"assertion_version", (*answer).assertionVersion},
	{"issuer", (*answer).assertionIssuer},
	{"assertion_time", (*answer).assertionTime},
	{"name_id", (*answer).named},
	{"name_id_format", (*answer).lasting},
	{"name_id_qualifier", (*answer).qualified},
	{"bearer", (*answer).bearer},
	{"recipient", (*answer).recipient},
	{"confirmation_in_response_to", (*answer).confirmsOurs},
	{"confirmation_time", (*answer).confirmationTime},
	{"conditions", (*answer).conditionsKnown},
	{"conditions_time", (*answer).conditionsTime},
	{"audience", (*answer).audience},
	{"authn_statement", (*answer).authenticated},
	{"authn_fresh", (*answer).fresh},
	{"authn_context", (*answer).strong},
	{"session_time", (*answer).sessionTime},
}

// judge runs the whole table, so that the trail shows all that is wrong, and returns the first refusal.
func (a *answer) judge(trail *sso.Trail) error {
	var first error
	for _, c := range checks {
		v := c.judge(a)
		if v.reason == "" {
			trail.Pass(c.name, v.got)
			continue
		}
		trail.Fail(c.name, v.expected, v.got)
		if first == nil {
			first = sso.Refuse(v.reason)
		}
	}
	return first
}
