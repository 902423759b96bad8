package saml

import (
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

// login is the one AuthnStatement. Two would be two sign-ins of which one is meant.
func (a *answer) login() (authn, bool) {
	if len(a.authn) != 1 {
		return authn{}, false
	}
	return a.authn[0], true
}

func (a *answer) authenticated() verdict {
	login, ok := a.login()
	switch {
	case !ok:
		return refused(sso.AssertionTimes, "AuthnStatement", count(len(a.authn)))
	case !login.instant.valid:
		return refused(sso.AssertionTimes, clock(a.want.Now), login.instant.text)
	case !login.instant.begun(a.want.Now):
		return refused(sso.AssertionNotYetValid, clock(a.want.Now), login.instant.text)
	}
	return passed(login.instant.text)
}

// fresh asks, where the person had to prove themselves again, for a sign-in since then: a provider may ignore ForceAuthn.
func (a *answer) fresh() verdict {
	login, _ := a.login()
	if !a.want.ForceAuthn {
		return passed("")
	}
	if !login.instant.valid || login.instant.at.Before(a.want.RequestedAt.Add(-skew)) {
		return refused(sso.StaleAuthentication, clock(a.want.RequestedAt), login.instant.text)
	}
	return passed(login.instant.text)
}

func (a *answer) strong() verdict {
	login, _ := a.login()
	if len(a.want.AuthnContexts) > 0 && (login.class == "" || !slices.Contains(a.want.AuthnContexts, login.class)) {
		return refused(sso.AuthnContextWeak, strings.Join(a.want.AuthnContexts, " "), login.class)
	}
	return passed(login.class)
}

// sessionTime refuses a session that is over at the provider. No tolerance: ours would end before it began.
func (a *answer) sessionTime() verdict {
	login, _ := a.login()
	switch m := login.sessionNotOnOrAfter; {
	case m.broken():
		return refused(sso.AssertionTimes, clock(a.want.Now), m.text)
	case m.there && !m.at.After(a.want.Now):
		return refused(sso.AssertionExpired, clock(a.want.Now), m.text)
	default:
		return passed(m.text)
	}
}
