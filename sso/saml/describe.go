package saml

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// Describe writes our metadata for one connection.
func (*Provider) Describe(o sso.OwnMetadata) ([]byte, error) {
	certs := make([]*x509.Certificate, 0, len(o.Certificates))
	for _, der := range o.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("parse our certificate: %w", err)
		}
		certs = append(certs, cert)
	}
	c := metadata.SPConfig{EntityID: o.EntityID, ACS: o.ACS, SLO: o.SLO, Signing: certs}
	if o.Encryption {
		c.Encryption = certs
	}
	if o.NameIDFormat != "" {
		c.NameIDFormats = []string{o.NameIDFormat}
	}
	doc, err := metadata.SP(c)
	if err != nil {
		return nil, fmt.Errorf("describe ourselves: %w", err)
	}
	return doc, nil
}

// ReadCertificates reads signing certificates that somebody pasted. They have to be good for a while yet.
func (*Provider) ReadCertificates(text string, now time.Time) ([]sso.SAMLCertificate, error) {
	certs, err := metadata.ParseCertificates(text)
	if err != nil {
		return nil, judged("certificates", err)
	}
	var list []sso.SAMLCertificate
	for _, cert := range certs {
		if now.After(cert.NotAfter) {
			return nil, invalid("certificates", string(metadata.CertificateExpired), "A certificate has expired on "+cert.NotAfter.UTC().Format(time.DateOnly)+".")
		}
		c := certificateOf(cert, now)
		c.ByHand = true
		list = append(list, c)
	}
	return list, nil
}
