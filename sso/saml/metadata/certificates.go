package metadata

import (
	"crypto/x509"
	"fmt"

	"github.com/beevik/etree"
)

// signingCertificates returns the distinct certificates whose keys the provider may sign with, each of them read and judged. One that
// cannot be used refuses the document: leaving it out would leave a sign-in to fail later, with nobody knowing why.
func signingCertificates(role *etree.Element) ([]*x509.Certificate, error) {
	var certs bundle
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		// A key without use serves both; only what says so is left out.
		if use, ok := attribute(key, "use"); ok && use != "signing" {
			continue
		}
		for _, info := range children(key, nsDSig, "KeyInfo") {
			for _, data := range children(info, nsDSig, "X509Data") {
				chain, err := encoded(data)
				if err == nil {
					err = certs.add(chain)
				}
				if err != nil {
					return nil, err
				}
			}
		}
	}
	if len(certs.list) == 0 {
		return nil, refuse(CertificateMissing, "The metadata holds no signing certificate, and without one no sign-in can be proven.")
	}
	return certs.list, nil
}

// encoded returns the certificates of an X509Data as they stand there, in base64.
func encoded(data *etree.Element) ([]string, error) {
	var chain []string
	for _, el := range children(data, nsDSig, "X509Certificate") {
		value, err := text(el)
		if err != nil {
			return nil, err
		}
		chain = append(chain, value)
	}
	return chain, nil
}

// bundle collects distinct certificates, and counts what it was offered, so that a refusal can name the one that is meant.
type bundle struct {
	list    []*x509.Certificate
	offered int
}

// add reads and judges what stands together in base64. Only one key of a chain signs: certificates that issued another one of it
// stay out, or whoever holds the CA's key could sign assertions.
func (b *bundle) add(chain []string) error {
	var certs []*x509.Certificate
	for _, value := range chain {
		b.offered++
		if b.offered > maxOffered {
			return tooMany()
		}
		cert, err := decode(value)
		if err != nil {
			return refuse(CertificateInvalid, fmt.Sprintf("Signing certificate %d cannot be used: %v.", b.offered, err))
		}
		certs = append(certs, cert)
	}
	for _, cert := range certs {
		if issuedAnother(cert, certs) || contains(b.list, cert) {
			continue
		}
		if len(b.list) == maxCertificates {
			return tooMany()
		}
		b.list = append(b.list, cert)
	}
	return nil
}

func tooMany() error {
	return refuse(CertificatesTooMany, fmt.Sprintf("There are more than %d signing certificates: leave those out that are not in use.", maxCertificates))
}

func issuedAnother(cert *x509.Certificate, chain []*x509.Certificate) bool {
	for _, other := range chain {
		if !cert.Equal(other) && string(other.RawIssuer) == string(cert.RawSubject) &&
			cert.CheckSignature(other.SignatureAlgorithm, other.RawTBSCertificate, other.Signature) == nil {
			return true
		}
	}
	return false
}

func contains(list []*x509.Certificate, cert *x509.Certificate) bool {
	for _, known := range list {
		if known.Equal(cert) {
			return true
		}
	}
	return false
}
