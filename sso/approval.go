package sso

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// settled says that a connection may know people by the provider that it has: it has been open with it.
func (c Connection) settled() bool {
	return c.Status != Drafted || c.FrozenAt == nil && !c.ProofSince.Equal(c.CreatedAt)
}

// awaitOwner makes certificates wait that somebody who is not an owner wants trusted in a settled connection, and keeps those that are trusted:
// who holds the key of one could come in as any owner that the connection knows. It returns those that wait.
func (c *Connection) awaitOwner(ctx context.Context, old Connection) []SAMLCertificate {
	if c.SAML == nil || old.SAML == nil || ownerDecides(ctx) || !old.settled() {
		return nil
	}
	kept := old.SAML.trusted()
	var waiting []SAMLCertificate
	c.SAML = c.SAML.clone()
	for i, cert := range c.SAML.Certificates {
		if !cert.Pending && !known(kept, cert) {
			c.SAML.Certificates[i].Pending = true
			waiting = append(waiting, c.SAML.Certificates[i])
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	for _, cert := range kept {
		if !known(c.SAML.Certificates, cert) {
			c.SAML.Certificates = append(c.SAML.Certificates, cert)
		}
	}
	return waiting
}

// mayPin keeps the key that vouches for later certificates an owner's choice, as those are.
func (c Connection) mayPin(ctx context.Context, p Prepared) error {
	if c.SAML == nil || p.found.SAML == nil || ownerDecides(ctx) || !c.settled() {
		return nil
	}
	if p.found.SAML.Metadata.PinnedKey != c.SAML.Metadata.PinnedKey {
		return tenants.ErrOwnerRequired
	}
	return nil
}

// keepDeclined remembers which certificates somebody took away when the provider is described anew: else its metadata would bring them back.
// One that is trusted again is declined no more.
func (c *Connection) keepDeclined(old Connection) {
	if c.SAML == nil || old.SAML == nil {
		return
	}
	c.SAML = c.SAML.clone()
	c.SAML.Metadata.Declined = slices.DeleteFunc(slices.Clone(old.SAML.Metadata.Declined), func(fingerprint string) bool {
		return slices.Contains(c.SAML.fingerprints(), fingerprint)
	})
}

// tellWaiting records certificates that wait for an owner since somebody else wants them trusted, and tells the owners.
func (s *SignIn) tellWaiting(ctx context.Context, tx *db.TenantTx, c Connection, waiting []SAMLCertificate, source string) error {
	if len(waiting) == 0 {
		return nil
	}
	for _, cert := range waiting {
		if err := events.Record(ctx, tx, events.CertificateFound, c.ID, describeCertificate(c, cert, source)); err != nil {
			return err
		}
	}
	return s.alertOwners(ctx, tx, "A signing certificate waits for your approval", []string{
		fmt.Sprintf("Somebody who is not an owner wants the connection %s to trust another signing certificate:", plain(c.Name)),
		listed(waiting),
		"It is not trusted until an owner approves it: whoever holds its key can sign in as anybody. Compare the fingerprint with what your identity provider shows, then approve or decline it at the connection.",
	}, "")
}
