package secret_test

import (
	"encoding/base64"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// strongKey returns a fresh key in the form that configuration takes.
func strongKey() string {
	return base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize))
}

func newKeyring(tb testing.TB, spec string) *secret.Keyring {
	tb.Helper()
	ring, err := secret.ParseKeyring(spec)
	if err != nil {
		tb.Fatalf("ParseKeyring: %v", err)
	}
	return ring
}

func seal(tb testing.TB, ring *secret.Keyring, plaintext string, aad secret.AAD) []byte {
	tb.Helper()
	sealed, err := ring.Seal([]byte(plaintext), aad)
	if err != nil {
		tb.Fatalf("Seal(%+v): %v", aad, err)
	}
	return sealed
}

func place() secret.AAD {
	return secret.AAD{Table: "connections", Row: "con_1", Tenant: "tnt_1"}
}
