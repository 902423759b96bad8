package usage

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// ErrFull says that more events wait to be written than there is room for. None of the call's events was taken.
var ErrFull = full()

func full() *errs.Error {
	e := errs.New(errs.TooMany, "usage_queue_full", "Too many events wait to be written. None of these was taken; send them again.")
	e.RetryAfter = time.Second
	return e
}

// Recorder writes events. Its methods are safe for concurrent use.
type Recorder struct{ queue chan []Event }

// Record returns once the events are committed, with an outcome for each in their order. An error is for all of them: nobody knows
// whether they were written, and sending them again with the same keys is exact.
func (r *Recorder) Record(ctx context.Context, events ...Event) ([]Outcome, error) {
	select {
	case r.queue <- events:
	default:
		return nil, ErrFull
	}
	<-ctx.Done()
	return nil, ctx.Err()
}
