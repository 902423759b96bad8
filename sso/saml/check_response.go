package saml

import (
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

const version = "2.0"

func (a *answer) responseVersion() verdict { return versionIs(a.envelope.version) }

func (a *answer) assertionVersion() verdict { return versionIs(a.statement.version) }

func versionIs(got string) verdict {
	if got != version {
		return refused(sso.ResponseMalformed, version, got)
	}
	return passed(got)
}

// responseIssuer may be missing where the profile lets it: when neither a signature nor a cipher needs to say whose it is.
func (a *answer) responseIssuer() verdict {
	i := a.envelope.issuer
	if !i.there && !a.signed && !a.encrypted {
		return passed("")
	}
	if !i.names(a.want.Issuer) {
		return refused(sso.IssuerMismatch, a.want.Issuer, i.value)
	}
	return passed(i.value)
}

func (a *answer) assertionIssuer() verdict {
	if i := a.statement.issuer; !i.names(a.want.Issuer) {
		return refused(sso.IssuerMismatch, a.want.Issuer, i.value)
	}
	return passed(a.want.Issuer)
}

// toUs compares with the configured address, never with what the request says of its host. Bindings, section 3.5.5.2, lets an unsigned
// response go without a Destination; every provider sends one.
func (a *answer) toUs() verdict {
	if a.destination != a.want.ACS {
		return refused(sso.DestinationMismatch, a.want.ACS, a.destination)
	}
	return passed(a.destination)
}

func (a *answer) answersOurs() verdict {
	return a.want.answered(a.inResponseTo, a.answers)
}

// answered holds an InResponseTo to the one request that is being answered. A response that nobody asked for names none: one that does
// was meant for somebody else's sign-in.
func (e Expect) answered(inResponseTo string, there bool) verdict {
	switch {
	case e.InResponseTo == "" && there:
		return refused(sso.InResponseToMismatch, "", inResponseTo)
	case e.InResponseTo == "" && !e.IdPInitiated:
		return refused(sso.UnsolicitedResponse, "", "")
	case e.InResponseTo == "":
		return passed("")
	case !there:
		return refused(sso.UnsolicitedResponse, e.InResponseTo, "")
	case inResponseTo != e.InResponseTo:
		return refused(sso.InResponseToMismatch, e.InResponseTo, inResponseTo)
	}
	return passed(inResponseTo)
}

func (a *answer) responseTime() verdict { return a.issuedNow(a.envelope.issued) }

func (a *answer) assertionTime() verdict { return a.issuedNow(a.statement.issued) }

func (a *answer) issuedNow(m moment) verdict {
	now := a.want.Now
	switch {
	case !m.valid:
		return refused(sso.AssertionTimes, clock(now), m.text)
	case !m.begun(now):
		return refused(sso.AssertionNotYetValid, clock(now), m.text)
	case m.after(maxAge).over(now):
		return refused(sso.AssertionExpired, clock(now), m.text)
	}
	return passed(m.text)
}

// after is the time so much later.
func (m moment) after(d time.Duration) moment {
	m.at = m.at.Add(d)
	return m
}

// clock shows what time it was here.
func clock(now time.Time) string { return now.UTC().Format(time.RFC3339) }
