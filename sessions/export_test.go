package sessions

import (
	"crypto/ecdsa"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// SealKey gives tests the row of a key of theirs.
func SealKey(private *ecdsa.PrivateKey, ring *secret.Keyring) (keyRow, error) {
	k, err := keyOf(private)
	if err != nil {
		return keyRow{}, err
	}
	return k.seal(ring)
}

// Holds is what Verify asks of a signature: our own form, then the library.
func Holds(public *ecdsa.PublicKey, input string, sig []byte) bool {
	return canonical(sig) && jwt.SigningMethodES256.Verify(input, sig, public) == nil
}
