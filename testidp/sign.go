package testidp

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
)

// SignMode is how an ID token is signed.
type SignMode int

// The sign modes. All but SignHonest make a token that a correct relying party refuses.
const (
	SignHonest      SignMode = iota
	SignNone                 // alg none, empty signature
	SignHS256PEM             // HS256, keyed with the PEM text of the public key
	SignHS256DER             // HS256, keyed with the DER of the public key
	SignHS256JWK             // HS256, keyed with the JSON of the public key
	SignFlippedBit           // one bit of the signature is wrong
	SignUnknownKey           // another key of the same kind, under the kid of the published one
	SignUnknownKid           // another key, under a kid that is not published
	SignEmbeddedJWK          // another key, offered in the jwk header
	SignOtherAlg             // the published RSA key, in the other RSA scheme than its alg says
)

// Sign signs any claims with the provider's current key, honestly: a logout token, an access token, the ID token of
// another flow. header may be nil.
func (p *Provider) Sign(header, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	key, err := p.signingKey(p.algorithm)
	if err != nil {
		return "", err
	}
	return compact(key, SignHonest, func(h map[string]any) { maps.Copy(h, header) }, payload)
}

// idToken signs the claims as f wants it.
func (p *Provider) idToken(f *Fault, algorithm string, claims map[string]any) (string, error) {
	if f.Claims != nil {
		f.Claims(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	if f.RawPayload != nil {
		payload = f.RawPayload(payload)
	}
	if f.Rotate != NoRotation {
		if err := p.Rotate(f.Rotate == RotateDrop); err != nil {
			return "", err
		}
	}
	key := f.Key
	if key == nil {
		if key, err = p.signingKey(algorithm); err != nil {
			return "", err
		}
	}
	token, err := compact(key, f.Sign, f.Header, payload)
	if err != nil {
		return "", fmt.Errorf("sign ID token: %w", err)
	}
	if f.Compact != nil {
		token = f.Compact(token)
	}
	return token, nil
}

// compact is the compact serialization of RFC 7515. It does not use a library: none would write most of what is wanted.
func compact(key *Key, mode SignMode, change func(map[string]any), payload []byte) (string, error) {
	header := map[string]any{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"}
	sign := func(input []byte) ([]byte, error) { return key.sign(key.Algorithm, input) }
	switch mode {
	case SignHonest:
	case SignNone:
		header["alg"] = "none"
		delete(header, "kid")
		sign = func([]byte) ([]byte, error) { return nil, nil }
	case SignHS256PEM, SignHS256DER, SignHS256JWK:
		secret, err := publicBytes(key, mode)
		if err != nil {
			return "", err
		}
		header["alg"] = HS256
		sign = func(input []byte) ([]byte, error) { return mac(secret, input), nil }
	case SignFlippedBit:
		sign = func(input []byte) ([]byte, error) {
			sig, err := key.sign(key.Algorithm, input)
			if err == nil {
				sig[len(sig)/2] ^= 1
			}
			return sig, err
		}
	case SignUnknownKey, SignUnknownKid, SignEmbeddedJWK:
		other, err := NewKey(key.Algorithm)
		if err != nil {
			return "", err
		}
		if mode != SignUnknownKey {
			header["kid"] = other.ID
		}
		if mode == SignEmbeddedJWK {
			header["jwk"] = other.JWK()
		}
		sign = func(input []byte) ([]byte, error) { return other.sign(other.Algorithm, input) }
	case SignOtherAlg:
		alg := map[string]string{RS256: PS256, PS256: RS256}[key.Algorithm]
		if alg == "" {
			return "", fmt.Errorf("%s has no other scheme for its key", key.Algorithm)
		}
		header["alg"] = alg
		sign = func(input []byte) ([]byte, error) { return key.sign(alg, input) }
	default:
		return "", fmt.Errorf("unknown sign mode %d", mode)
	}
	if change != nil {
		change(header)
	}
	text, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("encode header: %w", err)
	}
	input := encode(text) + "." + encode(payload)
	signature, err := sign([]byte(input))
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}

// publicBytes is what a relying party that confuses algorithms would take as the HMAC secret.
func publicBytes(key *Key, mode SignMode) ([]byte, error) {
	if mode == SignHS256JWK {
		return json.Marshal(key.JWK())
	}
	der, err := x509.MarshalPKIXPublicKey(key.public())
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	if mode == SignHS256PEM {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
	}
	return der, nil
}
