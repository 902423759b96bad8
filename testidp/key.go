package testidp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
)

// The signature algorithms. HS256 is known for attacks only: no honest answer uses it.
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
	HS256 = "HS256"
)

// Key is a signing key. ID and Algorithm are what the key set and the token header say; they do not have to be true.
type Key struct {
	ID        string
	Algorithm string
	private   any // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, []byte or *textbookRSA
}

// NewKey makes a key of the algorithm with a random id.
func NewKey(algorithm string) (*Key, error) {
	k := &Key{ID: algorithm + "-" + rand.Text()[:8], Algorithm: algorithm}
	var err error
	switch algorithm {
	case RS256, PS256:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	case ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	case HS256:
		k.private = []byte(rand.Text() + rand.Text())
	default:
		err = fmt.Errorf("unknown algorithm %q", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return k, nil
}

// JWK is the key as a key set publishes it. For HS256 that is the secret itself.
func (k *Key) JWK() map[string]any {
	jwk := map[string]any{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(private.N.Bytes()), encode(big.NewInt(int64(private.E)).Bytes())
	case *textbookRSA:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(private.n.Bytes()), encode(private.e.Bytes())
	case *ecdsa.PrivateKey:
		point, err := private.PublicKey.Bytes()
		if err != nil {
			panic(err) // the key is our own
		}
		half := len(point) / 2
		jwk["kty"], jwk["crv"] = "EC", private.Params().Name
		jwk["x"], jwk["y"] = encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PrivateKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(private.Public().(ed25519.PublicKey))
	case []byte:
		jwk["kty"], jwk["k"] = "oct", encode(private)
	}
	return jwk
}

// sign signs by the scheme of alg, whatever the key says about itself.
func (k *Key) sign(alg string, input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		if alg == PS256 {
			return rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
	case *textbookRSA:
		return private.sign(sum[:]), nil
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			return nil, err
		}
		size := (private.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	case []byte:
		return mac(private, input), nil
	default:
		return nil, fmt.Errorf("key %s holds nothing", k.ID)
	}
}

func (k *Key) public() crypto.PublicKey {
	if signer, ok := k.private.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

func mac(secret, input []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(input)
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
