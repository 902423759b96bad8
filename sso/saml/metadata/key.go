package metadata

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	// keyBits is what every provider takes, and NIST SP 800-57 finds enough until the end of 2030. Making a key takes about 50 ms;
	// with 3072 bits it is 300 ms and more, inside the request of whoever creates a connection.
	keyBits = 2048

	validYears = 3

	// early lets a provider whose clock is behind take the certificate at once.
	early = time.Hour
)

// NewKey makes the key pair of a service provider, with a self-signed certificate that is valid for three years. The name is only for
// people to tell certificates apart, and is cut at the 64 bytes that X.509 allows.
func NewKey(now time.Time, name string) (*rsa.PrivateKey, *x509.Certificate, error) {
	if name == "" {
		return nil, nil, errors.New("new key: the certificate needs a name")
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("new key: %w", err)
	}
	// 127 random bits: positive, never zero in practice, and within the 20 octets of RFC 5280, 4.1.2.2.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, fmt.Errorf("new key: %w", err)
	}
	now = now.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: cut(name, 64)},
		NotBefore:             now.Add(-early),
		NotAfter:              now.AddDate(validYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("new key: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("new key: %w", err)
	}
	return key, cert, nil
}

// cut shortens s to at most n bytes without halving a letter.
func cut(s string, n int) string {
	end := 0
	for i, r := range s {
		if i+len(string(r)) > n {
			break
		}
		end = i + len(string(r))
	}
	return s[:end]
}
