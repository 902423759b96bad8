package sessions_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestASignedDocumentIsNoAccessToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	issued := b.start()
	for _, kind := range []string{"", "gatehouse-access+jwt"} {
		if signed, err := b.keys.Sign(kind, []byte("{}"), b.now()); err == nil {
			t.Errorf("Sign(%q) = %s, want an error", kind, signed)
		}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(issued.Access, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	signed, err := b.keys.Sign("statement+jws", payload, b.now())
	if err != nil {
		t.Fatalf("Sign() = %v", err)
	}
	if _, err := verify(t, b.sessions, signed); err == nil {
		t.Error("a document with the claims of an access token passes for one")
	}
}
