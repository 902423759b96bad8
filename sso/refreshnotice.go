package sso

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// unreachableFor is how many refreshes in a row find nobody before owners hear of it: providers are away for an hour now and then.
const unreachableFor = 3

// tellRefresh records what a refresh did to the certificates, and tells the owners: a key that waits is their decision, and one that is
// trusted from now on they should know of.
func (s *SignIn) tellRefresh(ctx context.Context, tx *db.TenantTx, c Connection, t taken, urgent bool) error {
	for kind, list := range map[events.Type][]SAMLCertificate{
		events.CertificateFound: t.waiting, events.CertificateAdded: t.added, events.CertificateRemoved: t.dropped,
	} {
		for _, cert := range list {
			if err := events.Record(ctx, tx, kind, c.ID, describeCertificate(c, cert, "refresh")); err != nil {
				return err
			}
		}
	}
	if len(t.waiting) > 0 {
		paragraphs := []string{
			fmt.Sprintf("The metadata of the provider of the connection %s lists a signing certificate that was not there before:", plain(c.Name)),
			listed(t.waiting),
			"It is not trusted until an owner approves it. Compare the fingerprint with what your identity provider shows, then approve or decline it at the connection.",
		}
		if urgent {
			paragraphs = append(paragraphs, "The metadata lists no certificate any more that is trusted here and valid. If the provider signs with the new key, nobody can sign in through this connection until it is approved.")
		}
		if err := s.alertOwners(ctx, tx, "A signing certificate waits for your approval", paragraphs, ""); err != nil {
			return err
		}
	}
	if len(t.added)+len(t.dropped) == 0 {
		return nil
	}
	paragraphs := []string{fmt.Sprintf("The signing certificates of the connection %s were changed by a refresh of its metadata.", plain(c.Name))}
	if len(t.added) > 0 {
		paragraphs = append(paragraphs, "Trusted from now on, since the metadata is signed with a key that is trusted: "+listed(t.added))
	}
	if len(t.dropped) > 0 {
		paragraphs = append(paragraphs, "Not trusted any more, since the provider does not list it: "+listed(t.dropped))
	}
	return s.alertOwners(ctx, tx, "Signing certificates were changed", paragraphs, "")
}

// tellProblem records a problem when it begins, and tells the owners of each problem once a week.
func (s *SignIn) tellProblem(ctx context.Context, tx *db.TenantTx, c Connection, before string) error {
	m := c.SAML.Metadata
	if m.Problem == "" {
		return nil
	}
	if m.Problem != before {
		err := events.Record(ctx, tx, events.MetadataNotFollowed, c.ID, events.Data{"name": c.Name, "problem": m.Problem, "url": m.URL})
		if err != nil {
			return err
		}
	}
	if m.Problem == "unreachable" && m.Failures < unreachableFor {
		return nil
	}
	year, week := tx.Now.UTC().ISOWeek()
	first, err := warnOnce(ctx, tx, fmt.Sprintf("metadata %s %s %d-%02d", c.ID, m.Problem, year, week))
	if err != nil || !first {
		return err
	}
	return s.alertOwners(ctx, tx, "The metadata of your identity provider is not followed", []string{
		fmt.Sprintf("The metadata of the provider of the connection %s was read again, and could not be followed (%s). The page of the connection says more.", plain(c.Name), m.Problem),
		"The connection works as before, with the certificates that it trusts. When those expire, or the provider changes its key, people cannot sign in.",
	}, "")
}

// listed names certificates so that people can compare them with what a provider shows.
func listed(certs []SAMLCertificate) string {
	var names []string
	for _, c := range certs {
		names = append(names, fmt.Sprintf("SHA-256 %s, valid from %s to %s", colons(c.Fingerprint), c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly)))
	}
	return strings.Join(names, "; ")
}

// colons writes a fingerprint as providers do.
func colons(hex string) string {
	var b strings.Builder
	for i, r := range strings.ToUpper(hex) {
		if i > 0 && i%2 == 0 {
			b.WriteByte(':')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func describeCertificate(c Connection, cert SAMLCertificate, source string) events.Data {
	return events.Data{
		"name": c.Name, "fingerprint": cert.Fingerprint, "subject": cert.Subject, "not_after": cert.NotAfter.UTC(), "source": source, "version": c.Version,
	}
}
