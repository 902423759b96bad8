package saml

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Verifier verifies responses, a few at a time: hostile XML costs its checker more than its sender. It is safe for concurrent use.
type Verifier struct {
	slots chan struct{}
	wait  time.Duration
}

// Limits say how much a [Verifier] takes on.
type Limits struct {
	// Parallel is how many responses are checked at once; 0 leaves half of the processors, at most four, to them.
	Parallel int
	// Wait is how long one more waits for its turn; 0 is two seconds.
	Wait time.Duration
}

const (
	maxParallel = 4
	defaultWait = 2 * time.Second
	retryAfter  = 10 * time.Second
)

// NewVerifier makes a verifier.
func NewVerifier(l Limits) *Verifier {
	if l.Parallel <= 0 {
		l.Parallel = max(1, min(maxParallel, runtime.GOMAXPROCS(0)/2))
	}
	if l.Wait <= 0 {
		l.Wait = defaultWait
	}
	return &Verifier{slots: make(chan struct{}, l.Parallel), wait: l.Wait}
}

// Verify proves what a response says, or refuses it with the first reason of the trail. It answers sso_busy if its turn does not come.
func (v *Verifier) Verify(ctx context.Context, response []byte, want Expect, trail *sso.Trail) (Assertion, error) {
	if err := want.check(); err != nil {
		return Assertion{}, err
	}
	if err := v.enter(ctx); err != nil {
		return Assertion{}, err
	}
	defer func() { <-v.slots }()
	return guarded(func() (Assertion, error) { return verify(response, want, trail) })
}

// enter waits for a turn.
func (v *Verifier) enter(ctx context.Context) error {
	select {
	case v.slots <- struct{}{}:
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, v.wait)
	defer cancel()
	select {
	case v.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		e := sso.Refuse(sso.SSOBusy).Because(ctx.Err())
		e.RetryAfter = retryAfter
		return e
	}
}

// guarded turns a panic into a refusal. It is the last resort against a document that a library did not expect; it works only in the
// goroutine of the request, which is why nothing here starts another. What a library panics with may quote the document and is not kept,
// unless it comes from the runtime.
func guarded[T any](do func() (T, error)) (proven T, err error) {
	var none T
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case runtime.Error:
			proven, err = none, malformed(fmt.Errorf("panic: %w", cause))
		default:
			proven, err = none, malformed(fmt.Errorf("panic with a %T", cause))
		}
	}()
	return do()
}
