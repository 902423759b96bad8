package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	usageRetryLast = 30 * time.Second
	longestDelay   = time.Hour // whoever asks for more than that is mistaken
)

// backoff is how long to wait after one failure, and after each further one.
type backoff struct{ last time.Duration }

// next is how long to wait, and not the same for all who failed at once.
func (b *backoff) next() time.Duration {
	b.last = max(retryFirst, min(2*b.last, usageRetryLast))
	return b.last/2 + rand.N(b.last/2) //nolint:gosec // no secret
}

// rest waits after a failure: as long as the server asks for, and then for its turn. Who closes the recorder waits for the former alone.
func (r *Recorder) rest(ctx context.Context, err error, turn time.Duration) {
	if d, ok := errors.AsType[*delayed](err); ok {
		pause(ctx, d.after)
	}
	t := time.NewTimer(turn)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-r.closing:
		pause(ctx, min(turn, retryFirst))
	}
}

// delayed is a failure of which the server says when to try again.
type delayed struct {
	error
	after time.Duration // 0 if it does not say
}

// Unwrap returns the failure.
func (d *delayed) Unwrap() error { return d.error }

// retryAfter reads both forms of the header (RFC 9110, section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(n, int(longestDelay/time.Second)))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, min(time.Until(at), longestDelay))
}
