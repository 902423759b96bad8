package saml

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

// kindResponse is what a trail keeps of a sign-in.
const kindResponse = "saml_response"

// State implements [sso.Provider]: the RelayState of the form. One that cannot be ours is a provider's own idea of where people should
// land; it is not followed, and the response counts as one that nobody asked for, which then must answer no request.
func (*Provider) State(r *http.Request) (string, error) {
	form, err := ReadForm(r)
	if err != nil {
		return "", err
	}
	if _, random, ok := strings.Cut(form.RelayState, "."); !ok || len(random) != randomLength {
		return "", nil
	}
	return form.RelayState, nil
}

// randomLength is that of the random part of a state.
const randomLength = 43

// Finish proves who came back: it takes the response of the form, and verifies it against the attempt.
func (p *Provider) Finish(ctx context.Context, r *http.Request, a sso.Attempt) (sso.Identity, error) {
	form, err := ReadForm(r)
	if err != nil {
		return sso.Identity{}, err
	}
	a.Trail.Keep(kindResponse, form.Response)
	want, err := expectation(a)
	if err != nil {
		return sso.Identity{}, err
	}
	proven, err := p.verifier.Verify(ctx, form.Response, want, a.Trail)
	if err != nil {
		return sso.Identity{}, err
	}
	m := a.Connection.Claims
	profile, err := Map(proven, Mapping{
		Email: m.Email, Name: m.Name, FirstName: m.FirstName, LastName: m.LastName, Picture: m.Picture, Groups: m.Groups,
	})
	if err != nil {
		a.Trail.Fail("attributes", "", "")
		return sso.Identity{}, err
	}
	a.Trail.Pass("attributes", "")
	return identity(proven, profile), nil
}

// expectation is what a connection and an attempt ask of the response.
func expectation(a sso.Attempt) (Expect, error) {
	s := a.Connection.SAML
	if s == nil {
		return Expect{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	trusted, err := s.Trusted()
	if err != nil {
		return Expect{}, fmt.Errorf("read certificates of connection %s: %w", a.Connection.ID, err)
	}
	keys := make([]*rsa.PrivateKey, 0, len(a.Keys))
	for _, k := range a.Keys {
		keys = append(keys, k.Private)
	}
	return Expect{
		Issuer: s.EntityID, Audience: a.EntityID, ACS: a.RedirectURI, InResponseTo: a.RequestID, IdPInitiated: s.IdPInitiated, Now: a.Now,
		ForceAuthn: forced(a), RequestedAt: a.CreatedAt, AuthnContexts: s.AuthnContexts, Encryption: s.Encryption, Keys: keys,
		Trust: Trust{
			Certificates: trusted, AllowSHA1: s.LegacySHA1 != nil, AllowInclusiveC14N: s.LegacyInclusive != nil,
			AllowResponseOnly: s.LegacyResponseOnly != nil,
		},
	}, nil
}

// identity is what the rest of the house makes of an assertion. SAML has no word for a verified address. The provider is the tenant's
// own, and everything that its word is taken for asks in addition whether the address is at a domain that the tenant has shown to
// be its own; so "verified" means that the provider says it.
func identity(a Assertion, p Profile) sso.Identity {
	claims := make(map[string][]string, len(a.Attributes))
	for _, attribute := range a.Attributes {
		claims[attribute.Name] = append(claims[attribute.Name], attribute.Values...)
	}
	return sso.Identity{
		Issuer: a.Issuer, Subject: a.NameID.Subject(), Email: p.Email, EmailVerified: p.Email != "", Name: p.Name, Picture: p.Picture,
		SessionID: a.SessionIndex, AuthTime: a.AuthnInstant, NotAfter: a.SessionNotOnOrAfter, Groups: p.Groups, GroupsMissing: p.GroupsMissing,
		Claims: claims, NameID: a.NameID.Value, NameIDFormat: a.NameID.Format, Assertion: a.ID, AssertionUntil: a.ValidUntil, Legacy: a.Legacy,
	}
}
