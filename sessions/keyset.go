package sessions

import (
	"encoding/json"
	"time"
)

// keySet is what one instance knows of the signing keys. It is never changed, only replaced.
type keySet struct {
	byKid map[KeyID]*signingKey
	keys  []*signingKey // newest first
	doc   []byte        // the JWKS until the next key runs out
	next  time.Time     // when that is; zero: never
}

func newKeySet(keys []*signingKey, now time.Time) *keySet {
	s := &keySet{byKid: make(map[KeyID]*signingKey, len(keys)), keys: keys, doc: document(keys, now)}
	for _, k := range keys {
		s.byKid[k.kid] = k
		if k.trusted(now) && !k.until.IsZero() && (s.next.IsZero() || k.until.Before(s.next)) {
			s.next = k.until
		}
	}
	return s
}

// trusted finds a key whose tokens are accepted; nil when there is none.
func (s *keySet) trusted(kid KeyID, now time.Time) *signingKey {
	if k := s.byKid[kid]; k != nil && k.trusted(now) {
		return k
	}
	return nil
}

// signer is the newest key that has been public for long enough. When none has, because the database's clock went back, it is the one
// that has been public for longest; nil only when no key is trusted.
func (s *keySet) signer(now time.Time) *signingKey {
	var oldest *signingKey
	for _, k := range s.keys {
		if !k.trusted(now) {
			continue
		}
		if !now.Before(k.from) {
			return k
		}
		oldest = k
	}
	return oldest
}

func (s *keySet) jwks(now time.Time) []byte {
	if s.next.IsZero() || now.Before(s.next) {
		return s.doc
	}
	return document(s.keys, now)
}

type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid KeyID  `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

func document(keys []*signingKey, now time.Time) []byte {
	doc := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range keys {
		if k.trusted(now) {
			doc.Keys = append(doc.Keys, jwk{Kty: "EC", Crv: "P-256", X: k.x, Y: k.y, Kid: k.kid, Use: "sig", Alg: algorithm})
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err) // strings only
	}
	return b
}
