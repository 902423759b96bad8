package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
)

// RootKey is the one secret from which an installation derives the peppers of all its purposes.
type RootKey struct {
	redacted
	key *string // see Text.value; fmt prints what a pointer to an array holds, but not what one to a string holds
}

// Root returns key as the root. It panics unless key has 32 bytes; keys from configuration come through ParseKey.
func Root(key []byte) RootKey { return RootKey{key: held(key)} }

// Derive returns the pepper of a purpose (HKDF-SHA256). Peppers of different purposes tell nothing about each other.
func (r RootKey) Derive(purpose string) Pepper {
	if r.key == nil {
		panic("secret: Derive on a zero RootKey")
	}
	key, err := hkdf.Key(sha256.New, []byte(*r.key), nil, "gatehouse/pepper/v1/"+purpose, KeySize)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return NewPepper(key)
}

// Pepper is a key for MACs. Its zero value panics when used: a MAC under an empty key could be made by anyone.
type Pepper struct {
	redacted
	key *string
}

// NewPepper returns key as a pepper. It panics unless key has 32 bytes.
func NewPepper(key []byte) Pepper { return Pepper{key: held(key)} }

// MAC returns HMAC-SHA256 over the domain and the data. Each part counts with its length, so parts cannot be shifted
// into one another, and a MAC made for one domain says nothing in another.
func (p Pepper) MAC(domain string, data ...[]byte) [32]byte {
	if p.key == nil {
		panic("secret: MAC on a zero Pepper")
	}
	mac := hmac.New(sha256.New, []byte(*p.key))
	mac.Write(appendFramed(appendFramed(make([]byte, 0, 256), domain), data...))
	var sum [32]byte
	mac.Sum(sum[:0])
	return sum
}

func held(key []byte) *string {
	if len(key) != KeySize {
		panic("secret: a key has 32 bytes")
	}
	copied := string(key)
	return &copied
}
