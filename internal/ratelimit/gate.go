package ratelimit

import "sync/atomic"

// Gate lets so many in at once. Whoever finds it full is turned away at once: a queue would only move the load.
type Gate struct {
	limit  int64
	inside atomic.Int64
}

// NewGate returns a gate for limit at once.
func NewGate(limit int) *Gate { return &Gate{limit: int64(limit)} }

// Enter reports whether there is room, and takes it. Who entered calls Leave once.
func (g *Gate) Enter() bool {
	if g.inside.Add(1) > g.limit {
		g.inside.Add(-1)
		return false
	}
	return true
}

// Leave gives the room back.
func (g *Gate) Leave() { g.inside.Add(-1) }
