package sessions

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Sign signs a document as a JWS in compact form (RFC 7515) that the JWKS verifies. Its kind is the header typ, without which a document
// could pass for another, and which cannot be that of access tokens.
func (k *Keys) Sign(kind string, document []byte, now time.Time) (string, error) {
	key := k.signer(now)
	if key == nil {
		return "", errors.New("no signing key is loaded")
	}
	if kind == "" || kind == tokenType {
		return "", fmt.Errorf("a document of the kind %q is not signed", kind)
	}
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		Key       KeyID  `json:"kid"`
		Type      string `json:"typ"`
	}{algorithm, key.kid, kind})
	if err != nil {
		return "", fmt.Errorf("encode a header: %w", err)
	}
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(document)
	sig, err := sign(input, key.private)
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
