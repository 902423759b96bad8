package saml

import (
	"context"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// named says that a draft names where the provider is described.
func named(in *sso.SAMLDraft) bool {
	return in.MetadataURL != "" || in.Metadata != "" || in.SSOURL != "" || in.SLOURL != "" || in.Certificates != ""
}

// kept is the stored provider of a draft that names no other. Where the same address has to be read in another way, it is read again: what
// an administrator asks for is not believed of a document that was fetched before they did.
func (p *Provider) kept(ctx context.Context, in *sso.SAMLDraft, now time.Time) (*sso.SAML, error) {
	old := in.Stored
	other := in.EntityID != "" && in.EntityID != old.EntityID
	pinned := normalized(in.PinnedKey) != old.Metadata.PinnedKey
	switch {
	case !other && !pinned:
		return cloned(old), nil
	case old.Metadata.URL == "" && other:
		return nil, invalid("entity_id", string(metadata.UnknownEntity), "Give the metadata of this provider, or its parts.")
	case old.Metadata.URL == "":
		return nil, invalid("pinned_key", string(metadata.MetadataUnsigned), "Only metadata that is read from an address can be held to a key.")
	}
	again := *in
	again.MetadataURL = old.Metadata.URL
	if !other {
		again.EntityID = old.EntityID
	}
	s, err := p.read(ctx, &again, now)
	if err != nil || other {
		return s, err
	}
	remember(s, old)
	return s, nil
}

// remember carries over what metadata does not know: since when a certificate is trusted, and which were added by hand.
func remember(s, old *sso.SAML) {
	for _, c := range old.Certificates {
		i := slices.IndexFunc(s.Certificates, func(o sso.SAMLCertificate) bool { return o.Fingerprint == c.Fingerprint })
		switch {
		case i >= 0 && !c.Pending:
			s.Certificates[i].AddedAt, s.Certificates[i].ByHand = c.AddedAt, c.ByHand
		case i < 0 && c.ByHand:
			s.Certificates = append(s.Certificates, c)
		}
	}
	s.Metadata.Declined = slices.Clone(old.Metadata.Declined)
	s.Certificates = slices.DeleteFunc(s.Certificates, func(c sso.SAMLCertificate) bool {
		return slices.Contains(s.Metadata.Declined, c.Fingerprint)
	})
}

func cloned(old *sso.SAML) *sso.SAML {
	s := *old
	s.SSO, s.SLO, s.Certificates = slices.Clone(s.SSO), slices.Clone(s.SLO), slices.Clone(s.Certificates)
	s.Metadata.Declined = slices.Clone(s.Metadata.Declined)
	return &s
}

// choose lays what an administrator decides over what the provider says.
func choose(s *sso.SAML, in *sso.SAMLDraft, now time.Time) {
	s.RequestBinding, s.NameIDFormat, s.ForceAuthn, s.AuthnContexts = in.RequestBinding, in.NameIDFormat, in.ForceAuthn, in.AuthnContexts
	s.Encryption, s.IdPInitiated = in.Encryption, in.IdPInitiated
	was := in.Stored
	if was == nil {
		was = &sso.SAML{}
	}
	s.LegacySHA1 = since(in.SHA1, was.LegacySHA1, now)
	s.LegacyInclusive = since(in.InclusiveC14N, was.LegacyInclusive, now)
	s.LegacyResponseOnly = since(in.ResponseOnly, was.LegacyResponseOnly, now)
}

// since dates a legacy switch: one that was on before is as old as it was.
func since(on bool, was *time.Time, now time.Time) *time.Time {
	switch {
	case !on:
		return nil
	case was != nil:
		return was
	default:
		return &now
	}
}

// completed fills the parts that were not typed from what is stored, so that one of them can be replaced alone.
func completed(in *sso.SAMLDraft) *sso.SAMLDraft {
	if !partial(in) {
		return in
	}
	full := *in
	full.EntityID = in.Stored.EntityID
	if to, ok := signOn(in.Stored); ok && full.SSOURL == "" {
		full.SSOURL = to.Location
	}
	if full.Certificates == "" {
		full.Certificates = trusted(in.Stored)
	}
	return &full
}

// partial says that a draft of typed parts is about the provider that is stored.
func partial(in *sso.SAMLDraft) bool {
	return in.Stored != nil && in.MetadataURL == "" && in.Metadata == "" && (in.EntityID == "" || in.EntityID == in.Stored.EntityID)
}

// untyped keeps of the stored provider, as it is, what nobody typed.
func untyped(s *sso.SAML, in *sso.SAMLDraft) {
	if !partial(in) {
		return
	}
	old := cloned(in.Stored)
	if in.SSOURL == "" {
		s.SSO = old.SSO
	}
	if in.SLOURL == "" {
		s.SLO = old.SLO
	}
	if in.Certificates == "" {
		s.Certificates = old.Certificates
	}
}

func trusted(s *sso.SAML) string {
	var text strings.Builder
	for _, c := range s.Certificates {
		if !c.Pending {
			text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}))
		}
	}
	return text.String()
}
