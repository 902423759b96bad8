package xmlenc_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"testing"

	"github.com/beevik/etree"
)

const (
	mgf1p  = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	oaep11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	gcm128 = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	gcm192 = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	gcm256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	cbc128 = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	cbc256 = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	plain  = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"/>`
)

// message is an encrypted assertion before it is written.
type message struct {
	cipher    string
	data      []byte
	transport string
	params    string // within the EncryptionMethod of the key
	key       []byte
}

func newKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// wrap encrypts a session key as most providers do: RSA-OAEP with SHA-1.
func wrap(tb testing.TB, to *rsa.PrivateKey, session []byte) []byte {
	tb.Helper()
	return wrapWith(tb, to, session, &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1})
}

func wrapWith(tb testing.TB, to *rsa.PrivateKey, session []byte, options *rsa.OAEPOptions) []byte {
	tb.Helper()
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, &to.PublicKey, session, options)
	if err != nil {
		tb.Fatal(err)
	}
	return wrapped
}

func random(tb testing.TB, n int) []byte {
	tb.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		tb.Fatal(err)
	}
	return b
}

func seal(tb testing.TB, session []byte, text string) []byte {
	tb.Helper()
	block, err := aes.NewCipher(session)
	if err != nil {
		tb.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatal(err)
	}
	nonce := random(tb, 12)
	return gcm.Seal(nonce, nonce, []byte(text), nil)
}

// chain encrypts padded text with CBC; the caller pads, so that it can do so wrongly.
func chain(tb testing.TB, session, padded []byte) []byte {
	tb.Helper()
	block, err := aes.NewCipher(session)
	if err != nil {
		tb.Fatal(err)
	}
	iv := random(tb, 16)
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, padded)
	return append(iv, out...)
}

// pad pads as XML Encryption does: only the last byte counts.
func pad(tb testing.TB, text string) []byte {
	tb.Helper()
	n := 16 - len(text)%16
	padding := random(tb, n)
	padding[n-1] = byte(n)
	return append([]byte(text), padding...)
}

// sealed returns an honest message to the key, with AES-256-GCM.
func sealed(tb testing.TB, to *rsa.PrivateKey, text string) message {
	tb.Helper()
	session := random(tb, 32)
	return message{cipher: gcm256, data: seal(tb, session, text), transport: mgf1p, key: wrap(tb, to, session)}
}

func (m message) encryptedKey(attributes string) string {
	return `<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"` + attributes + `><xenc:EncryptionMethod Algorithm="` + m.transport + `">` +
		m.params + `</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(m.key) +
		`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`
}

func (m message) encryptedData(keyInfo string) string {
	return `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">` +
		`<xenc:EncryptionMethod Algorithm="` + m.cipher + `"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + keyInfo + `</ds:KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(m.data) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
}

// write returns the message as most providers write it.
func (m message) write() string {
	return around(m.encryptedData(m.encryptedKey("")))
}

func around(content string) string {
	return `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + content + `</saml:EncryptedAssertion>`
}

func parse(tb testing.TB, doc string) *etree.Element {
	tb.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		tb.Fatalf("read %q: %v", doc, err)
	}
	return tree.Root()
}
