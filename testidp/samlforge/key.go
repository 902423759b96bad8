package samlforge

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Key is a signing key with its certificate.
type Key struct {
	Signer crypto.Signer
	Cert   *x509.Certificate
}

// KeyKind is what a key is made of.
type KeyKind string

// The kinds. RSA1024, P224, Ed25519, RSAUnity and RSAEven are not to be trusted: too short, not among the curves of
// XML-DSig, not a signature method, exponent 1, and exponent 65,538.
const (
	RSA2048  KeyKind = "RSA-2048"
	RSA3072  KeyKind = "RSA-3072"
	P256     KeyKind = "P-256"
	P384     KeyKind = "P-384"
	P521     KeyKind = "P-521"
	RSA1024  KeyKind = "RSA-1024"
	P224     KeyKind = "P-224"
	Ed25519  KeyKind = "Ed25519"
	RSAUnity KeyKind = "RSA-e1"
	RSAEven  KeyKind = "RSA-e65538"
)

// NewKey makes a key with a self-signed certificate that is valid between the two times.
func NewKey(kind KeyKind, notBefore, notAfter time.Time) (*Key, error) {
	signer, err := newSigner(kind)
	if err != nil {
		return nil, fmt.Errorf("make %s key: %w", kind, err)
	}
	public := signer.Public()
	if exponent := map[KeyKind]int{RSAUnity: 1, RSAEven: 65538}[kind]; exponent != 0 {
		public = &rsa.PublicKey{N: public.(*rsa.PublicKey).N, E: exponent}
	}
	return certify(signer, public, notBefore, notAfter)
}

// Certify gives the key another certificate, valid between the two times.
func (k *Key) Certify(notBefore, notAfter time.Time) (*Key, error) {
	return certify(k.Signer, k.Signer.Public(), notBefore, notAfter)
}

func newSigner(kind KeyKind) (crypto.Signer, error) {
	switch kind {
	case RSA1024:
		return rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // a key that is not to be trusted
	case RSA2048, RSAUnity, RSAEven:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case P224:
		return ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case P521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, errors.New("unknown kind")
	}
}

func certify(signer crypto.Signer, public crypto.PublicKey, notBefore, notAfter time.Time) (*Key, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Test identity provider"},
		NotBefore: notBefore, NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return &Key{Signer: signer, Cert: cert}, nil
}
