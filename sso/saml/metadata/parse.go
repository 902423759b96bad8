package metadata

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"
)

// Options says what Parse may accept.
type Options struct {
	// Now is the time of the reading, for validUntil and for certificates.
	Now time.Time

	// EntityID names the provider to take, byte for byte. It is needed when there are several, and if it is set nothing else is taken
	// even when there is only one.
	EntityID string

	// CheckURL judges the address of an endpoint, as netguard.CheckURL does; it is required. Whatever it permits, http is only
	// for this machine.
	CheckURL func(location string) error

	// Pins are the certificates that metadata must be signed with. If there are any, metadata that is not signed, or by another key, is
	// refused, and nothing outside the signed element is believed.
	Pins []*x509.Certificate

	// Known are certificates which count if the metadata happens to be signed with one of them: Entity.SignedBy then says so. Without
	// such a signature the metadata is read all the same. They mean nothing beside Pins.
	Known []*x509.Certificate
}

// Parse reads metadata of an identity provider. The error is an *Error, except when Options are incomplete.
func Parse(doc []byte, o Options) (Entity, error) {
	if o.CheckURL == nil || o.Now.IsZero() {
		return Entity{}, errors.New("parse metadata: Options need Now and CheckURL")
	}
	doc, err := recognize(doc)
	if err != nil {
		return Entity{}, err
	}
	root, err := parseTree(doc)
	if err != nil {
		return Entity{}, err
	}
	el, signedBy, err := authenticate(root, o)
	if err != nil {
		return Entity{}, err
	}
	e, err := readEntity(el, o)
	if err != nil {
		return Entity{}, err
	}
	e.SignedBy = signedBy
	return e, nil
}

func readEntity(el *etree.Element, o Options) (Entity, error) {
	var e Entity
	var err error
	if e.EntityID, err = entityID(el); err != nil {
		return e, err
	}
	role, err := identityProvider(el)
	if err != nil {
		return e, err
	}
	if e.ValidUntil, e.CacheDuration, err = validity(role); err != nil {
		return e, err
	}
	if !e.ValidUntil.IsZero() && !o.Now.Before(e.ValidUntil) {
		return e, refuse(Expired, "The metadata was valid until "+e.ValidUntil.Format(time.RFC3339)+": ask the provider for a current one.")
	}
	if e.SSO, err = endpoints(role, "SingleSignOnService", o.CheckURL); err != nil {
		return e, err
	}
	if len(e.SSO) == 0 {
		return e, refuse(SignOnMissing, "The provider has no SingleSignOnService with the binding HTTP-Redirect or HTTP-POST.")
	}
	if e.SLO, err = endpoints(role, "SingleLogoutService", o.CheckURL); err != nil {
		return e, err
	}
	if err := e.takeCertificates(role, o.Now); err != nil {
		return e, err
	}
	if e.WantAuthnRequestsSigned, err = boolean(role, "WantAuthnRequestsSigned"); err != nil {
		return e, err
	}
	e.NameIDFormats = nameIDFormats(role)
	return e, nil
}

// takeCertificates sorts the signing certificates of the role into those that have expired and the others.
func (e *Entity) takeCertificates(role *etree.Element, now time.Time) error {
	certs, err := signingCertificates(role)
	if err != nil {
		return err
	}
	for _, cert := range certs {
		if now.After(cert.NotAfter) {
			e.Expired = append(e.Expired, cert)
			continue
		}
		e.Certificates = append(e.Certificates, cert)
	}
	if len(e.Certificates) == 0 {
		last := slices.MaxFunc(certs, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
		return refuse(CertificateExpired, fmt.Sprintf("The last signing certificate expired on %s.", last.NotAfter.UTC().Format(time.DateOnly)))
	}
	return nil
}

// nameIDFormats lists the formats that the provider offers. They are hints, so odd ones are left out and nothing is refused.
func nameIDFormats(role *etree.Element) []string {
	var formats []string
	for _, el := range children(role, nsMetadata, "NameIDFormat") {
		format, err := text(el)
		if err == nil && validURI(format) && len(formats) < maxNameIDFormats && !slices.Contains(formats, format) {
			formats = append(formats, format)
		}
	}
	return formats
}
