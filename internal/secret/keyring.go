package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"strings"
)

// Keyring holds the keys that wrap data keys. The first key of the spec is active: it seals. The others only open,
// until every row has been rewrapped. A Keyring is safe for concurrent use.
type Keyring struct {
	redacted
	active string
	keys   map[string]cipher.AEAD
}

// ParseKeyring reads "id:base64[,id2:base64]", the active key first; ids are 1 to 32 of a-z, 0-9 and -. The error
// joins all mistakes, each with its place in the list and never with a value. Keys that ParseKey refuses are refused.
func ParseKeyring(spec string) (*Keyring, error) {
	return newKeyring(spec, ParseKey)
}

// DevKeyring is ParseKeyring without the rule against example keys, for `gatehouse dev` and tests: its keys may stand
// in a public file.
func DevKeyring(spec string) (*Keyring, error) {
	return newKeyring(spec, decodeKey)
}

// ActiveID returns the id of the key that seals.
func (k *Keyring) ActiveID() string { return k.active }

func newKeyring(spec string, parse func(string) ([]byte, error)) (*Keyring, error) {
	if strings.TrimSpace(spec) == "" {
		return nil, errors.New("no key: want id:base64[,id2:base64]")
	}
	ring := &Keyring{keys: map[string]cipher.AEAD{}}
	seen := map[string]string{} // key → id
	var mistakes []error
	for i, entry := range strings.Split(spec, ",") {
		id, text, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || !validKeyID(id) {
			// Not even the id is repeated: without a colon it may be the key.
			mistakes = append(mistakes, fmt.Errorf("key %d: want id:base64, the id of 1 to 32 a-z, 0-9 or -", i+1))
			continue
		}
		key, err := parse(text)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("key %d (%s): %w", i+1, id, err))
			continue
		}
		if _, taken := ring.keys[id]; taken {
			mistakes = append(mistakes, fmt.Errorf("key %d (%s): the id is used twice", i+1, id))
			continue
		}
		if twin, taken := seen[string(key)]; taken {
			mistakes = append(mistakes, fmt.Errorf("key %d (%s): the same key as %s", i+1, id, twin))
			continue
		}
		seen[string(key)] = id
		ring.keys[id] = newAEAD(key)
		if i == 0 {
			ring.active = id
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return ring, nil
}

func validKeyID(id string) bool {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return id != "" && len(id) <= maxKeyID && strings.Trim(id, alphabet) == ""
}

// newAEAD returns AES-256-GCM that draws a random nonce for every message and writes it in front of the ciphertext.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the length was checked
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
