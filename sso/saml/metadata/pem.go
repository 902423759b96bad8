package metadata

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// ParseCertificates reads what an administrator pastes or uploads as signing certificates: PEM, one certificate in bare base64, or the
// bytes of a .cer file. They are distinct, at most five, and their keys are judged; certificates of a chain that issued another one of it
// are left out. Whether they have expired is for the caller to see. The error is an *Error and never quotes the text, which may
// be a private key.
func ParseCertificates(text string) ([]*x509.Certificate, error) {
	if len(text) > maxDocument {
		return nil, refuse(TooLarge, "The text is larger than 1 MiB.")
	}
	chain, err := split(text)
	if err != nil {
		return nil, err
	}
	var certs bundle
	if err := certs.add(chain); err != nil {
		return nil, err
	}
	if len(certs.list) == 0 {
		return nil, refuse(CertificateMissing, "There is no certificate in this text.")
	}
	return certs.list, nil
}

// split returns the certificates of the text in base64.
func split(text string) ([]string, error) {
	const begin = "-----BEGIN "
	if strings.Contains(text, "PRIVATE KEY-----") {
		return nil, refuse(CertificateInvalid, "This text holds a private key, which nobody here should see: paste the certificate, and treat that key as known to others.")
	}
	if strings.HasPrefix(text, "\x30\x82") { // a SEQUENCE in DER
		return []string{base64.StdEncoding.EncodeToString([]byte(text))}, nil
	}
	if !strings.Contains(text, begin) {
		if text = strings.TrimSpace(text); text == "" {
			return nil, nil
		}
		return []string{text}, nil
	}
	var chain []string
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			return nil, refuse(CertificateInvalid, fmt.Sprintf("This text holds a %.40q and not only certificates.", block.Type))
		}
		chain = append(chain, base64.StdEncoding.EncodeToString(block.Bytes))
	}
	// The decoder skips what it cannot read, and nobody would learn that a certificate is missing.
	if strings.Count(text, begin) != len(chain) {
		return nil, refuse(CertificateInvalid, "A certificate in this text is damaged: copy it again, from its BEGIN to its END line.")
	}
	return chain, nil
}

// decode reads a certificate in base64, with any white space, and judges its key.
func decode(value string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
	if err != nil || len(der) == 0 {
		return nil, errors.New("it is not base64")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("it is not an X.509 certificate")
	}
	if err := xmlsig.CheckKey(cert); err != nil {
		return nil, err
	}
	return cert, nil
}
