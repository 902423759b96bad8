package sessions

import (
	"encoding/binary"
	"sync"
	"time"
)

// verified is a token that was found good. The key is kept by name, so that an entry is worth as much as its key is at the moment.
type verified struct {
	sum    digest
	kid    KeyID
	claims Claims
}

// digest is the SHA-256 of a token.
type digest [32]byte

// short is a part of a digest to find it by. Two tokens of one short take the place from each other, which nobody will see.
func (d *digest) short() uint64 { return binary.NativeEndian.Uint64(d[len(d)-8:]) }

// cache remembers verified tokens by their SHA-256: a hash and not the token, so that memory holds no list of valid tokens. What is not asked
// for goes first, by generations and not in the exact order of use: to keep a list in order, each reader of ten thousand tokens would write
// to entries of others that no cache of the processor holds.
type cache struct{ shards [cacheShards]generations }

const cacheShards = 16

// generations are what came or was asked for lately, and what was so before. When the younger is full it becomes the older one, which is let go.
type generations struct {
	mu         sync.RWMutex // readers of the younger do not wait for each other
	limit      int          // of each
	young, old map[uint64]*verified
}

// newCache returns one that holds up to size tokens, and not much less than half of that when it begins to let go.
func newCache(size int) *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i].limit = max(size/cacheShards/2, 1)
		c.shards[i].young = map[uint64]*verified{}
	}
	return c
}

func (c *cache) shard(sum *digest) *generations { return &c.shards[sum[0]%cacheShards] }

// get returns nil for a token that is not known or has expired, which then leaves the cache. The leeway for clocks that differ is not
// given here: the full check gives it.
func (c *cache) get(sum *digest, now time.Time) *verified {
	g, short := c.shard(sum), sum.short()
	g.mu.RLock()
	held := g.young[short]
	g.mu.RUnlock()
	if held != nil && held.sum == *sum && now.Before(held.claims.Expires) {
		return held
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	v, old := g.young[short], false
	if v == nil || v.sum != *sum {
		v, old = g.old[short], true
	}
	switch {
	case v == nil || v.sum != *sum:
		return nil
	case !now.Before(v.claims.Expires):
		delete(g.young, short)
		delete(g.old, short)
		return nil
	case old:
		g.put(v)
	}
	return v
}

func (c *cache) add(v *verified) {
	g := c.shard(&v.sum)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(v)
}

func (g *generations) put(v *verified) {
	if len(g.young) >= g.limit {
		g.young, g.old = make(map[uint64]*verified, g.limit), g.young
	}
	g.young[v.sum.short()] = v
}
