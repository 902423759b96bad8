package ratelimit

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

const shards = 32

// Memory is a [Limiter] of one process. It remembers a bounded number of keys: whoever sends many of them pushes out what was not asked for
// lately, never the process.
type Memory struct {
	start  time.Time // all times are counted from here, by the monotonic clock alone
	seed   maphash.Seed
	shards [shards]shard
}

// shard has two generations. When the younger has half of the room, it becomes the older one, which is let go: what is in use has come to the
// younger by then. A list in the order of use would cost each question more than the answer.
type shard struct {
	mu         sync.RWMutex // who finds their cell among the younger waits for nobody
	limit      int          // of each generation
	young, old map[Key]*cell
}

// cell is what is remembered of a key: when its next event would come if all came evenly, as a [time.Duration].
type cell struct{ arrives atomic.Int64 }

// next counts one event. Who was overtaken meanwhile looks again. The clock is read after the cell: to somebody who was held up in between,
// what others have counted since would be more than a limit allows, and be forgotten.
func (c *cell) next(limit Limit, start time.Time) Result {
	for {
		before := c.arrives.Load()
		after, result := limit.next(time.Duration(before), time.Since(start))
		if after == time.Duration(before) || c.arrives.CompareAndSwap(before, int64(after)) {
			return result
		}
	}
}

// NewMemory returns a limiter that remembers up to so many keys, at least two for each of its shards, and the latest half of them for certain.
func NewMemory(keys int) *Memory {
	m := &Memory{start: time.Now(), seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].limit, m.shards[i].young = max(keys/shards/2, 1), map[Key]*cell{}
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
	return s.cell(key).next(limit, m.start)
}

// cell finds or makes that of a key, and keeps it for another while.
func (s *shard) cell(key Key) *cell {
	s.mu.RLock()
	c := s.young[key]
	s.mu.RUnlock()
	if c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c = s.young[key]; c != nil {
		return c
	}
	if c = s.old[key]; c == nil {
		c = &cell{}
	}
	if len(s.young) >= s.limit {
		s.young, s.old = map[Key]*cell{}, s.young
	}
	delete(s.old, key)
	s.young[key] = c
	return c
}

// Len is the number of keys remembered.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}
