package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// keepProviderKeys gives the SAML providers the key of the last start: their connections trust it and nothing else.
func keepProviderKeys(dir string, idps *testidp.Server) error {
	for _, t := range demoTenants() {
		if t.by != bySAML {
			continue
		}
		path := filepath.Join(dir, "provider-"+t.slug+".pem")
		key, err := readProviderKey(path)
		if errors.Is(err, fs.ErrNotExist) {
			key, err = makeProviderKey(path)
		}
		if err != nil {
			return fmt.Errorf("key of the test provider %s: %w", t.slug, err)
		}
		idps.Provider(t.provider()).SetSAMLKey(key)
	}
	return nil
}

func makeProviderKey(path string) (*samlforge.Key, error) {
	now := time.Now()
	key, err := samlforge.NewKey(samlforge.RSA2048, now.Add(-time.Hour), now.AddDate(10, 0, 0))
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key.Signer)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Cert.Raw})...)
	return key, os.WriteFile(path, text, 0o600)
}

func readProviderKey(path string) (*samlforge.Key, error) {
	text, err := os.ReadFile(path) //nolint:gosec // of the folder that the operator names
	if err != nil {
		return nil, err
	}
	first, rest := pem.Decode(text)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, fmt.Errorf("%s is not as it was written; delete it, and the folder's database with it", path)
	}
	private, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, errors.New("not a key that signs")
	}
	cert, err := x509.ParseCertificate(second.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return &samlforge.Key{Signer: signer, Cert: cert}, nil
}
