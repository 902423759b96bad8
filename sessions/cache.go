package sessions

import (
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// verified is a token that was found good. The key is kept by name, so that an entry is worth as much as its key is at the moment.
type verified struct {
	claims *Claims
	kid    KeyID
}

// cache remembers verified tokens by their SHA-256: a hash and not the token, so that memory holds no list of valid tokens.
type cache struct {
	tokens *lru.Cache[[32]byte, *verified]
}

func newCache(size int) (*cache, error) {
	tokens, err := lru.New[[32]byte, *verified](size)
	if err != nil {
		return nil, fmt.Errorf("make the token cache: %w", err)
	}
	return &cache{tokens}, nil
}

// get returns nil for a token that is not known or has expired, which then leaves the cache. The leeway for clocks that differ is not
// given here: the full check gives it.
func (c *cache) get(sum [32]byte, now time.Time) *verified {
	v, ok := c.tokens.Get(sum)
	if !ok {
		return nil
	}
	if !now.Before(v.claims.Expires) {
		c.tokens.Remove(sum)
		return nil
	}
	return v
}

func (c *cache) add(sum [32]byte, v *verified) { c.tokens.Add(sum, v) }
