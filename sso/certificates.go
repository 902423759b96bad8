package sso

import (
	"context"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// maxCertificates is how many certificates a connection trusts at most.
const maxCertificates = 10

// ErrLastCertificate refuses to leave a connection without a certificate that works.
var ErrLastCertificate = errs.New(errs.Conflict, "last_certificate", "No other certificate of this connection is trusted and valid now.")

// AddCertificates trusts certificates that an administrator pasted, beside those that are there. Metadata does not take them away. Where the
// connection may know people already, those of somebody who is not an owner wait for one.
func (s *SignIn) AddCertificates(ctx context.Context, tx *db.TenantTx, which id.Connection, text string) (Connection, error) {
	p, err := s.saml()
	if err != nil {
		return Connection{}, err
	}
	list, err := p.ReadCertificates(text, tx.Now)
	if err != nil {
		return Connection{}, err
	}
	return s.certify(ctx, tx, which, func(c Connection) (Connection, []change, error) {
		var done []change
		for _, cert := range list {
			i := c.SAML.find(cert.Fingerprint)
			switch {
			case i < 0:
				c.SAML.Certificates = append(c.SAML.Certificates, cert)
			case c.SAML.Certificates[i].Pending:
				c.SAML.Certificates[i] = cert
			default:
				continue
			}
			c.SAML.allow(cert.Fingerprint)
			done = append(done, change{events.CertificateAdded, cert, "pasted"})
		}
		if len(c.SAML.trusted()) > maxCertificates {
			return c, nil, errs.New(errs.Conflict, "too_many_certificates", "The connection trusts as many certificates as it may. Remove one that is not in use.")
		}
		return c, done, nil
	})
}

// ApproveCertificate trusts a certificate that a refresh has found. That is for an owner: who holds its key decides who people are.
func (s *SignIn) ApproveCertificate(ctx context.Context, tx *db.TenantTx, which id.Connection, fingerprint string) (Connection, error) {
	return s.certify(ctx, tx, which, func(c Connection) (Connection, []change, error) {
		if !ownerDecides(ctx) {
			return c, nil, tenants.ErrOwnerRequired
		}
		i := c.SAML.find(fingerprint)
		switch {
		case i < 0:
			return c, nil, errs.NotFound("certificate")
		case !c.SAML.Certificates[i].Pending:
			return c, nil, nil
		case tx.Now.After(c.SAML.Certificates[i].NotAfter):
			return c, nil, errs.New(errs.Conflict, "certificate_expired", "The certificate has expired.")
		case len(c.SAML.trusted()) >= maxCertificates:
			return c, nil, errs.New(errs.Conflict, "too_many_certificates", "The connection trusts as many certificates as it may. Remove one that is not in use.")
		}
		cert := &c.SAML.Certificates[i]
		cert.Pending, cert.AddedAt = false, tx.Now
		return c, []change{{events.CertificateAdded, *cert, "approved"}}, nil
	})
}

// RemoveCertificate takes a certificate away, or declines one that waits, and keeps a refresh from bringing it back. The last one that is
// trusted and valid stays: last_certificate.
func (s *SignIn) RemoveCertificate(ctx context.Context, tx *db.TenantTx, which id.Connection, fingerprint string) (Connection, error) {
	return s.certify(ctx, tx, which, func(c Connection) (Connection, []change, error) {
		i := c.SAML.find(fingerprint)
		if i < 0 {
			return c, nil, errs.NotFound("certificate")
		}
		cert := c.SAML.Certificates[i]
		c.SAML.Certificates = slices.Delete(c.SAML.Certificates, i, i+1)
		if !cert.Pending && !slices.ContainsFunc(c.SAML.Certificates, func(o SAMLCertificate) bool { return o.works(tx.Now) }) {
			return c, nil, ErrLastCertificate
		}
		c.SAML.decline(fingerprint)
		source := "removed"
		if cert.Pending {
			source = "declined"
		}
		return c, []change{{events.CertificateRemoved, cert, source}}, nil
	})
}

// change is one that was made to the certificates of a connection.
type change struct {
	event  events.Type
	cert   SAMLCertificate
	source string
}

// certify changes the certificates of a connection as its next version, which is watched as every other change is.
func (s *SignIn) certify(ctx context.Context, tx *db.TenantTx, which id.Connection, do func(Connection) (Connection, []change, error)) (Connection, error) {
	c, err := s.lock(ctx, tx, which)
	if err != nil {
		return c, err
	}
	if c.SAML == nil {
		return c, ErrNotSAML
	}
	if err := mayConfigure(ctx, tx, Draft{DefaultRole: c.DefaultRole, GroupRoles: c.GroupRoles}); err != nil {
		return c, err
	}
	old := c
	c.SAML = old.SAML.clone()
	c, done, err := do(c)
	if err != nil || len(done) == 0 {
		return c, err
	}
	waiting := c.awaitOwner(ctx, old)
	if err := replace(ctx, tx, old, &c); err != nil {
		return c, err
	}
	if len(waiting) > 0 { // nothing else was added
		return c, s.tellWaiting(ctx, tx, c, waiting, done[0].source)
	}
	for _, d := range done {
		if err := events.Record(ctx, tx, d.event, c.ID, describeCertificate(c, d.cert, d.source)); err != nil {
			return c, err
		}
	}
	return c, s.tellOwners(ctx, tx, c, "changed: a signing certificate was "+done[0].past())
}

func (c change) past() string {
	if c.event == events.CertificateRemoved {
		return c.source
	}
	return "added (" + c.source + ", " + listed([]SAMLCertificate{c.cert}) + ")"
}

func (s *SAML) find(fingerprint string) int {
	return slices.IndexFunc(s.Certificates, func(c SAMLCertificate) bool { return c.Fingerprint == fingerprint })
}

// maxDeclined bounds what a connection remembers of keys that nobody wanted.
const maxDeclined = 20

func (s *SAML) decline(fingerprint string) {
	s.allow(fingerprint)
	s.Metadata.Declined = append(s.Metadata.Declined, fingerprint)
	s.Metadata.Declined = s.Metadata.Declined[max(0, len(s.Metadata.Declined)-maxDeclined):]
}

func (s *SAML) allow(fingerprint string) {
	s.Metadata.Declined = slices.DeleteFunc(s.Metadata.Declined, func(f string) bool { return f == fingerprint })
}
