package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// MaxUses is how many uses one request brings.
const MaxUses = 1_000

const (
	defaultBuffer       = 10_000
	defaultLinger       = 50 * time.Millisecond
	defaultUsageTimeout = 10 * time.Second // nobody waits for the answer, and to give up early is to send it all again
)

var (
	// ErrFull says that a Recorder has no room. The use was not taken.
	ErrFull = errors.New("gatehouse client: as many uses wait to be recorded as there is room for")
	// ErrClosed says that a Recorder was closed. The use was not taken.
	ErrClosed = errors.New("gatehouse client: the recorder is closed")
)

// RecorderConfig says how a Recorder works. Neither function may block for long: nothing is sent meanwhile.
type RecorderConfig struct {
	// Refused is required. It is told of each use that the server will never count, and why, in the words of the server.
	Refused func(u Use, code, detail string)
	// Failed, if there is one, is told of each request that has to be sent again, for the product's log: ErrUnavailable or a *Problem.
	Failed func(error)

	Buffer  int           // how many uses may wait, with those on their way; 0 means 10,000
	Linger  time.Duration // how long a use waits for others to come along; 0 means 50 ms
	Timeout time.Duration // of one answer; 0 means 10 s
}

// Recorder keeps what was used until the server has counted it, and sends it in batches. Make it with [Client.Recorder]; it is safe for
// concurrent use. What it keeps is in memory alone: what is not flushed is lost with the process, and only then.
type Recorder struct {
	client  *Client
	who     Credential
	cfg     RecorderConfig
	stop    context.CancelFunc
	wake    chan struct{}
	closing chan struct{}
	ended   chan struct{} // closed when nothing is sent any more

	mu      sync.Mutex
	waiting []Use         // the oldest first, with those on their way
	since   time.Time     // when they began to gather
	taken   uint64        // how many ever came in
	gone    uint64        // how many of them are counted or refused
	hurry   uint64        // up to which one nobody lingers
	moved   chan struct{} // closed when some have gone
	failure error         // of the latest try
	closed  bool
}

// Recorder returns a recorder of what the holder of a credential uses: an API key whose role has usage:write. Of ctx only the values are
// used; it is [Recorder.Close] that ends it.
func (c *Client) Recorder(ctx context.Context, who Credential, cfg RecorderConfig) (*Recorder, error) {
	switch {
	case !who.usable():
		return nil, errCredential
	case cfg.Refused == nil:
		return nil, errors.New("gatehouse client: somebody has to be told which uses were refused")
	case cfg.Buffer < 0 || cfg.Linger < 0 || cfg.Timeout < 0:
		return nil, errors.New("gatehouse client: the buffer or a time of the recorder is negative")
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = defaultBuffer
	}
	if cfg.Linger == 0 {
		cfg.Linger = defaultLinger
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultUsageTimeout
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Recorder{
		client: c, who: who, cfg: cfg, stop: stop, wake: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{}),
		moved: make(chan struct{}),
	}
	go r.run(ctx)
	return r, nil
}

// Record takes a use, and does not wait. An error is that it was not taken: ErrFull, ErrClosed, or what is wrong with it.
func (r *Recorder) Record(u Use) error {
	if err := u.check(); err != nil {
		return err
	}
	now := time.Now()
	if u.At.IsZero() {
		u.At = now
	}
	u.At = u.At.UTC().Round(0)
	if u.Key == "" {
		u.Key = newKey(now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrClosed
	case len(r.waiting) >= r.cfg.Buffer:
		return ErrFull
	}
	if len(r.waiting) == 0 {
		r.since = now
	}
	r.waiting = append(r.waiting, u)
	r.taken++
	if n := len(r.waiting); n == 1 || n == MaxUses {
		r.rouse()
	}
	return nil
}

// Waiting is how many uses are neither counted nor refused yet.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// Flush returns once everything that was taken before is counted or refused. Its error says that ctx ended first, and why the latest try
// failed; nothing is lost by that.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	upTo := r.taken
	r.hurry = upTo
	r.mu.Unlock()
	r.rouse()
	for {
		r.mu.Lock()
		gone, moved, failure := r.gone, r.moved, r.failure
		r.mu.Unlock()
		if gone >= upTo {
			return nil
		}
		select {
		case <-moved:
		case <-r.ended:
			if r.Waiting() > 0 {
				return ErrClosed
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("gatehouse client: %d uses wait: %w", upTo-gone, errors.Join(ctx.Err(), failure))
		}
	}
}

// Close takes no further use, sends what waits, and ends the recorder. When ctx ends before all is counted, it returns what is left, with an
// error. Some of that may have been counted without an answer: as it has its keys, it can be recorded again, and counts once.
func (r *Recorder) Close(ctx context.Context) ([]Use, error) {
	r.mu.Lock()
	if !r.closed {
		close(r.closing)
	}
	r.closed = true
	r.mu.Unlock()
	r.rouse()
	select {
	case <-r.ended:
	case <-ctx.Done():
	}
	r.stop()
	<-r.ended
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return nil, nil
	}
	cause := errors.Join(ctx.Err(), r.failure)
	if cause == nil {
		cause = ErrClosed // by another call, which did not wait so long
	}
	return slices.Clone(r.waiting), fmt.Errorf("gatehouse client: %d uses are left: %w", len(r.waiting), cause)
}

func (r *Recorder) rouse() {
	select {
	case r.wake <- struct{}{}:
	default: // it is to wake already
	}
}
