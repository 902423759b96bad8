package access

import (
	"context"
	"errors"
	"sync"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// flights lets those who need the same at the same time wait for one load of it.
type flights[K comparable, T dated] struct {
	mu    sync.Mutex
	under map[departure[K]]*flight[T]
}

// dated is a snapshot that knows at which version of its tenant it was loaded.
type dated interface{ dated() int64 }

// departure names a load. Who asks after a change was announced does not join a load that began before it.
type departure[K comparable] struct {
	key K
	seq uint64
}

type flight[T dated] struct {
	done  chan struct{}
	value T
	err   error
}

var errAborted = errors.New("the load was aborted")

// join returns what the load brings that is under way already, or brings it itself.
func (f *flights[K, T]) join(ctx context.Context, s *Store, known proof, tenant id.Tenant, key K, bring func(load) (T, error)) (T, error) {
	l := s.begin(tenant)
	named := departure[K]{key, l.seq}
	f.mu.Lock()
	if other, ok := f.under[named]; ok {
		f.mu.Unlock()
		return other.wait(ctx, known, func() (T, error) { return bring(s.begin(tenant)) })
	}
	own := &flight[T]{done: make(chan struct{}), err: errAborted}
	if f.under == nil {
		f.under = map[departure[K]]*flight[T]{}
	}
	f.under[named] = own
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.under, named)
		f.mu.Unlock()
		close(own.done)
	}()
	own.value, own.err = bring(l)
	return own.value, own.err
}

// wait takes what another brings, unless that one gave up, or began before a version that the caller knows of.
func (f *flight[T]) wait(ctx context.Context, known proof, bring func() (T, error)) (T, error) {
	select {
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	case <-f.done:
	}
	canceled := errors.Is(f.err, context.Canceled) || errors.Is(f.err, context.DeadlineExceeded) || errors.Is(f.err, errAborted)
	if canceled || (f.err == nil && f.value.dated() < known.version) || (f.err != nil && known.version != anyVersion) {
		return bring()
	}
	return f.value, f.err
}
