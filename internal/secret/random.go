package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
)

// Random returns n bytes from the system's generator. It cannot fail: crypto/rand ends the process first.
func Random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented to never return an error
	return b
}

// RandomText returns n random bytes as unpadded base64url: 32 bytes are 43 characters, fit for a PKCE verifier.
func RandomText(n int) string {
	return base64.RawURLEncoding.EncodeToString(Random(n))
}

// Equal compares in time that depends on the lengths only.
func Equal[T ~string | ~[]byte](a, b T) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
