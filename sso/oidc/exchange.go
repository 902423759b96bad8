package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
)

// tokens is what came for a code.
type tokens struct {
	id     string
	access *oauth2.Token
}

var (
	errSignature = errors.New("the signature does not verify")
	errDisagree  = errors.New("two readers of one token disagree")
	errResponse  = errors.New("the token response is not what RFC 6749 says")
)

// exchange spends the code, in exactly one request to the endpoint that was frozen with the connection. No error carries what the
// provider answered: x/oauth2 quotes the body.
func (p *Provider) exchange(ctx context.Context, a sso.Attempt, code string) (tokens, error) {
	guarded := p.guard.ClientFor(a.Connection.ID.String(), netguard.Limits{Body: maxTokens})
	ctx = context.WithValue(ctx, oauth2.HTTPClient, guarded)
	t, err := client(a).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		a.Trail.Fail("token endpoint", "tokens", answered(err))
		return tokens{}, exchangeRefusal(err)
	}
	if !strings.EqualFold(t.TokenType, "Bearer") || t.AccessToken == "" || !sane(t.Extra("expires_in")) {
		return tokens{}, sso.Refuse(sso.TokenResponseInvalid).Because(errResponse)
	}
	id, ok := t.Extra("id_token").(string)
	if !ok || id == "" {
		return tokens{}, sso.Refuse(sso.IDTokenMissing)
	}
	a.Trail.Pass("token endpoint", "tokens")
	return tokens{id: id, access: t}, nil
}

// answered names what went wrong at the token endpoint by its error code, if it is one of RFC 6749, and by nothing else of the answer.
func answered(err error) string {
	if reason := netguard.ReasonOf(err); reason != "" {
		return string(reason)
	}
	retrieve := (*oauth2.RetrieveError)(nil)
	if !errors.As(err, &retrieve) {
		return "what is no token response"
	}
	switch code := retrieve.ErrorCode; code {
	case "invalid_client", "invalid_grant", "invalid_request", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return code
	default:
		return "status " + strconv.Itoa(retrieve.Response.StatusCode)
	}
}

func exchangeRefusal(err error) error {
	if retrieve := (*oauth2.RetrieveError)(nil); errors.As(err, &retrieve) {
		return sso.Refuse(sso.TokenRefused)
	}
	switch reason := netguard.ReasonOf(err); reason {
	case "":
		return sso.Refuse(sso.TokenResponseInvalid).Because(errResponse)
	case netguard.BodyTooLarge:
		return sso.Refuse(sso.IDTokenTooLarge)
	default:
		return sso.Refuse(sso.ProviderUnreachable).Because(&netguard.Error{Reason: reason})
	}
}

// sane takes a lifetime that is missing, or a whole number of seconds, also in a string as some providers send it.
func sane(v any) bool {
	const most = 10 * 365 * 24 * 3600
	switch v := v.(type) {
	case nil:
		return true
	case float64:
		return v >= 0 && v <= most && v == float64(int64(v))
	case json.Number:
		n, err := v.Int64()
		return err == nil && n >= 0 && n <= most
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= 0 && n <= most
	default:
		return false
	}
}
