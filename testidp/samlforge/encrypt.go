package samlforge

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // for forgeries
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// encrypt makes an EncryptedData element with the encrypted key inside.
func encrypt(plain []byte, e Encryption) (*etree.Element, error) {
	e = e.filled()
	public, ok := e.Cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the certificate holds no RSA key")
	}
	key := make([]byte, keySize(e.Data))
	_, _ = rand.Read(key) // never fails
	ciphertext, err := e.seal(key, rewrite(e.Plain, plain))
	if err != nil {
		return nil, err
	}
	wrapped, err := e.wrap(public, key)
	if err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	method := element("xenc:EncryptionMethod", "Algorithm", e.Transport)
	if e.Transport != RSA15 {
		put(method, element("ds:DigestMethod", "Algorithm", e.Digest))
	}
	if e.Transport == OAEP {
		put(method, element("xenc11:MGF", "xmlns:xenc11", nsEncrypt11, "Algorithm", e.MGF))
	}
	return put(element("xenc:EncryptedData", "xmlns:xenc", nsEncryption, "Type", typeElement),
		element("xenc:EncryptionMethod", "Algorithm", e.Data),
		put(element("ds:KeyInfo", "xmlns:ds", nsSignature), put(element("xenc:EncryptedKey"), method, cipherData(rewrite(e.Wrapped, wrapped)))),
		cipherData(rewrite(e.Cipher, ciphertext))), nil
}

func cipherData(value []byte) *etree.Element {
	return put(element("xenc:CipherData"), textual("xenc:CipherValue", base64.StdEncoding.EncodeToString(value)))
}

func (e Encryption) filled() Encryption {
	for _, field := range []struct {
		value *string
		or    string
	}{{&e.Transport, OAEPMGF1P}, {&e.Digest, SHA1}, {&e.MGF, MGF1SHA1}, {&e.Data, AES128GCM}} {
		if *field.value == "" {
			*field.value = field.or
		}
	}
	return e
}

func (e Encryption) wrap(public *rsa.PublicKey, key []byte) ([]byte, error) {
	if e.Transport == RSA15 {
		return rsa.EncryptPKCS1v15(rand.Reader, public, key) //nolint:staticcheck // for forgeries
	}
	hash, err := hashOf(e.Digest)
	if err != nil {
		return nil, err
	}
	mask := crypto.SHA1 // always, for rsa-oaep-mgf1p
	if e.Transport == OAEP {
		if mask, err = hashOf(e.MGF); err != nil {
			return nil, err
		}
	}
	return rsa.EncryptOAEPWithOptions(rand.Reader, public, key, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
}

// seal answers the initialization vector and the ciphertext, and for GCM the tag.
func (e Encryption) seal(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if e.Data == TripleDES {
		block, err = des.NewTripleDESCipher(key) //nolint:gosec // for forgeries
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if strings.HasSuffix(e.Data, "-gcm") {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		nonce := make([]byte, gcm.NonceSize())
		_, _ = rand.Read(nonce)
		return gcm.Seal(nonce, nonce, plain, nil), nil
	}
	size := block.BlockSize()
	pad := size - len(plain)%size
	plain = append(bytes.Clone(plain), bytes.Repeat([]byte{0}, pad)...)
	plain[len(plain)-1] = byte(pad) // XML Encryption fills the rest with anything
	out := make([]byte, size+len(plain))
	_, _ = rand.Read(out[:size])
	cipher.NewCBCEncrypter(block, out[:size]).CryptBlocks(out[size:], plain)
	return out, nil
}

func keySize(algorithm string) int {
	switch algorithm {
	case AES128GCM, AES128CBC:
		return 16
	case TripleDES:
		return 24
	default:
		return 32
	}
}

func rewrite(f func([]byte) []byte, b []byte) []byte {
	if f == nil {
		return b
	}
	return f(b)
}
