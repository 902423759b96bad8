package oidc

import (
	"net/url"
	"path"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// What can be wrong with a provider that somebody configures. These words are the whole answer: an address, a status or a body that
// came back is never part of it, since who configures may be asking what stands behind our firewall.
const (
	issuerInvalid         = "issuer_invalid"
	issuerMismatch        = "issuer_mismatch"
	entraMultiTenant      = "entra_multi_tenant_issuer"
	unreachable           = "unreachable"
	tooLarge              = "too_large"
	documentInvalid       = "document_invalid"
	endpointMissing       = "endpoint_missing"
	endpointNotHTTPS      = "endpoint_not_https"
	endpointInvalid       = "endpoint_invalid"
	endpointHasParameters = "endpoint_has_parameters"
	noCodeFlow            = "no_code_flow"
	noAlgorithm           = "no_usable_algorithm"
	noTokenAuth           = "no_usable_token_auth"
	jwksUnusable          = "jwks_unusable"
)

var sentences = map[string]string{
	issuerInvalid:         "This is not the address of an issuer: https, a lower-case name, no query, no user, no dots in its path.",
	issuerMismatch:        "The provider calls itself by another issuer, to the letter.",
	entraMultiTenant:      "Use the issuer of one directory: common, organizations and consumers speak for other companies too.",
	unreachable:           "The provider could not be reached.",
	tooLarge:              "The provider's answer is too large.",
	documentInvalid:       "The provider's answer is not a discovery document.",
	endpointMissing:       "The discovery document names no such endpoint.",
	endpointNotHTTPS:      "The endpoint is not an https address.",
	endpointInvalid:       "The endpoint is at an address that is not allowed.",
	endpointHasParameters: "The endpoint comes with parameters that belong to the sign-in.",
	noCodeFlow:            "The provider does not offer the authorization code flow.",
	noAlgorithm:           "The provider signs ID tokens with none of RS256, PS256, ES256 and EdDSA.",
	noTokenAuth:           "The provider takes none of client_secret_basic, client_secret_post and none.",
	jwksUnusable:          "The provider's key set has no usable key.",
}

// invalid is the answer to a configuration that cannot be used.
func invalid(field, reason string) *errs.Error {
	e := errs.New(errs.Invalid, "connection_invalid", "The identity provider cannot be used as configured.")
	e.Fields = []errs.Field{{Name: field, Detail: sentences[reason]}}
	return e.With("reason", reason)
}

// unreached says as much of a failed request as may be said.
func unreached(field string, err error) *errs.Error {
	reason := netguard.ReasonOf(err)
	if reason == netguard.BodyTooLarge {
		return invalid(field, tooLarge)
	}
	e := invalid(field, unreachable)
	if reason != "" {
		e = e.With("network", string(reason))
	}
	return e
}

// checkIssuer holds an issuer to OpenID Connect Discovery 1.0, section 2, and to one spelling.
func (p *Provider) checkIssuer(issuer string) error {
	if multiTenant(issuer) {
		return invalid("issuer", entraMultiTenant)
	}
	u, err := p.guard.CheckURL(issuer)
	if err != nil {
		if reason := netguard.ReasonOf(err); reason != netguard.InvalidURL {
			return invalid("issuer", issuerInvalid).With("network", string(reason))
		}
		return invalid("issuer", issuerInvalid)
	}
	// Anything that CheckURL had to put right is a second spelling of one issuer.
	if u.String() != issuer || u.RawQuery != "" || u.ForceQuery || strings.Contains(issuer, "%") || !plainPath(u) {
		return invalid("issuer", issuerInvalid)
	}
	return nil
}

// plainPath refuses dots and double slashes; one slash at the end is part of some issuers.
func plainPath(u *url.URL) bool {
	p := u.Path
	return p == "" || p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/")
}
