package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// load is how hard and how long.
type load struct {
	rounds  int
	each    time.Duration
	clients int
	before  func() error // each round of each target; nil for nothing
}

// target is something to load: requests are the bytes of whole requests, asked in turns, so that each can be another caller's.
type target struct {
	name     string
	addr     string
	pid      int
	requests [][]byte
}

// speed is what a target did in one round.
type speed struct {
	rate float64 // requests per second
	cpu  float64 // microseconds of the server's processor time per request
}

// interleave loads all targets in turns and returns for each what it did round by round.
func (l load) interleave(ctx context.Context, targets []target) (map[string][]speed, error) {
	speeds := map[string][]speed{}
	for round := range l.rounds + 1 {
		for _, t := range targets {
			if l.before != nil {
				if err := l.before(); err != nil {
					return nil, err
				}
			}
			s, err := l.once(ctx, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if round > 0 { // the first one warms up
				speeds[t.name] = append(speeds[t.name], s)
			}
		}
	}
	return speeds, nil
}

func (l load) once(ctx context.Context, t target) (speed, error) {
	before, err := processorOf(t.pid)
	if err != nil {
		return speed{}, err
	}
	begin := time.Now()
	done, err := l.drive(ctx, t, func(int64) bool { return time.Since(begin) < l.each })
	took := time.Since(begin)
	if err != nil {
		return speed{}, err
	}
	after, err := processorOf(t.pid)
	return speed{float64(done) / took.Seconds(), float64((after - before).Microseconds()) / float64(done)}, err
}

// every asks each of the requests once.
func (l load) every(ctx context.Context, t target) error {
	_, err := l.drive(ctx, t, func(n int64) bool { return n < int64(len(t.requests)) })
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

// drive asks over many connections at once, for as long as more says of the number of the next request.
func (l load) drive(ctx context.Context, t target, more func(int64) bool) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next, done atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, l.clients)
	for range l.clients {
		group.Go(func() {
			err := func() error {
				c, err := dial(ctx, t.addr)
				if err != nil {
					return err
				}
				defer c.close()
				for n := next.Add(1) - 1; ctx.Err() == nil && more(n); n = next.Add(1) - 1 {
					status, answer, err := c.ask(t.requests[n%int64(len(t.requests))])
					if err != nil {
						return err
					}
					if status != http.StatusOK {
						return fmt.Errorf("status %d: %s", status, answer)
					}
					done.Add(1)
				}
				return ctx.Err()
			}()
			if err != nil {
				failures <- err
				cancel()
			}
		})
	}
	group.Wait()
	select {
	case err := <-failures:
		return 0, err
	default:
		return done.Load(), nil
	}
}
