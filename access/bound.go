package access

import (
	"sync"
	"sync/atomic"
)

// bound limits how much is held of one kind. What is dropped is chosen by a clock: its hand goes around, spares what was used since it came
// by the last time, and takes the rest. Unlike a list in the order of use it costs the readers nothing but a bit.
type bound struct {
	limit int64
	held  atomic.Int64

	mu    sync.Mutex
	shard int // of the hand
	slot  int
}

// patience is how many the hand spares before it takes what it finds, so that making room costs the same however much is held.
const patience = 64

func (b *bound) add(n int) { b.held.Add(int64(n)) }

// makeRoom drops what is needed so that there is room for one more. It must be called without the lock of a shard. The function drops an
// item, or a part of it, and says how much that was.
func makeRoom[K comparable, V any](s *Store, b *bound, of func(*shard) *index[K, V], drop func(*shard, *item[K, V]) int) {
	if b.held.Load() < b.limit {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	spared := 0
	for rounds := 0; b.held.Load() >= b.limit && rounds < 3*shards; {
		sh := &s.shards[b.shard]
		sh.mu.Lock()
		e, next := of(sh).next(b.slot)
		b.slot = next
		switch {
		case e == nil:
			b.shard = (b.shard + 1) % shards
			rounds++
		case spared < patience && e.used.Swap(false):
			spared++
		default:
			b.add(-drop(sh, e))
		}
		sh.mu.Unlock()
	}
}
