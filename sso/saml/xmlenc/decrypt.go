package xmlenc

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"errors"

	"github.com/beevik/etree"
)

// ErrDecrypt is the error of [Decrypt], whatever the cause.
var ErrDecrypt = errors.New("the encrypted assertion cannot be decrypted")

// Policy is what a connection accepts. Its zero value is the safe one.
type Policy struct {
	AllowCBC bool // only for what a verified signature covers
}

// Decrypt returns the plaintext of an EncryptedAssertion, or of an EncryptedData alone, with whichever of the private keys fits.
// The plaintext is whatever somebody encrypted: it still needs [strict.Check] and the verification of its signature.
func Decrypt(el *etree.Element, keys []*rsa.PrivateKey, p Policy) ([]byte, error) {
	e, ok := open(el)
	if !ok {
		return nil, ErrDecrypt
	}
	transport, ok := e.transport()
	if !ok {
		return nil, ErrDecrypt
	}
	c, ok := ciphers[e.cipher]
	if !ok || c.cbc && !p.AllowCBC || !c.plausible(e.data) {
		return nil, ErrDecrypt
	}

	session, fits := unwrap(e.key, keys, transport, c.keySize)
	plain, authentic := c.decrypt(session, e.data)
	if fits&authentic != 1 || len(bytes.TrimSpace(plain)) == 0 {
		return nil, ErrDecrypt
	}
	return plain, nil
}

// unwrap returns the session key, and 1 if one of the private keys gave one. Else it is a random one, with which decryption fails
// later: neither time nor error tell which half of the message was wrong. All private keys are tried, whichever fits.
func unwrap(wrapped []byte, keys []*rsa.PrivateKey, transport *rsa.OAEPOptions, size int) (session []byte, fits int) {
	session = make([]byte, size)
	_, _ = rand.Read(session) // never fails, as crypto/rand says
	for _, key := range keys {
		plain, err := key.Decrypt(nil, wrapped, transport)
		candidate := make([]byte, size)
		right := subtle.ConstantTimeEq(int32(min(len(plain), size+1)), int32(size))
		if err != nil {
			right = 0
		}
		copy(candidate, plain)
		subtle.ConstantTimeCopy(right, session, candidate)
		fits |= right
	}
	return session, fits
}
