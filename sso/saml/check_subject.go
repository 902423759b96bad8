package saml

import (
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

const methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// bearers are the confirmations that count. Others may stand beside them and prove nothing here.
func (a *answer) bearers() []confirmation {
	var list []confirmation
	for _, c := range a.confirmations {
		if c.method == methodBearer {
			list = append(list, c)
		}
	}
	return list
}

// bearer asks for a confirmation that can be checked: without one, nothing would say for whom and for how long the assertion is.
func (a *answer) bearer() verdict {
	list := a.bearers()
	if len(list) == 0 {
		methods := make([]string, 0, len(a.confirmations))
		for _, c := range a.confirmations {
			methods = append(methods, c.method)
		}
		return refused(sso.ConfirmationInvalid, methodBearer, strings.Join(methods, " "))
	}
	for _, c := range list {
		switch {
		case c.data != 1:
			return refused(sso.ConfirmationInvalid, "SubjectConfirmationData", "")
		case c.notBefore.there: // SAML 2.0 Profiles, section 4.1.4.2
			return refused(sso.ConfirmationInvalid, "", "NotBefore="+c.notBefore.text)
		case !c.notOnOrAfter.there:
			return refused(sso.ConfirmationInvalid, "NotOnOrAfter", "")
		}
	}
	return passed(methodBearer)
}

func (a *answer) recipient() verdict {
	for _, c := range a.bearers() {
		if c.recipient != a.want.ACS {
			return refused(sso.RecipientMismatch, a.want.ACS, c.recipient)
		}
	}
	return passed(a.want.ACS)
}

func (a *answer) confirmsOurs() verdict {
	for _, c := range a.bearers() {
		if v := a.want.answered(c.inResponseTo, c.answers); v.reason != "" {
			return v
		}
	}
	return passed(a.want.InResponseTo)
}

func (a *answer) confirmationTime() verdict {
	last := ""
	for _, c := range a.bearers() {
		switch m := c.notOnOrAfter; {
		case !m.valid:
			return refused(sso.AssertionTimes, clock(a.want.Now), m.text)
		case m.over(a.want.Now):
			return refused(sso.AssertionExpired, clock(a.want.Now), m.text)
		default:
			last = m.text
		}
	}
	return passed(last)
}
