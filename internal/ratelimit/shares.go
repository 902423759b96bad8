package ratelimit

import "sync"

// Shares lets so many in at once for each key, so that one party cannot fill a [Gate] that many stand before. It remembers only who is
// inside.
type Shares[K comparable] struct {
	limit int

	mu     sync.Mutex
	inside map[K]int
}

// NewShares returns shares of limit at once for each key.
func NewShares[K comparable](limit int) *Shares[K] {
	return &Shares[K]{limit: limit, inside: map[K]int{}}
}

// Enter reports whether there is room for the key, and takes it. Who entered calls Leave once.
func (s *Shares[K]) Enter(key K) bool { return s.EnterWithin(key, s.limit) }

// EnterWithin is [Shares.Enter] for a key that has a smaller share than others.
func (s *Shares[K]) EnterWithin(key K, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key] >= min(limit, s.limit) {
		return false
	}
	s.inside[key]++
	return true
}

// Limit is the share of each key.
func (s *Shares[K]) Limit() int { return s.limit }

// Leave gives the room back.
func (s *Shares[K]) Leave(key K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key]--; s.inside[key] <= 0 {
		delete(s.inside, key)
	}
}

// Len is the number of keys inside.
func (s *Shares[K]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inside)
}
