package ratelimit

import (
	"hash/maphash"
	"sync"
)

// Shares lets so many in at once for each key, so that one party cannot fill a [Gate] that many stand before. It remembers only who is
// inside.
type Shares[K comparable] struct {
	limit int
	seed  maphash.Seed
	rooms [shards]room[K]
}

// room is that of some keys: the requests of one tenant do not wait for those of another.
type room[K comparable] struct {
	mu     sync.Mutex
	inside map[K]int
}

// NewShares returns shares of limit at once for each key.
func NewShares[K comparable](limit int) *Shares[K] {
	s := &Shares[K]{limit: limit, seed: maphash.MakeSeed()}
	for i := range s.rooms {
		s.rooms[i].inside = map[K]int{}
	}
	return s
}

func (s *Shares[K]) room(key K) *room[K] { return &s.rooms[maphash.Comparable(s.seed, key)%shards] }

// Enter reports whether there is room for the key, and takes it. Who entered calls Leave once.
func (s *Shares[K]) Enter(key K) bool { return s.EnterWithin(key, s.limit) }

// EnterWithin is [Shares.Enter] for a key that has a smaller share than others.
func (s *Shares[K]) EnterWithin(key K, limit int) bool {
	r := s.room(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.inside[key]
	if n >= min(limit, s.limit) {
		return false
	}
	r.inside[key] = n + 1
	return true
}

// Limit is the share of each key.
func (s *Shares[K]) Limit() int { return s.limit }

// Leave gives the room back.
func (s *Shares[K]) Leave(key K) {
	r := s.room(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.inside[key]; n > 1 {
		r.inside[key] = n - 1
	} else {
		delete(r.inside, key)
	}
}

// Len is the number of keys inside.
func (s *Shares[K]) Len() int {
	n := 0
	for i := range s.rooms {
		r := &s.rooms[i]
		r.mu.Lock()
		n += len(r.inside)
		r.mu.Unlock()
	}
	return n
}
