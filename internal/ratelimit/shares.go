package ratelimit

import "sync"

// Shares lets so many in at once for each key, so that one party cannot fill a [Gate] that many stand before. It remembers only who is
// inside.
type Shares struct {
	limit int

	mu     sync.Mutex
	inside map[string]int
}

// NewShares returns shares of limit at once for each key.
func NewShares(limit int) *Shares { return &Shares{limit: limit, inside: map[string]int{}} }

// Enter reports whether there is room for the key, and takes it. Who entered calls Leave once.
func (s *Shares) Enter(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key] >= s.limit {
		return false
	}
	s.inside[key]++
	return true
}

// Leave gives the room back.
func (s *Shares) Leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key]--; s.inside[key] <= 0 {
		delete(s.inside, key)
	}
}

// Len is the number of keys inside.
func (s *Shares) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inside)
}
