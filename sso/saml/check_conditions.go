package saml

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

// conditionsKnown refuses a condition that cannot be judged (SAML 2.0 Core, section 2.5.1). OneTimeUse is kept by remembering every
// assertion.
func (a *answer) conditionsKnown() verdict {
	switch {
	case a.conditions != 1:
		return refused(sso.ConditionsInvalid, "Conditions", count(a.conditions))
	case len(a.unknown) > 0:
		return refused(sso.ConditionsInvalid, "AudienceRestriction, OneTimeUse, ProxyRestriction", strings.Join(a.unknown, " "))
	case a.oneTimeUse > 1:
		return refused(sso.ConditionsInvalid, "OneTimeUse", count(a.oneTimeUse))
	}
	return passed("")
}

func (a *answer) conditionsTime() verdict {
	from, to, now := a.notBefore, a.notOnOrAfter, a.want.Now
	window := from.text + "/" + to.text
	switch {
	case from.broken() || to.broken() || from.there && to.there && !from.at.Before(to.at):
		return refused(sso.AssertionTimes, clock(now), window)
	case from.there && !from.begun(now):
		return refused(sso.AssertionNotYetValid, clock(now), from.text)
	case to.there && to.over(now):
		return refused(sso.AssertionExpired, clock(now), to.text)
	}
	return passed(window)
}

// audience asks every restriction for our name: one restriction is a list of which one is enough, and all restrictions must hold.
func (a *answer) audience() verdict {
	if len(a.restrictions) == 0 {
		return refused(sso.ConditionsInvalid, a.want.Audience, "")
	}
	for _, audiences := range a.restrictions {
		if !slices.Contains(audiences, a.want.Audience) {
			return refused(sso.AudienceMismatch, a.want.Audience, strings.Join(audiences, " "))
		}
	}
	return passed(a.want.Audience)
}

// validUntil is when the first of all limits is reached, tolerance included.
func (a *answer) validUntil() time.Time {
	end := a.statement.issued.at.Add(maxAge)
	for _, c := range a.bearers() {
		end = sooner(end, c.notOnOrAfter.at)
	}
	if a.notOnOrAfter.there {
		end = sooner(end, a.notOnOrAfter.at)
	}
	return end.Add(skew)
}

func count(n int) string { return strconv.Itoa(n) }
