package secret

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
)

// Reasons for not opening a sealed value.
var (
	ErrUnknownKey = errors.New("sealed with a key that is not in the keyring")
	ErrTampered   = errors.New("sealed value is damaged, or belongs to another row")
)

// A sealed value is
//
//	version (1) | length of key id (1) | key id | wrapped data key (60) | nonce (12) | ciphertext | tag (16)
//
// where the wrapped data key is itself nonce (12) | ciphertext (32) | tag (16). A data key encrypts one value only, so
// random nonces can collide under a wrapping key alone; 2^32 seals keep that below 2^-32 (NIST SP 800-38D, 8.3).
const (
	version      = 1
	maxKeyID     = 32
	gcmOverhead  = 12 + 16
	wrappedSize  = KeySize + gcmOverhead
	labelDataKey = "gatehouse/secret/v1/data-key"
	labelValue   = "gatehouse/secret/v1/value"
)

// Seal encrypts plaintext for the place aad under the active key.
func (k *Keyring) Seal(plaintext []byte, aad AAD) ([]byte, error) {
	if aad.Table == "" || aad.Row == "" {
		return nil, errors.New("seal: the table and the row must be named")
	}
	dataKey := Random(KeySize)
	value := encrypt(newAEAD(dataKey), nil, plaintext, aad.encode(labelValue, ""))
	return k.assemble(dataKey, value, aad), nil
}

// Open returns the plaintext of a value that was sealed for the place aad. Its errors are ErrUnknownKey and
// ErrTampered; the second also stands for a truncated value and a version that is not known.
func (k *Keyring) Open(sealed []byte, aad AAD) ([]byte, error) {
	parts, err := k.open(sealed, aad)
	if err != nil {
		return nil, err
	}
	plaintext, err := newAEAD(parts.dataKey).Open(nil, nil, parts.value, aad.encode(labelValue, ""))
	if err != nil {
		return nil, ErrTampered
	}
	return plaintext, nil
}

// Rewrap moves a sealed value to the active key without decrypting it: only its data key is wrapped anew. changed is
// false, and the value returned as it was, when it is under the active key already; so an interrupted rotation is
// finished by running it again.
func (k *Keyring) Rewrap(sealed []byte, aad AAD) (rewrapped []byte, changed bool, err error) {
	parts, err := k.open(sealed, aad)
	if err != nil {
		return nil, false, err
	}
	if parts.keyID == k.active {
		return sealed, false, nil
	}
	return k.assemble(parts.dataKey, parts.value, aad), true, nil
}

func (k *Keyring) assemble(dataKey, value []byte, aad AAD) []byte {
	out := make([]byte, 0, 2+len(k.active)+wrappedSize+len(value))
	out = append(out, version, byte(len(k.active)))
	out = append(out, k.active...)
	out = encrypt(k.keys[k.active], out, dataKey, aad.encode(labelDataKey, k.active))
	return append(out, value...)
}

func encrypt(aead cipher.AEAD, dst, plaintext, aad []byte) []byte {
	return aead.Seal(dst, nil, plaintext, aad) //nolint:gosec // G407: newAEAD draws the nonce itself and takes none
}

// envelope is a sealed value whose data key has been unwrapped.
type envelope struct {
	keyID   string
	dataKey []byte
	value   []byte
}

func (k *Keyring) open(sealed []byte, aad AAD) (envelope, error) {
	if len(sealed) < 2 || sealed[0] != version {
		return envelope{}, ErrTampered
	}
	size, rest := int(sealed[1]), sealed[2:]
	if size > maxKeyID || len(rest) < size+wrappedSize+gcmOverhead {
		return envelope{}, ErrTampered
	}
	id, rest := string(rest[:size]), rest[size:]
	if !validKeyID(id) {
		return envelope{}, ErrTampered
	}
	aead, known := k.keys[id]
	if !known {
		return envelope{}, fmt.Errorf("%w: %s", ErrUnknownKey, id)
	}
	dataKey, err := aead.Open(nil, nil, rest[:wrappedSize], aad.encode(labelDataKey, id))
	if err != nil {
		return envelope{}, ErrTampered
	}
	return envelope{keyID: id, dataKey: dataKey, value: slices.Clone(rest[wrappedSize:])}, nil
}
