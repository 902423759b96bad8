package shared

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

// loan is what an instance has of one limit.
type loan struct {
	mu        sync.Mutex
	left      int       // events that are counted in Redis and have not happened
	elsewhere int       // that Redis had left when it was asked
	resets    time.Time // when nothing is remembered
	opens     time.Time // when the next event may happen, after a refusal
	asks      time.Time // until when the refusal is believed
}

// answer is false when Redis must be asked.
func (l *loan) answer(now time.Time) (ratelimit.Result, bool) {
	resets := max(l.resets.Sub(now), 0)
	if l.left > 0 {
		l.left--
		return ratelimit.Result{Allowed: true, Remaining: l.left + l.elsewhere, ResetAfter: resets}, true
	}
	if now.Before(l.asks) {
		return ratelimit.Result{RetryAfter: l.opens.Sub(now), ResetAfter: resets}, true
	}
	return ratelimit.Result{}, false
}

// named is a key with its limit: what is borrowed of one limit is worth nothing under another.
type named struct {
	key   ratelimit.Key
	limit ratelimit.Limit
}

const shards = 32

// loans remembers a bounded number of them. One that is forgotten costs its tenant what was left of it.
type loans struct {
	seed   maphash.Seed
	shards []shard
}

type shard struct {
	mu   sync.Mutex
	keys *simplelru.LRU[named, *loan]
}

func newLoans(keys int) loans {
	l := loans{seed: maphash.MakeSeed(), shards: make([]shard, shards)}
	for i := range l.shards {
		lru, err := simplelru.NewLRU[named, *loan](max(keys/shards, 1), nil)
		if err != nil {
			panic(err) // only for a size below one
		}
		l.shards[i].keys = lru
	}
	return l
}

func (l *loans) of(key ratelimit.Key, limit ratelimit.Limit) *loan {
	name := named{key, limit}
	s := &l.shards[maphash.Comparable(l.seed, name)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.keys.Get(name); ok {
		return found
	}
	made := &loan{}
	s.keys.Add(name, made)
	return made
}
