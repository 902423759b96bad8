package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	streamFresh   = time.Second            // older than that, nothing is decided from what was streamed
	streamSilence = 2 * time.Second        // then the connection is given up
	retryFirst    = 100 * time.Millisecond // before the second try; each further one waits twice as long
	retryLast     = 5 * time.Second
)

// Local decides in this process, for the people of one tenant, from what the server streams. Make it with [Client.Local], and let
// [Local.Follow] run; it is safe for concurrent use.
type Local struct {
	client   *Client
	verifier *Verifier
	held     atomic.Pointer[view]
}

// Local returns a decider for the tenant of Config.APIKey, whose role must have members:read. It decides nothing by itself, and asks the
// server instead, until Follow runs.
func (c *Client) Local(v *Verifier) (*Local, error) {
	if !c.key.usable() {
		return nil, errors.New("gatehouse client: to follow a tenant takes its API key")
	}
	if v == nil {
		return nil, errors.New("gatehouse client: to decide about access tokens takes a verifier")
	}
	return &Local{client: c, verifier: v}, nil
}

// Follow keeps to the stream until ctx ends, whose error it returns. It connects again whenever the stream ends, later each time that the
// server does not answer. Two of them at once are one too many.
func (l *Local) Follow(ctx context.Context) error {
	wait := retryFirst
	for ctx.Err() == nil {
		worked, err := l.follow(ctx)
		if worked {
			wait = retryFirst
		}
		if errors.Is(err, errRenew) {
			pause(ctx, retryFirst/2) // what is held stays good for its second
			continue
		}
		pause(ctx, wait/2+rand.N(wait/2)) //nolint:gosec // so that not all come at once
		wait = min(2*wait, retryLast)
	}
	l.held.Store(nil)
	return ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// errRenew ends a stream that may be opened again at once.
var errRenew = errors.New("the stream is to be renewed")

// follow reads one stream, and says whether it brought anything.
func (l *Local) follow(ctx context.Context) (worked bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(l.client.timeout, cancel) // the first answer; later, silence
	defer watchdog.Stop()
	began := &atomic.Pointer[time.Time]{}
	res, err := l.open(ctx, began)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	v := (*view)(nil)
	for events := newEvents(res.Body); ; worked = true {
		e, err := events.next()
		if err == nil {
			watchdog.Reset(streamSilence)
			v, err = v.after(e, *began.Load())
		}
		if errors.Is(err, errEnded) {
			l.held.Store(nil) // something speaks against us: not even for a second more
		}
		if err != nil {
			return worked, err
		}
		if !v.asOf.IsZero() { // before its first beat, the one before is the better one
			l.held.Store(v)
		}
	}
}

// open sends the request, and notes when: as late as is surely before the server read it.
func (l *Local) open(ctx context.Context, began *atomic.Pointer[time.Time]) (*http.Response, error) {
	mark := func() { now := time.Now(); began.Store(&now) }
	mark()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { mark() }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.client.base+"/v1/stream", http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set(l.client.key.header, l.client.key.value)
	r.Header.Set("Accept", "text/event-stream")
	endless := *l.client.http
	endless.Timeout = 0
	res, err := endless.Do(r)
	if err != nil {
		return nil, unavailable("follow the stream", err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		_ = res.Body.Close()
		if refusal(res.StatusCode) {
			l.held.Store(nil)
		}
		return nil, unavailable("follow the stream", fmt.Errorf("the answer has the status %d", res.StatusCode))
	}
	return res, nil
}
