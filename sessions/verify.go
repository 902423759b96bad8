package sessions

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Verify reads an access token. It asks nobody; only a token of a signing key that this instance does not know yet makes it look, at most
// once a second. The errors are ErrToken and ErrStale. That the session still stands is for the caller to ask.
func (s *Sessions) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, ErrToken
	}
	now := s.clock()
	sum := sumOf(token)
	if v := s.cache.get(&sum, now); v != nil && s.keys.set.Load().trusted(v.kid, now) != nil {
		return v.claims, nil
	}
	key, err := s.keyOf(ctx, token, now)
	if err != nil {
		return Claims{}, ErrToken.Because(err)
	}
	var p payload
	_, err = s.access.parser.ParseWithClaims(token, &p, func(t *jwt.Token) (any, error) {
		if !canonical(t.Signature) {
			return nil, errors.New("the signature has another form than ours")
		}
		return &key.private.PublicKey, nil
	})
	if errors.Is(err, jwt.ErrTokenExpired) { // its signature was good
		return Claims{}, ErrStale.Because(err)
	}
	if err != nil {
		return Claims{}, ErrToken.Because(err)
	}
	v := &verified{sum, key.kid, *p.claims()}
	s.cache.add(v)
	return v.claims, nil
}

// sumOf is sha256.Sum256. A token of ours fits into the array, which is not on the heap as a copy of it would be.
func sumOf(token string) digest {
	var room [1 << 10]byte
	return sha256.Sum256(append(room[:0], token...))
}

// keyOf finds the key of a token by its whole header. The kid within is read only to learn of keys that are new.
func (s *Sessions) keyOf(ctx context.Context, token string, now time.Time) (*signingKey, error) {
	header, _, ok := strings.Cut(token, ".")
	// The decoder of the standard library skips line ends, which would give a token many spellings.
	if !ok || strings.ContainsAny(token, "\r\n") {
		return nil, errors.New("not three segments of base64url")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil {
		return nil, err
	}
	var h struct {
		Kid KeyID `json:"kid"`
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return nil, err
	}
	if header != headerOf(h.Kid) {
		return nil, errors.New("the header is not one of ours")
	}
	key := s.keys.trusted(ctx, h.Kid, now)
	if key == nil {
		return nil, errors.New("the key is unknown or retired")
	}
	return key, nil
}
