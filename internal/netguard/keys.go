package netguard

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// patience is how long a request waits for others of its key to finish.
const patience = time.Second

// keys remembers bulkhead and breaker of each key, at most max of them.
type keys struct {
	max, slots, failures int
	cooldown             time.Duration

	mu     sync.Mutex
	byName map[string]*list.Element
	recent *list.List // of *lane, the most recently used first
}

// lane is what one key has for itself.
type lane struct {
	name    string
	slots   chan struct{}
	users   int // requests that hold or wait for a slot; guarded by keys.mu
	breaker breaker
}

func newKeys(policy Policy) *keys {
	return &keys{
		max: policy.MaxKeys, slots: policy.PerKeyConcurrency,
		failures: policy.BreakerFailures, cooldown: policy.BreakerCooldown,
		byName: map[string]*list.Element{}, recent: list.New(),
	}
}

// acquire returns a slot of the key, or TooBusy or CircuitOpen. The key "" is unbounded.
func (k *keys) acquire(ctx context.Context, name string) (*slot, error) {
	if name == "" {
		return &slot{done: func(error) {}}, nil
	}
	used, err := k.enter(name)
	if err != nil {
		return nil, err
	}
	probe, err := used.breaker.allow()
	if err != nil {
		k.leave(used)
		return nil, err
	}
	if err := used.wait(ctx); err != nil {
		used.breaker.record(context.Canceled, probe) // nothing was learned about the peer
		k.leave(used)
		return nil, err
	}
	return &slot{done: func(err error) {
		used.breaker.record(err, probe)
		<-used.slots
		k.leave(used)
	}}, nil
}

func (l *lane) wait(ctx context.Context) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return refuse(TooBusy)
	case <-ctx.Done():
		return &Error{Reason: Timeout, ended: ctx.Err()}
	}
}

func (k *keys) enter(name string) (*lane, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if element, found := k.byName[name]; found {
		k.recent.MoveToFront(element)
		used := element.Value.(*lane)
		used.users++
		return used, nil
	}
	if len(k.byName) >= k.max && !k.evict() {
		return nil, refuse(TooBusy)
	}
	used := &lane{
		name: name, slots: make(chan struct{}, k.slots), users: 1,
		breaker: breaker{limit: k.failures, cooldown: k.cooldown},
	}
	k.byName[name] = k.recent.PushFront(used)
	return used, nil
}

// evict forgets the key that was idle for longest. Keys in use stay: forgetting one would double its slots.
func (k *keys) evict() bool {
	for element := k.recent.Back(); element != nil; element = element.Prev() {
		if idle := element.Value.(*lane); idle.users == 0 {
			k.recent.Remove(element)
			delete(k.byName, idle.name)
			return true
		}
	}
	return false
}

func (k *keys) leave(used *lane) {
	k.mu.Lock()
	defer k.mu.Unlock()
	used.users--
}

// slot is the right to run one request.
type slot struct {
	once sync.Once
	done func(error)
}

// release gives the slot back with the outcome of the request; the first call counts.
func (s *slot) release(err error) { s.once.Do(func() { s.done(err) }) }
