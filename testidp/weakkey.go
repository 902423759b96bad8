package testidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
)

// WeakRSAKey makes an RSA key of any size, also where the standard library refuses to.
func WeakRSAKey(bits int) (*Key, error) {
	p, err := rand.Prime(rand.Reader, bits/2)
	if err != nil {
		return nil, fmt.Errorf("make weak key: %w", err)
	}
	q, err := rand.Prime(rand.Reader, bits-bits/2)
	if err != nil {
		return nil, fmt.Errorf("make weak key: %w", err)
	}
	return textbookKey(fmt.Sprintf("rsa-%d", bits), p, q), nil
}

// UnityRSAKey makes an RSA key whose exponent is 1: anyone can sign for it.
func UnityRSAKey() (*Key, error) {
	k, err := NewKey(RS256)
	if err != nil {
		return nil, err
	}
	return &Key{ID: "rsa-e1", Algorithm: RS256, private: &textbookRSA{n: k.private.(*rsa.PrivateKey).N, e: big.NewInt(1), d: big.NewInt(1)}}, nil
}

// ROCAKey makes a 2048-bit RSA key with the structure of CVE-2017-15361: both primes are k·M + 65537ᵃ mod M, where M is
// the product of the first 126 primes.
func ROCAKey() (*Key, error) {
	product := big.NewInt(1)
	for n, found := int64(2), 0; found < 126; n++ {
		if prime := big.NewInt(n); prime.ProbablyPrime(0) {
			product.Mul(product, prime)
			found++
		}
	}
	p, err := rocaPrime(product)
	if err != nil {
		return nil, err
	}
	q, err := rocaPrime(product)
	if err != nil {
		return nil, err
	}
	return textbookKey("rsa-roca", p, q), nil
}

// CrookedCurveKey makes a P-384 key that calls itself ES256.
func CrookedCurveKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return &Key{ID: "p384-as-es256", Algorithm: ES256, private: private}, nil
}

// offCurve is the key's public JWK with a point that is not on its curve.
func offCurve(k *Key) (map[string]any, error) {
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key %s is not on an elliptic curve", k.ID)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode point: %w", err)
	}
	point[len(point)-1] ^= 1
	jwk := k.JWK()
	jwk["y"] = encode(point[1+len(point)/2:])
	return jwk, nil
}

func rocaPrime(product *big.Int) (*big.Int, error) {
	exponent := big.NewInt(65537)
	// The two top bits are set, so that the product of two such primes has 2048 bits.
	low := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(3), 1022), product)
	span := new(big.Int).Sub(new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 1024), product), low)
	for {
		k, err := rand.Int(rand.Reader, span)
		if err != nil {
			return nil, fmt.Errorf("make weak key: %w", err)
		}
		a, err := rand.Int(rand.Reader, product)
		if err != nil {
			return nil, fmt.Errorf("make weak key: %w", err)
		}
		prime := new(big.Int).Mul(k.Add(k, low), product)
		prime.Add(prime, new(big.Int).Exp(exponent, a, product))
		if prime.ProbablyPrime(8) {
			return prime, nil
		}
	}
}

// textbookRSA signs without any of the checks that crypto/rsa makes.
type textbookRSA struct{ n, e, d *big.Int }

func textbookKey(id string, p, q *big.Int) *Key {
	one, e := big.NewInt(1), big.NewInt(65537)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	n := new(big.Int).Mul(p, q)
	return &Key{ID: id, Algorithm: RS256, private: &textbookRSA{n: n, e: e, d: new(big.Int).ModInverse(e, phi)}}
}

// sha256Info is the DER of DigestInfo up to the digest (RFC 8017, 9.2).
const sha256Info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

func (t *textbookRSA) sign(digest []byte) []byte {
	size := (t.n.BitLen() + 7) / 8
	padded := make([]byte, size)
	tail := append([]byte(sha256Info), digest...)
	padded[1] = 1
	for i := 2; i < size-len(tail)-1; i++ {
		padded[i] = 0xff
	}
	copy(padded[size-len(tail):], tail)
	m := new(big.Int).SetBytes(padded)
	return m.Exp(m, t.d, t.n).FillBytes(make([]byte, size))
}
