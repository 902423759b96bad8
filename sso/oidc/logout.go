package oidc

import (
	"context"
	"net/url"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-2a059015/gatehouse/sso"
)

var (
	_ sso.Leaver      = (*Provider)(nil)
	_ sso.BackChannel = (*Provider)(nil)
)

// AskLogout implements [sso.Leaver] by RP-Initiated Logout 1.0. The client names itself: no ID token is kept for a hint.
func (*Provider) AskLogout(a sso.Attempt, _ sso.Leaving) (sso.Departure, error) {
	if a.Connection.Endpoints.EndSession == "" {
		return sso.Departure{}, nil
	}
	to, err := url.Parse(a.Connection.Endpoints.EndSession)
	if err != nil {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(err)
	}
	q := to.Query()
	q.Set("client_id", a.Connection.ClientID)
	q.Set("post_logout_redirect_uri", a.LogoutURI)
	q.Set("state", a.State)
	to.RawQuery = q.Encode()
	return sso.Departure{URL: to.String()}, nil
}

// ReadLogoutToken implements [sso.BackChannel] by Back-Channel Logout 1.0, section 2.6. Everything that costs nothing is asked first: what
// is not addressed to this client neither costs a signature nor has any key fetched.
func (p *Provider) ReadLogoutToken(ctx context.Context, token string, a sso.Attempt) (sso.Logout, error) {
	h, err := parseHeaderOf(token, a.Connection.Endpoints.Algorithms, logoutType)
	if err != nil {
		return sso.Logout{}, err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.algorithm)})
	if err != nil {
		return sso.Logout{}, sso.Refuse(sso.IDTokenMalformed).Because(err)
	}
	said, err := readLogoutClaims(signed.UnsafePayloadWithoutVerification(), a)
	if err != nil {
		return sso.Logout{}, err
	}
	k, err := p.keys.find(ctx, a.Connection, h)
	if err != nil {
		return sso.Logout{}, err
	}
	// What was read above is what the signature covers: the library verifies the very octets that it returned.
	if _, err := signed.Verify(k.public); err != nil {
		return sso.Logout{}, sso.Refuse(sso.IDTokenSignature).Because(errSignature)
	}
	return said, nil
}
