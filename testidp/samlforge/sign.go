package samlforge

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // the hashes that crypto.Hash finds; SHA-1 is for forgeries
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// sign puts an enveloped signature behind the Issuer of an element, or first if it has none.
func sign(el *etree.Element, key *Key, s Signing) error {
	s = s.filled(key)
	signature := element("ds:Signature", "xmlns:ds", nsSignature)
	position := 0
	if issuer := el.SelectElement("saml:Issuer"); issuer != nil {
		position = issuer.Index() + 1
	}
	el.InsertChildAt(position, signature)
	digest, err := hashed(s.Digest, canonical(el, s.Transform, signature))
	if err != nil {
		return err
	}
	info := put(element("ds:SignedInfo"),
		element("ds:CanonicalizationMethod", "Algorithm", s.Canonical),
		element("ds:SignatureMethod", "Algorithm", s.Method),
		put(element("ds:Reference", "URI", "#"+el.SelectAttrValue("ID", "")),
			put(element("ds:Transforms"),
				element("ds:Transform", "Algorithm", Enveloped), element("ds:Transform", "Algorithm", s.Transform)),
			element("ds:DigestMethod", "Algorithm", s.Digest),
			textual("ds:DigestValue", base64.StdEncoding.EncodeToString(digest))))
	put(signature, info)
	if s.SignedInfo != nil {
		s.SignedInfo(info)
	}
	value, err := s.value(key, canonical(info, s.Canonical, nil))
	if err != nil {
		return err
	}
	put(signature, textual("ds:SignatureValue", base64.StdEncoding.EncodeToString(value)))
	if !s.NoKeyInfo {
		put(signature, keyInfo(s.KeyInfo))
	}
	if s.Signature != nil {
		s.Signature(signature)
	}
	return nil
}

func keyInfo(cert *x509.Certificate) *etree.Element {
	return put(element("ds:KeyInfo"), put(element("ds:X509Data"),
		textual("ds:X509Certificate", base64.StdEncoding.EncodeToString(cert.Raw))))
}

func (s Signing) filled(key *Key) Signing {
	if s.Method == "" {
		s.Method = RSASHA256
		if ec, ok := key.Signer.Public().(*ecdsa.PublicKey); ok {
			s.Method = map[int]string{384: ECDSASHA384, 521: ECDSASHA512}[ec.Params().BitSize]
			if s.Method == "" {
				s.Method = ECDSASHA256
			}
		}
	}
	if s.Digest == "" {
		s.Digest = SHA256
	}
	if s.Canonical == "" {
		s.Canonical = ExclusiveC14N
	}
	if s.Transform == "" {
		s.Transform = s.Canonical
	}
	if s.KeyInfo == nil {
		s.KeyInfo = key.Cert
	}
	return s
}

// value signs by the method, in the encodings of XML-DSig: an ECDSA signature is r and s in full length.
func (s Signing) value(key *Key, input []byte) ([]byte, error) {
	hash, err := hashOf(s.Method)
	if err != nil {
		return nil, err
	}
	if s.Secret != nil {
		mac := hmac.New(hash.New, s.Secret)
		mac.Write(input)
		return mac.Sum(nil), nil
	}
	h := hash.New()
	h.Write(input)
	switch private := key.Signer.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(nil, private, hash, h.Sum(nil))
	case *ecdsa.PrivateKey:
		r, t, err := ecdsa.Sign(rand.Reader, private, h.Sum(nil))
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		size := (private.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), t.FillBytes(make([]byte, size))...), nil
	default:
		return nil, errors.New("a key of this kind cannot sign XML")
	}
}

// hashOf knows the hash of a digest or signature method by the end of its name.
func hashOf(method string) (crypto.Hash, error) {
	for suffix, hash := range map[string]crypto.Hash{
		"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512,
	} {
		if strings.HasSuffix(method, suffix) {
			return hash, nil
		}
	}
	return 0, fmt.Errorf("unknown algorithm %q", method)
}

func hashed(method string, data []byte) ([]byte, error) {
	hash, err := hashOf(method)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(data)
	return h.Sum(nil), nil
}
