package oidc

import (
	"context"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Begin returns the address of the provider that asks for a code: with PKCE by S256 whatever the provider lists, and a nonce.
func (p *Provider) Begin(_ context.Context, a sso.Attempt) (sso.Departure, error) {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce)}
	if a.LoginHint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", a.LoginHint))
	}
	if a.Purpose == sso.ForReauth {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	address := client(a).AuthCodeURL(a.State, options...)
	if _, err := url.Parse(address); err != nil {
		return sso.Departure{}, sso.Refuse(sso.ConnectionInactive).Because(err)
	}
	return sso.Departure{URL: address}, nil
}

// client has one redirect URI and one way to prove itself; x/oauth2 probes for neither.
func client(a sso.Attempt) *oauth2.Config {
	style := oauth2.AuthStyleInParams // also for a public client, which sends its id alone
	if a.Connection.TokenAuth == "client_secret_basic" {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: a.Connection.ClientID, ClientSecret: a.Secret.Reveal(), RedirectURL: a.RedirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: a.Connection.Endpoints.Authorization, TokenURL: a.Connection.Endpoints.Token, AuthStyle: style},
		Scopes:   []string{"openid", "email", "profile"},
	}
}
