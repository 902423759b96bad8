package oidc

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Finish proves who came back: it takes the code of the callback, exchanges it, and verifies the ID token.
func (p *Provider) Finish(ctx context.Context, r *http.Request, a sso.Attempt) (sso.Identity, error) {
	code, err := callback(r, a)
	if err != nil {
		return sso.Identity{}, err
	}
	t, err := p.exchange(ctx, a, code)
	if err != nil {
		return sso.Identity{}, err
	}
	c, h, err := p.verify(ctx, a, t.id)
	if err != nil {
		return sso.Identity{}, err
	}
	if err := c.checkAccessToken(a, h.algorithm, t.access.AccessToken); err != nil {
		return sso.Identity{}, err
	}
	about := c.all
	if a.Connection.Endpoints.UserInfo != "" && incomplete(a.Connection.Claims, about) {
		said, err := p.userInfo(ctx, a, c, t.access.AccessToken)
		if err != nil {
			return sso.Identity{}, err
		}
		about = merge(said, c.all, a.Connection.Claims.EmailClaim())
	}
	return describe(a, c, about)
}

// incomplete says that an ID token lacks what only userinfo may say.
func incomplete(m sso.ClaimMapping, about object) bool {
	return !about.has(m.EmailClaim()) || m.Groups != "" && !about.has(m.Groups) && !about.elsewhere(m.Groups)
}

// merge adds to the ID token what only userinfo says: what is signed wins. What vouches for an address stays with the address it speaks of.
func merge(said, signed object, address string) object {
	both := maps.Clone(said)
	maps.Copy(both, signed)
	of := said
	if signed.has(address) {
		of = signed
	}
	for _, name := range []string{emailVerified, entraVerified} {
		delete(both, name)
		if value, ok := of[name]; ok {
			both[name] = value
		}
	}
	return both
}

// maxSession is how much of a sid is kept.
const maxSession = 255

// describe maps claims to an identity. A claim of the wrong type is refused rather than passed over.
func describe(a sso.Attempt, c claims, about object) (sso.Identity, error) {
	m := a.Connection.Claims
	r := reader{object: about}
	email, name, picture, domain := r.text(m.EmailClaim()), r.name(m), r.text(m.PictureClaim()), r.text("hd")
	groups, missing := r.groups(m.Groups)
	if r.err != nil || hasControl(email) || hasControl(domain) || hasControl(c.sid) {
		a.Trail.Fail("mapping", "claims that are text", "others")
		return sso.Identity{}, sso.Refuse(sso.ClaimsInvalid)
	}
	who := sso.Identity{
		Issuer: a.Connection.Issuer, Subject: c.subject, Email: email,
		EmailVerified: m.EmailClaim() == "email" && email != "" && about.vouched(a.Connection.Issuer),
		Name:          printable(name, 200), Picture: pictureURL(picture), HostedDomain: domain,
		SessionID: cut(c.sid, maxSession), AuthTime: c.authTime, Groups: groups, GroupsMissing: missing, Claims: about.shown(),
	}
	for i, method := range c.amr {
		if i == 10 || hasControl(method) || len(method) > 64 {
			break
		}
		who.AMR = append(who.AMR, method)
	}
	return who, nil
}

// pictureURL keeps an https address to show. It is never fetched here.
func pictureURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > 2000 {
		return ""
	}
	return u.String()
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func cut(s string, n int) string { return s[:min(n, len(s))] }
