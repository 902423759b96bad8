package testidp

import (
	"fmt"
	"net/http"
	"slices"
)

// Rotate makes a new key for every algorithm in use. The old public keys stay in the key set unless drop is set.
func (p *Provider) Rotate(drop bool) error {
	var fresh []*Key
	for _, alg := range p.algorithms() {
		key, err := NewKey(alg)
		if err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		fresh = append(fresh, key)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if drop {
		p.keys = nil
	}
	p.keys = append(fresh, p.keys...)
	return nil
}

// SigningKey is the key that signs now for the issuer's own algorithm.
func (p *Provider) SigningKey() *Key {
	key, err := p.signingKey(p.algorithm)
	if err != nil {
		panic(err) // New made this key
	}
	return key
}

func (p *Provider) signingKey(algorithm string) (*Key, error) {
	find := func() *Key {
		if i := slices.IndexFunc(p.keys, func(k *Key) bool { return k.Algorithm == algorithm }); i >= 0 {
			return p.keys[i]
		}
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := find(); key != nil {
		return key, nil
	}
	if algorithm == HS256 {
		return nil, fmt.Errorf("no honest provider signs with %s", HS256)
	}
	key, err := NewKey(algorithm)
	if err != nil {
		return nil, err
	}
	p.keys = append(p.keys, key)
	return key, nil
}

// algorithms lists those in use, the newest keys' first.
func (p *Provider) algorithms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var algs []string
	for _, key := range p.keys {
		if !slices.Contains(algs, key.Algorithm) {
			algs = append(algs, key.Algorithm)
		}
	}
	return algs
}

func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request, f *Fault) {
	p.mu.Lock()
	keys := make([]any, len(p.keys))
	for i, key := range p.keys {
		keys[i] = key.JWK()
	}
	p.mu.Unlock()
	set := map[string]any{"keys": keys}
	if f.JWKS != nil {
		f.JWKS(set)
	}
	p.writeJSON(w, r, f, JWKS, http.StatusOK, set)
}
