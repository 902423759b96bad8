package xmlsig

import "crypto/x509"

// Holds reports what [VerifyQuery] would about octets of any kind, so that public test vectors can be run.
func Holds(cert *x509.Certificate, uri string, octets, value []byte) bool {
	m, err := Trust{}.method(uri)
	return err == nil && m.fits(cert) && CheckKey(cert) == nil && m.check(cert, octets, value) == nil
}
