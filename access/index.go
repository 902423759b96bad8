package access

import "sync/atomic"

// index is a hash table with open addressing that is read without a lock, while one goroutine at a time, who holds the shard's lock, writes
// it. A reader that looks while an item is replaced or removed sees it either before or after.
type index[K comparable, V any] struct {
	slots  atomic.Pointer[[]atomic.Pointer[item[K, V]]] // a power of two of them, at least a quarter empty
	live   int                                          // items
	filled int                                          // slots that are not empty, those of removed items included
}

// item is what an index holds under a key.
type item[K comparable, V any] struct {
	key  K
	hash uint64
	used atomic.Bool // since the hand of the clock came by; false in all that nobody asked for again
	gone bool        // a mark in the place of what was removed, so that a search goes on behind it
	V    V
}

func (x *index[K, V]) find(hash uint64, key K) *item[K, V] {
	held := x.slots.Load()
	if held == nil {
		return nil
	}
	slots := *held
	for n := hash; ; n++ {
		e := slots[n&uint64(len(slots)-1)].Load()
		if e == nil {
			return nil
		}
		if e.hash == hash && e.key == key && !e.gone {
			if !e.used.Load() { // read before it is written: what many read stays in the caches of all of them
				e.used.Store(true)
			}
			return e
		}
	}
}

// put adds an item or replaces the one with its key, and says how many more there are.
func (x *index[K, V]) put(e *item[K, V]) int {
	x.makeRoom()
	slots := *x.slots.Load()
	var free *atomic.Pointer[item[K, V]]
	for n := e.hash; ; n++ {
		slot := &slots[n&uint64(len(slots)-1)]
		switch at := slot.Load(); {
		case at == nil && free == nil:
			x.filled++
			free = slot
			fallthrough
		case at == nil:
			free.Store(e)
			x.live++
			return 1
		case at.gone:
			if free == nil {
				free = slot
			}
		case at.key == e.key:
			slot.Store(e)
			return 0
		}
	}
}

// remove says how many items fewer there are.
func (x *index[K, V]) remove(hash uint64, key K) int {
	held := x.slots.Load()
	if held == nil {
		return 0
	}
	slots := *held
	for n := hash; ; n++ {
		slot := &slots[n&uint64(len(slots)-1)]
		switch at := slot.Load(); {
		case at == nil:
			return 0
		case at.key == key && !at.gone:
			slot.Store(&item[K, V]{gone: true})
			x.live--
			return 1
		}
	}
}

// clear forgets everything and says how many items that were.
func (x *index[K, V]) clear() int {
	n := x.live
	x.slots.Store(nil)
	x.live, x.filled = 0, 0
	return n
}

// next is the first item at a slot or behind it, and the slot behind that; nil at the end.
func (x *index[K, V]) next(slot int) (*item[K, V], int) {
	held := x.slots.Load()
	if held == nil {
		return nil, 0
	}
	for slots := *held; slot < len(slots); slot++ {
		if e := slots[slot].Load(); e != nil && !e.gone {
			return e, slot + 1
		}
	}
	return nil, 0
}

// makeRoom keeps a quarter of the slots empty for one more item, or no search would end.
func (x *index[K, V]) makeRoom() {
	const smallest = 4
	held := x.slots.Load()
	if held != nil && (x.filled+1)*4 <= len(*held)*3 {
		return
	}
	size := smallest
	for size < (x.live+1)*2 {
		size *= 2
	}
	slots := make([]atomic.Pointer[item[K, V]], size)
	for e, at := x.next(0); e != nil; e, at = x.next(at) {
		n := e.hash
		for slots[n&uint64(size-1)].Load() != nil {
			n++
		}
		slots[n&uint64(size-1)].Store(e)
	}
	x.slots.Store(&slots)
	x.filled = x.live
}
