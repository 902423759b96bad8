package xmlsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Trust is what a connection accepts. Its zero value accepts nothing.
type Trust struct {
	Certificates       []*x509.Certificate // pinned; the order does not matter
	AllowSHA1          bool                // for providers that cannot do better yet
	AllowInclusiveC14N bool
	Now                time.Time
}

// Used tells with what a signature was made that is valid.
type Used struct {
	Fingerprint   string // of the certificate, as [Fingerprint] gives it
	Method        string // URI of the signature algorithm
	Digest        string // URI of the digest algorithm; "" in the redirect binding, which has none of its own
	SHA1          bool   // either of them uses SHA-1
	InclusiveC14N bool
}

// Fingerprint returns the SHA-256 of a certificate in hexadecimal.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// CheckKey refuses a certificate with a key too weak to be pinned: RSA needs 2048 bits and an odd exponent above 2, an elliptic curve
// must be P-256, P-384 or P-521.
func CheckKey(cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return fmt.Errorf("the RSA key has %d bits, and 2048 are needed", key.N.BitLen())
		}
		if key.N.BitLen() > 8192 {
			return fmt.Errorf("the RSA key has %d bits, and 8192 are the most", key.N.BitLen())
		}
		if key.E < 3 || key.E%2 == 0 {
			return fmt.Errorf("the RSA exponent %d is weak", key.E)
		}
		return nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return errors.New("the curve is not P-256, P-384 or P-521")
	default:
		return fmt.Errorf("keys of the kind %v are not supported", cert.PublicKeyAlgorithm)
	}
}

// try calls check with each pinned certificate that is fit for the method, that of the hint first, until one succeeds. A success
// under a certificate outside of its time does not count, but is remembered: it tells an administrator what to do.
func (t Trust) try(m method, hint string, check func(*x509.Certificate) error) (*x509.Certificate, error) {
	if len(t.Certificates) == 0 {
		return nil, ErrNoTrust
	}
	err := ErrInvalid
	if hint != "" {
		err = ErrKeyUnknown
	}
	for _, cert := range t.ordered(hint) {
		if hint == Fingerprint(cert) {
			err = ErrInvalid
		}
		if !m.fits(cert) || CheckKey(cert) != nil || check(cert) != nil {
			continue
		}
		if t.Now.Before(cert.NotBefore) || t.Now.After(cert.NotAfter) {
			err = ErrCertExpired
			continue
		}
		return cert, nil
	}
	return nil, err
}

// ordered returns the pinned certificates with that of the hint first, so that an honest message costs one attempt.
func (t Trust) ordered(hint string) []*x509.Certificate {
	certs := make([]*x509.Certificate, 0, len(t.Certificates))
	var rest []*x509.Certificate
	for _, cert := range t.Certificates {
		if hint != "" && Fingerprint(cert) == hint {
			certs = append(certs, cert)
		} else {
			rest = append(rest, cert)
		}
	}
	return append(certs, rest...)
}
