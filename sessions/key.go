package sessions

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// KeyID names a signing key: the thumbprint of its public half (RFC 7638), so that keys of two installations never share a name.
type KeyID string

// String implements fmt.Stringer.
func (k KeyID) String() string { return string(k) }

// signingKey is one row of signing_keys, opened.
type signingKey struct {
	kid     KeyID
	private *ecdsa.PrivateKey
	x, y    string // as a JWK writes them
	header  string // the first segment of every token of this key
	from    time.Time
	until   time.Time // zero: nobody has rotated it out
}

// trusted says whether tokens of this key are accepted at a time.
func (k *signingKey) trusted(now time.Time) bool { return k.until.IsZero() || now.Before(k.until) }

func newKey() (*signingKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate a signing key: %w", err)
	}
	return keyOf(private)
}

func keyOf(private *ecdsa.PrivateKey) (*signingKey, error) {
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode a signing key: %w", err)
	}
	k := &signingKey{private: private}
	// An uncompressed point is the byte 4 and the two coordinates.
	k.x = base64.RawURLEncoding.EncodeToString(point[1 : 1+scalarSize])
	k.y = base64.RawURLEncoding.EncodeToString(point[1+scalarSize:])
	print256 := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.x + `","y":"` + k.y + `"}`))
	k.kid = KeyID(base64.RawURLEncoding.EncodeToString(print256[:]))
	k.header = headerOf(k.kid)
	return k, nil
}

// keyRow is a key as it is stored: the private half sealed for its row.
type keyRow struct {
	Kid          KeyID
	PublicKey    []byte
	PrivateKey   []byte
	CreatedAt    time.Time
	SignsFrom    time.Time
	TrustedUntil *time.Time
}

func place(kid KeyID) secret.AAD { return secret.AAD{Table: "signing_keys", Row: string(kid)} }

func (k *signingKey) seal(ring *secret.Keyring) (keyRow, error) {
	public, err := k.private.PublicKey.Bytes()
	if err != nil {
		return keyRow{}, fmt.Errorf("encode a signing key: %w", err)
	}
	scalar, err := k.private.Bytes()
	if err != nil {
		return keyRow{}, fmt.Errorf("encode a signing key: %w", err)
	}
	sealed, err := ring.Seal(scalar, place(k.kid))
	if err != nil {
		return keyRow{}, fmt.Errorf("seal signing key %s: %w", k.kid, err)
	}
	return keyRow{Kid: k.kid, PublicKey: public, PrivateKey: sealed}, nil
}

// open trusts what the keyring sealed and nothing else of the row: the public half and the id are computed from the private one. Whoever can write
// rows but has no keyring cannot make this installation trust a key of theirs.
func (r keyRow) open(ring *secret.Keyring) (*signingKey, error) {
	scalar, err := ring.Open(r.PrivateKey, place(r.Kid))
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", r.Kid, err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", r.Kid, err)
	}
	k, err := keyOf(private)
	if err != nil {
		return nil, err
	}
	k.from = r.SignsFrom
	if r.TrustedUntil != nil {
		k.until = *r.TrustedUntil
	}
	return k, nil
}
