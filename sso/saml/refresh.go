package saml

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// Problems of a refresh beside the reasons of package metadata.
const (
	unreachable      = "unreachable"
	entityIDChanged  = "entity_id_changed"
	endpointsChanged = "endpoints_changed"
)

var _ sso.SAMLProvider = (*Provider)(nil)

// Refresh reads the metadata of a connection's provider again and compares it with what the connection trusts.
func (p *Provider) Refresh(ctx context.Context, s *sso.SAML, now time.Time) (sso.Refreshed, error) {
	doc, err := p.fetch(ctx, s.Metadata.URL)
	if err != nil {
		return unread(err), nil
	}
	pinned, err := held(s)
	if err != nil {
		return sso.Refreshed{}, err
	}
	o := metadata.Options{Now: now, EntityID: s.EntityID, CheckURL: p.permitted}
	for _, pin := range pinned.Certificates {
		o.Known = append(o.Known, pin.Certificate)
	}
	if s.Metadata.PinnedKey != "" {
		if o.Pins = signers(doc, s.Metadata.PinnedKey); len(o.Pins) == 0 {
			return unsigned(doc, s, o)
		}
	}
	entity, err := metadata.Parse(doc, o)
	if err != nil {
		return unusable(s, err)
	}
	declined := func(cert *x509.Certificate) bool {
		return slices.Contains(s.Metadata.Declined, xmlsig.Fingerprint(cert))
	}
	entity.Certificates = slices.DeleteFunc(entity.Certificates, declined)
	return decided(metadata.Decide(now, pinned, entity), entity, now), nil
}

// unsigned is the answer to a document that does not show the key which it is held to. What else is wrong with it says more: it may be a
// page that asks for a password.
func unsigned(doc []byte, s *sso.SAML, o metadata.Options) (sso.Refreshed, error) {
	if _, err := metadata.Parse(doc, o); err != nil {
		return unusable(s, err)
	}
	return sso.Refreshed{Problem: string(metadata.MetadataUntrusted), Detail: "The metadata is not signed with the key that it is held to."}, nil
}

// held is what a connection holds its provider to.
func held(s *sso.SAML) (metadata.Pinned, error) {
	pinned := metadata.Pinned{EntityID: s.EntityID, SSO: places(s.SSO), SLO: places(s.SLO)}
	for _, c := range s.Certificates {
		if c.Pending {
			continue
		}
		cert, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return pinned, fmt.Errorf("parse certificate %s: %w", c.Fingerprint, err)
		}
		source := metadata.FromMetadata
		if c.ByHand {
			source = metadata.ByHand
		}
		pinned.Certificates = append(pinned.Certificates, metadata.Pin{Certificate: cert, AddedAt: c.AddedAt, Source: source})
	}
	return pinned, nil
}

func places(list []sso.SAMLEndpoint) []metadata.Endpoint {
	var found []metadata.Endpoint
	for _, e := range list {
		found = append(found, metadata.Endpoint{Binding: e.Binding, Location: e.Location, ResponseLocation: e.ResponseLocation})
	}
	return found
}

func decided(c metadata.Change, e metadata.Entity, now time.Time) sso.Refreshed {
	r := sso.Refreshed{
		ValidUntil: e.ValidUntil, Next: metadata.NextRefresh(now, e), Urgent: slices.Contains(c.Alerts, metadata.KeyReplaced),
	}
	for _, cert := range c.AddNow {
		r.Add = append(r.Add, certificateOf(cert, now))
	}
	for _, cert := range c.Pending {
		pending := certificateOf(cert, now)
		pending.Pending = true
		r.Waiting = append(r.Waiting, pending)
	}
	for _, cert := range c.Drop {
		r.Drop = append(r.Drop, xmlsig.Fingerprint(cert))
	}
	if c.EndpointsChanged {
		r.Problem, r.Detail = endpointsChanged, "The metadata names other endpoints than the connection has. They are not followed until somebody accepts them."
	}
	return r
}

// unusable is the answer to a document that cannot be used. Nothing of it is followed.
func unusable(s *sso.SAML, err error) (sso.Refreshed, error) {
	found, ok := errors.AsType[*metadata.Error](err)
	if !ok {
		return sso.Refreshed{}, err
	}
	if metadata.Refused(err).EntityIDChanged {
		return sso.Refreshed{Problem: entityIDChanged, Detail: "The metadata does not describe " + s.EntityID + " any more."}, nil
	}
	return sso.Refreshed{Problem: string(found.Reason), Detail: found.Detail}, nil
}

// unread is the answer to metadata that could not be fetched.
func unread(err error) sso.Refreshed {
	e := errs.As(err)
	r := sso.Refreshed{Problem: unreachable, Detail: "The provider's metadata could not be read."}
	if reason, ok := e.Extra["reason"].(string); ok && len(e.Fields) == 1 {
		r.Problem, r.Detail = reason, e.Fields[0].Detail
	}
	return r
}
