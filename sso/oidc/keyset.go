package oidc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKeys is far beyond what a provider publishes.
const maxKeys = 100

// key is one public key that may verify ID tokens.
type key struct {
	id        string
	algorithm string // of the JWK; "" when it does not say
	public    any    // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey
}

// keySet is the usable part of a JSON Web Key Set.
type keySet []key

// parseKeySet keeps the keys that could verify an ID token and passes over all others: providers publish keys for many purposes. It
// fails only for what is no key set at all.
func parseKeySet(text []byte) (keySet, error) {
	o, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	if o["keys"].Kind() != '[' {
		return nil, errType
	}
	dec := jsontext.NewDecoder(bytes.NewReader(o["keys"]))
	if _, err := dec.ReadToken(); err != nil {
		return nil, errType
	}
	set := keySet{}
	for n := 0; dec.PeekKind() != ']'; n++ {
		value, err := dec.ReadValue()
		if err != nil || n == maxKeys {
			return nil, errType
		}
		if k, ok := parseKey(value); ok {
			set = append(set, k)
		}
	}
	return set, nil
}

func parseKey(text []byte) (key, bool) {
	o, err := parseObject(text)
	if err != nil || o.caseVariants([]string{"kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "d", "k"}) != nil {
		return key{}, false
	}
	use, err := o.text("use")
	if err != nil || use != "" && use != "sig" {
		return key{}, false
	}
	ops, err := o.texts("key_ops")
	if err != nil || ops != nil && !slices.Contains(ops, "verify") {
		return key{}, false
	}
	alg, err := o.text("alg")
	if err != nil || alg != "" && !slices.Contains(accepted(), alg) {
		return key{}, false
	}
	id, err := o.text("kid")
	if err != nil || len(id) > maxKid {
		return key{}, false
	}
	var parsed jose.JSONWebKey // also proves that a point is on its curve
	if parsed.UnmarshalJSON(text) != nil || !parsed.IsPublic() || !strong(parsed.Key) {
		return key{}, false
	}
	k := key{id: id, algorithm: alg, public: parsed.Key}
	return k, slices.ContainsFunc(accepted(), k.fits)
}

// strong refuses keys that can be broken, or whose verification is made to be slow.
func strong(public any) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return bits >= 2048 && bits <= 8192 && k.E >= 3 && k.E&1 == 1 && !roca(k.N)
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize
	default:
		return false
	}
}

// fits says whether the key is one for an algorithm, by its own word and by its kind.
func (k key) fits(algorithm string) bool {
	if k.algorithm != "" && k.algorithm != algorithm {
		return false
	}
	switch k.public.(type) {
	case *rsa.PublicKey:
		return algorithm == "RS256" || algorithm == "PS256"
	case *ecdsa.PublicKey:
		return algorithm == "ES256"
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	default:
		return false
	}
}

func (s keySet) fits(algorithm string) bool {
	return slices.ContainsFunc(s, func(k key) bool { return k.fits(algorithm) })
}

// choice is the outcome of looking for a key.
type choice int

const (
	found choice = iota
	absent
	ambiguous
)

// choose finds the one key that a header means. Two that could be meant are none.
func (s keySet) choose(h header) (key, choice) {
	var fit []key
	for _, k := range s {
		if k.fits(h.algorithm) && (h.kid == "" || k.id == h.kid) {
			fit = append(fit, k)
		}
	}
	switch len(fit) {
	case 0:
		return key{}, absent
	case 1:
		return fit[0], found
	default:
		return key{}, ambiguous
	}
}
