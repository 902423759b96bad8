package oidc

import (
	"net/http"
	"net/url"

	"github.com/seed-2a059015/gatehouse/sso"
)

// State implements [sso.Provider]: the one state of the query.
func (*Provider) State(r *http.Request) (string, error) {
	if len(r.URL.RawQuery) > 32<<10 {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	switch states := q["state"]; len(states) {
	case 0:
		return "", sso.Refuse(sso.StateMissing)
	case 1:
		return states[0], nil
	default:
		return "", sso.Refuse(sso.CallbackMalformed)
	}
}

// callback returns the code of an authorization response, after RFC 6749, section 4.1.2, and RFC 9207. Nothing of an error is kept but
// whether it was access_denied.
func callback(r *http.Request, a sso.Attempt) (string, error) {
	if r.Method != http.MethodGet {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	for name, values := range q {
		if len(values) > 1 {
			return "", sso.Refuse(sso.CallbackMalformed)
		}
		switch name { // a token that went through the browser is never looked at
		case "id_token", "access_token", "refresh_token", "token_type", "response":
			return "", sso.Refuse(sso.CallbackMalformed)
		}
	}
	if q.Has("code") == q.Has("error") {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	switch iss := q.Get("iss"); {
	case !q.Has("iss") && a.Connection.Endpoints.IssParameter:
		a.Trail.Fail("callback issuer", a.Connection.Issuer, "not sent")
		return "", sso.Refuse(sso.CallbackIssuer)
	case q.Has("iss") && iss != a.Connection.Issuer && (a.AlsoIssuer == "" || iss != a.AlsoIssuer):
		a.Trail.Fail("callback issuer", a.Connection.Issuer, iss)
		return "", sso.Refuse(sso.CallbackIssuer)
	}
	if q.Has("error") {
		a.Trail.Fail("provider's answer", "a code", "error="+errorCode(q.Get("error")))
	}
	switch {
	case q.Get("error") == "access_denied":
		return "", sso.Refuse(sso.ProviderDenied)
	case q.Has("error"):
		return "", sso.Refuse(sso.ProviderError)
	}
	code := q.Get("code")
	if code == "" || len(code) > 4096 {
		return "", sso.Refuse(sso.CallbackMalformed)
	}
	a.Trail.Pass("provider's answer", "a code")
	return code, nil
}

// errorCode is the code of an error response if it is one of those that a specification lists: anybody could write anything there.
func errorCode(code string) string {
	switch code {
	case "access_denied", "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
		"temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required",
		"invalid_request_uri", "invalid_request_object", "request_not_supported", "request_uri_not_supported", "registration_not_supported":
		return code
	default:
		return "(another one)"
	}
}
