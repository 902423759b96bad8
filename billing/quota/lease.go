package quota

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// shards part what is left of a lease, so that processors do not wait for each other's cache line.
const shards = 8

// lease is a share of a budget that this process may spend until it expires. One that has expired is never revived: who still holds
// a pointer to it, because the process was stopped between two instructions, sees that it is over.
type lease struct {
	id    uuid.UUID
	until deadline
	// keep is until when, in the time of the process, calls that have taken from it may take.
	keep atomic.Int64
	// holds is how many of these calls have not ended.
	holds atomic.Int64
	// low is what is left of a shard when more is asked for ahead; 0 means that it is not.
	low    atomic.Int64
	shards [shards]struct {
		left atomic.Int64
		_    [56]byte
	}
}

// held reports whether a call that takes long may not have ended.
func (l *lease) held(mono time.Duration) bool {
	return l.holds.Load() > 0 && int64(mono) < l.keep.Load()
}

// hold has a lease last until a moment, or until the call ends.
func (l *lease) hold(until time.Duration) {
	l.holds.Add(1)
	for v := l.keep.Load(); v < int64(until) && !l.keep.CompareAndSwap(v, int64(until)); v = l.keep.Load() {
	}
}

// deadline is when a lease is over: by the clock that only runs forward, and by the one of the wall, which also runs while a machine sleeps.
type deadline struct{ mono, wall atomic.Int64 }

func (d *deadline) set(mono time.Duration, wall time.Time) {
	d.mono.Store(int64(mono))
	d.wall.Store(wall.UnixNano())
}

func (d *deadline) passed(mono time.Duration, wall time.Time) bool {
	return int64(mono) >= d.mono.Load() || wall.UnixNano() >= d.wall.Load()
}

// take takes n from one of the shards, if it has as much, and says what is left there.
func (l *lease) take(n int64) (rest int64, ok bool) {
	left := &l.shards[rand.Uint32()%shards].left //nolint:gosec // any shard will do
	for {
		v := left.Load()
		if v < n {
			return v, false
		}
		if left.CompareAndSwap(v, v-n) {
			return v - n, true
		}
	}
}

// takeMost takes n, or all that there is.
func (l *lease) takeMost(n int64) {
	for i := range l.shards {
		left := &l.shards[i].left
		for v := left.Load(); n > 0 && v > 0; v = left.Load() {
			if some := min(v, n); left.CompareAndSwap(v, v-some) {
				n -= some
			}
		}
	}
}

func (l *lease) give(n int64) { l.shards[rand.Uint32()%shards].left.Add(n) } //nolint:gosec // any shard will do

// gather empties the shards and returns what was in them.
func (l *lease) gather() (n int64) {
	for i := range l.shards {
		n += l.shards[i].left.Swap(0)
	}
	return n
}

// spread puts n into the shards: evenly, unless it is so little that looking for it in all of them would be the rule.
func (l *lease) spread(n, usual int64) {
	l.low.Store(0)
	if each := n / shards; each >= 64*max(usual, 1) {
		l.low.Store(each / early)
		for i := range l.shards {
			l.shards[i].left.Add(each)
		}
		n -= each * shards
	}
	l.shards[0].left.Add(n)
}

// left is about what is left: others take meanwhile.
func (l *lease) left() (n int64) {
	for i := range l.shards {
		n += l.shards[i].left.Load()
	}
	return n
}
