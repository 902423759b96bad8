package realidp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// PublishNextKey is the first half of a rollover: the metadata of a tenant's provider shows a new certificate beside the
// one that signs. It returns the new certificate.
func (p *SAML) PublishNextKey(ctx context.Context, tenant string) (*x509.Certificate, error) {
	next, err := newKeyPair(string(p.kind) + "-" + tenant)
	if err != nil {
		return nil, fmt.Errorf("make a key for %s: %w", p.kind, err)
	}
	publish := p.publishSamlp
	if p.kind == SimpleSAMLphp {
		publish = p.publishSimpleSAMLphp
	}
	if err := publish(ctx, tenant, next); err != nil {
		return nil, fmt.Errorf("publish a key at %s: %w", p.kind, err)
	}
	return next.parsed, nil
}

// SwitchKey is the second half: what was published by PublishNextKey signs, and the certificate before it is gone.
func (p *SAML) SwitchKey(ctx context.Context, tenant string) error {
	swap := p.switchSamlp
	if p.kind == SimpleSAMLphp {
		swap = p.switchSimpleSAMLphp
	}
	if err := swap(ctx, tenant); err != nil {
		return fmt.Errorf("switch the key of %s: %w", p.kind, err)
	}
	return nil
}

// keyPair is a private key and its certificate as PEM.
type keyPair struct {
	key, certificate []byte
	parsed           *x509.Certificate
}

func newKeyPair(name string) (keyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keyPair{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return keyPair{}, err
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return keyPair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		parsed:      parsed,
	}, nil
}
