package xmlsig

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	dsig "github.com/russellhaering/goxmldsig"
)

// Digest algorithms.
const (
	digestSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	digestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	digestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	digestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// method is a signature algorithm on the list. There is no HMAC on it: a public key must never become the secret of one.
type method struct {
	algorithm x509.SignatureAlgorithm
	key       x509.PublicKeyAlgorithm
	sha1      bool
}

var methods = map[string]method{
	dsig.RSASHA1SignatureMethod:     {x509.SHA1WithRSA, x509.RSA, true},
	dsig.RSASHA256SignatureMethod:   {x509.SHA256WithRSA, x509.RSA, false},
	dsig.RSASHA384SignatureMethod:   {x509.SHA384WithRSA, x509.RSA, false},
	dsig.RSASHA512SignatureMethod:   {x509.SHA512WithRSA, x509.RSA, false},
	dsig.ECDSASHA256SignatureMethod: {x509.ECDSAWithSHA256, x509.ECDSA, false},
	dsig.ECDSASHA384SignatureMethod: {x509.ECDSAWithSHA384, x509.ECDSA, false},
	dsig.ECDSASHA512SignatureMethod: {x509.ECDSAWithSHA512, x509.ECDSA, false},
}

// method returns the signature algorithm of the URI if the connection accepts it.
func (t Trust) method(uri string) (method, error) {
	m, ok := methods[uri]
	if !ok || m.sha1 && !t.AllowSHA1 {
		return method{}, fmt.Errorf("%w: signature method %.100q", ErrAlgorithm, uri)
	}
	return m, nil
}

// digest refuses a digest algorithm that the connection does not accept.
func (t Trust) digest(uri string) error {
	switch uri {
	case digestSHA256, digestSHA384, digestSHA512:
		return nil
	case digestSHA1:
		if t.AllowSHA1 {
			return nil
		}
	}
	return fmt.Errorf("%w: digest method %.100q", ErrAlgorithm, uri)
}

// canonicalization reports whether the algorithm is an inclusive one, and refuses what the connection does not accept. The variants
// with comments are on no list.
func (t Trust) canonicalization(uri string) (inclusive bool, err error) {
	switch uri {
	case dsig.CanonicalXML10ExclusiveAlgorithmId.String():
		return false, nil
	case dsig.CanonicalXML10RecAlgorithmId.String(), dsig.CanonicalXML11AlgorithmId.String():
		if t.AllowInclusiveC14N {
			return true, nil
		}
	}
	return false, fmt.Errorf("%w: canonicalization %.100q", ErrAlgorithm, uri)
}

func (m method) fits(cert *x509.Certificate) bool { return cert.PublicKeyAlgorithm == m.key }

// encoded returns a signature as Go's crypto reads it. XML Signature writes those of elliptic curves as r and s side by side, each as
// long as the order of the curve; Go wants ASN.1.
func (m method) encoded(value []byte, cert *x509.Certificate) ([]byte, error) {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return value, nil
	}
	size := (key.Params().N.BitLen() + 7) / 8
	if len(value) != 2*size {
		return nil, ErrInvalid
	}
	r, s := new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	return der, nil
}

// check verifies a signature over octets.
func (m method) check(cert *x509.Certificate, octets, value []byte) error {
	encoded, err := m.encoded(value, cert)
	if err != nil {
		return err
	}
	if err := cert.CheckSignature(m.algorithm, octets, encoded); err != nil {
		return ErrInvalid
	}
	return nil
}
