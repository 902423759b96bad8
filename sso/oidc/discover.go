package oidc

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Discover reads and judges the discovery document of a draft's issuer, and its key set.
func (p *Provider) Discover(ctx context.Context, d sso.Draft) (sso.Found, error) {
	if err := p.checkIssuer(d.Issuer); err != nil {
		return sso.Found{}, err
	}
	o, err := p.document(ctx, d.Issuer)
	if err != nil {
		return sso.Found{}, err
	}
	e, err := p.judge(o, d)
	if err != nil {
		return sso.Found{}, err
	}
	body, err := p.get(ctx, "discovery "+d.Issuer, e.Keys, netguard.Limits{Body: maxKeySet})
	if err != nil {
		return sso.Found{}, unreached("jwks_uri", err)
	}
	keys, err := parseKeySet(body)
	if err != nil || !slices.ContainsFunc(e.Algorithms, func(alg string) bool { return keys.fits(alg) }) {
		return sso.Found{}, invalid("jwks_uri", jwksUnusable)
	}
	return sso.Found{Endpoints: e}, nil
}

func (p *Provider) document(ctx context.Context, issuer string) (object, error) {
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	body, err := p.get(ctx, "discovery "+issuer, address, netguard.Limits{Body: maxDiscovery})
	if err != nil {
		return nil, unreached("issuer", err)
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, invalid("issuer", documentInvalid)
	}
	said, err := o.text("issuer")
	if err == nil && multiTenant(said) {
		return nil, invalid("issuer", entraMultiTenant)
	}
	if err != nil || said != issuer {
		return nil, invalid("issuer", issuerMismatch)
	}
	return o, nil
}

// judge takes from the document what a connection will keep.
func (p *Provider) judge(o object, d sso.Draft) (sso.Endpoints, error) {
	var e sso.Endpoints
	for _, want := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"authorization_endpoint", &e.Authorization, true},
		{"token_endpoint", &e.Token, true},
		{"jwks_uri", &e.Keys, true},
		{"userinfo_endpoint", &e.UserInfo, false},
		{"end_session_endpoint", &e.EndSession, false},
	} {
		address, err := p.endpoint(o, want.name, want.required)
		if err != nil {
			return e, err
		}
		*want.to = address
	}
	if err := codeFlow(o); err != nil {
		return e, err
	}
	listed, err := o.texts("id_token_signing_alg_values_supported")
	if err != nil {
		return e, invalid("issuer", documentInvalid)
	}
	if listed == nil {
		listed = []string{"RS256"} // which every provider must have
	}
	for _, alg := range accepted() {
		if slices.Contains(listed, alg) {
			e.Algorithms = append(e.Algorithms, alg)
		}
	}
	if len(e.Algorithms) == 0 {
		return e, invalid("id_token_signing_alg_values_supported", noAlgorithm)
	}
	e.IssParameter = o.yes("authorization_response_iss_parameter_supported")
	e.TokenAuth, err = tokenAuth(o, d)
	return e, err
}

// reserved parameters are ours to send; an endpoint that brings its own would send the person, or the code, elsewhere.
func reserved() []string {
	return []string{
		"client_id", "redirect_uri", "response_type", "response_mode", "state", "scope", "nonce", "code_challenge",
		"code_challenge_method", "request", "request_uri", "prompt", "max_age", "id_token_hint",
	}
}

func (p *Provider) endpoint(o object, name string, required bool) (string, error) {
	address, err := o.text(name)
	if err != nil {
		return "", invalid(name, documentInvalid)
	}
	if address == "" {
		if required {
			return "", invalid(name, endpointMissing)
		}
		return "", nil
	}
	u, err := p.guard.CheckURL(address)
	switch netguard.ReasonOf(err) {
	case "":
	case netguard.BlockedScheme:
		return "", invalid(name, endpointNotHTTPS)
	default:
		return "", invalid(name, endpointInvalid)
	}
	if err != nil {
		return "", invalid(name, endpointInvalid)
	}
	for key := range u.Query() {
		if slices.Contains(reserved(), strings.ToLower(key)) {
			return "", invalid(name, endpointHasParameters)
		}
	}
	return u.String(), nil
}

func codeFlow(o object) error {
	for name, want := range map[string]string{
		"response_types_supported": "code", "grant_types_supported": "authorization_code", "response_modes_supported": "query",
	} {
		list, err := o.texts(name)
		if err != nil {
			return invalid(name, documentInvalid)
		}
		if list != nil && !slices.Contains(list, want) {
			return invalid(name, noCodeFlow)
		}
	}
	return nil
}

// tokenAuth chooses once how the client proves itself, so that a sign-in never tries a secret in two ways.
func tokenAuth(o object, d sso.Draft) (string, error) {
	list, err := o.texts("token_endpoint_auth_methods_supported")
	if err != nil {
		return "", invalid("token_endpoint_auth_methods_supported", documentInvalid)
	}
	if list == nil {
		list = []string{"client_secret_basic"} // OpenID Connect Discovery 1.0, section 3
	}
	order := []string{"client_secret_basic", "client_secret_post"}
	if d.PublicClient {
		order = []string{"none"}
	}
	for _, method := range order {
		if slices.Contains(list, method) {
			return method, nil
		}
	}
	return "", invalid("token_endpoint_auth_methods_supported", noTokenAuth)
}

// get reads a document. Only 200 is one.
func (p *Provider) get(ctx context.Context, key, address string, limits netguard.Limits) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &netguard.Error{Reason: netguard.InvalidURL}
	}
	req.Header.Set("Accept", "application/json")
	resp, err := p.guard.ClientFor(key, limits).Do(req)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller asks for the reason alone
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errs.New(errs.Unavailable, "status", "The provider answered with an error.")
	}
	return io.ReadAll(resp.Body)
}
