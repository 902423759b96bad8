package chaos_test

import (
	"maps"
	"sync"
)

// book is what the clients of one tenant know, by the ids of what they sent.
type book struct {
	mu      sync.Mutex
	sent    map[string]int64 // the quantity
	told    map[string]int64 // of what was acknowledged, or admitted
	refused map[string]bool  // refused at the first attempt: it cannot have been counted
	latest  []string         // some that were acknowledged
	doubts  int64            // the quantity of what was settled late, or without an answer: it counts above a limit too
}

func newBook() *book {
	return &book{sent: map[string]int64{}, told: map[string]int64{}, refused: map[string]bool{}}
}

func (b *book) send(id string, quantity int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent[id] = quantity
}

// acknowledge notes that a client was told so, and says whether it had been told before.
func (b *book) acknowledge(id string) (before bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, before = b.told[id]; before {
		return true
	}
	b.told[id] = b.sent[id]
	if b.latest = append(b.latest, id); len(b.latest) > 1_000 {
		b.latest = b.latest[500:]
	}
	return false
}

func (b *book) refuse(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[id] = true
}

func (b *book) toldNow() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.told)
}

func (b *book) sentNow() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.sent)
}

func (b *book) doubt(quantity int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubts += quantity
}

func (b *book) doubtful() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.doubts
}

// wasRefused says that it was refused when it was sent for the first time.
func (b *book) wasRefused(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused[id]
}

// some is one that was acknowledged of late, "" if there is none, with its quantity.
func (b *book) some(n int) (key string, quantity int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.latest) == 0 {
		return "", 0
	}
	key = b.latest[n%len(b.latest)]
	return key, b.told[key]
}

func sum(of map[string]int64) (n int64) {
	for _, quantity := range of {
		n += quantity
	}
	return n
}
