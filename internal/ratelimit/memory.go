package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const shards = 32

// Memory is a [Limiter] of one process. It remembers a bounded number of keys: whoever sends many of them pushes out the
// oldest, never the process.
type Memory struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu   sync.Mutex
	keys *simplelru.LRU[Key, time.Time]
}

// NewMemory returns a limiter that remembers about so many keys, at least one for each of its shards.
func NewMemory(keys int) *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		lru, err := simplelru.NewLRU[Key, time.Time](max(keys/shards, 1), nil)
		if err != nil {
			panic(err) // only for a size below one
		}
		m.shards[i].keys = lru
	}
	return m
}

// Allow implements [Limiter]. A zero limit allows nothing.
func (m *Memory) Allow(key Key, limit Limit) Result {
	if limit.IsZero() {
		return Result{RetryAfter: time.Minute}
	}
	// A seed of our own: nobody can aim at one shard.
	s := &m.shards[maphash.Comparable(m.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	tat, _ := s.keys.Get(key)
	tat, result := limit.next(tat, time.Now())
	s.keys.Add(key, tat)
	return result
}

// Len is the number of keys remembered.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += s.keys.Len()
		s.mu.Unlock()
	}
	return n
}
