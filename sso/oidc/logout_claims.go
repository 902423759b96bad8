package oidc

import (
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

const (
	logoutType  = "logout+jwt"
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	maxTokenID  = 255
)

// readLogoutClaims judges the payload of a logout token. It proves nothing.
func readLogoutClaims(payload []byte, a sso.Attempt) (sso.Logout, error) {
	o, err := parseObject(payload)
	if err != nil {
		return sso.Logout{}, sso.Refuse(sso.ClaimsInvalid).Because(err)
	}
	if err := o.caseVariants(known("jti")); err != nil {
		return sso.Logout{}, sso.Refuse(sso.ClaimsInvalid).Because(err)
	}
	r := reader{object: o}
	issuer, subject, session, token := r.text("iss"), r.text("sub"), r.text("sid"), r.text("jti")
	audience := r.texts("aud", object.textOrTexts)
	issued, expires, notYet := r.time("iat", true), r.time("exp", true), r.time("nbf", false)
	if r.err != nil {
		return sso.Logout{}, sso.Refuse(sso.ClaimsInvalid).Because(r.err)
	}
	_, nonce := o["nonce"] // which makes it an ID token
	for _, rule := range []struct {
		holds   bool
		refusal sso.Reason
	}{
		{issuer == a.Connection.Issuer, sso.IssuerMismatch},
		{len(audience) == 1 && audience[0] == a.Connection.ClientID, sso.AudienceMismatch},
		{within(issued, a.Now) && expires.Sub(issued) <= maxLifetime, sso.TokenTimes},
		{expires.After(a.Now), sso.TokenExpired},
		{notYet.IsZero() || !notYet.After(a.Now.Add(notYetLeeway)), sso.TokenTimes},
		{!nonce && isLogoutEvent(o), sso.IDTokenType},
		{token != "" && len(token) <= maxTokenID, sso.ClaimsInvalid},
		{!o.has("sub") || subjectGrammar(subject), sso.SubjectInvalid},
		{!o.has("sid") || session != "" && !hasControl(session), sso.ClaimsInvalid},
		{o.has("sub") || o.has("sid"), sso.SubjectInvalid},
	} {
		if !rule.holds {
			return sso.Logout{}, sso.Refuse(rule.refusal)
		}
	}
	said := sso.Logout{ID: token, Until: expires.Add(issuedWindow), Subject: subject}
	if session != "" {
		said.IdPSessions = []string{cut(session, maxSession)}
	}
	return said, nil
}

// isLogoutEvent says that events names the one event, with an object as its value (Back-Channel Logout 1.0, section 2.4). Null is none.
func isLogoutEvent(o object) bool {
	if o["events"].Kind() != '{' {
		return false
	}
	events, err := parseObject(o["events"])
	return err == nil && events[logoutEvent].Kind() == '{'
}

func within(issued, now time.Time) bool {
	return !issued.Before(now.Add(-issuedWindow)) && !issued.After(now.Add(issuedWindow))
}
