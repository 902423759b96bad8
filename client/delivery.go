package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	usagePath = "/v1/usage"
	// maxUsage is how large a request becomes. Many a proxy takes no more than twice that.
	maxUsage = 512 << 10
	// maxUsageAnswer is enough for a thousand refusals with the longest of keys.
	maxUsageAnswer = 8 << 20
)

// run sends what waits until the recorder is closed and empty, or ctx ends.
func (r *Recorder) run(ctx context.Context) {
	defer close(r.ended)
	most := MaxUses
	var pace backoff
	for {
		batch := r.next(ctx, most)
		if len(batch) == 0 {
			return
		}
		n, err := r.deliver(ctx, batch)
		switch {
		case err == nil:
			most = min(2*most, MaxUses)
			pace = backoff{}
			r.drop(n)
		case tooMuch(err) && n > 1:
			most = n / 2 // one of them, or their size, stands in the way of the others
		case unfit(err) && n == 1:
			p, _ := errors.AsType[*Problem](err)
			r.cfg.Refused(batch[0], p.Code, p.Detail)
			pace = backoff{}
			r.drop(1)
		case ctx.Err() != nil:
			return
		default:
			r.fail(err)
			r.rest(ctx, err, pace.next())
		}
	}
}

// next waits for uses that are to be sent now. There are none when all is over.
func (r *Recorder) next(ctx context.Context, most int) []Use {
	for ctx.Err() == nil {
		r.mu.Lock()
		n := len(r.waiting)
		linger := time.Until(r.since.Add(r.cfg.Linger))
		closed := r.closed
		now := closed || n >= most || r.gone < r.hurry || linger <= 0
		var batch []Use
		if now {
			batch = slices.Clone(r.waiting[:min(n, most)])
		}
		r.mu.Unlock()
		switch {
		case n > 0 && now, n == 0 && closed:
			return batch
		case n == 0:
			linger = time.Hour
		}
		t := time.NewTimer(linger)
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// deliver sends uses, as many as fit into a request, tells which were refused, and returns how many they were.
func (r *Recorder) deliver(ctx context.Context, batch []Use) (n int, err error) {
	body := []byte{'['}
	for ; n < len(batch); n++ {
		text, err := json.Marshal(batch[n])
		if err != nil {
			return n, fmt.Errorf("write a use: %w", err)
		}
		if n > 0 && len(body)+len(text) > maxUsage {
			break
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = append(body, text...)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	header := http.Header{r.who.header: {r.who.value}}
	a, err := r.client.exchange(ctx, request{http.MethodPost, usagePath, header, json.RawMessage(append(body, ']')), maxUsageAnswer})
	if err != nil {
		return n, unavailable("record usage", err)
	}
	outcomes, err := outcomesOf(a, batch[:n])
	if err != nil {
		return n, err
	}
	for i, o := range outcomes {
		if o.Status == refused {
			r.cfg.Refused(batch[i], o.Code, o.Detail)
		}
	}
	return n, nil
}

// drop forgets the oldest uses: they are counted or refused.
func (r *Recorder) drop(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.waiting[:n]) // lets go of their texts
	r.waiting = r.waiting[n:]
	r.gone += uint64(n)
	r.since, r.failure = time.Now(), nil
	close(r.moved)
	r.moved = make(chan struct{})
}

func (r *Recorder) fail(err error) {
	r.mu.Lock()
	r.failure = err
	r.mu.Unlock()
	if r.cfg.Failed != nil {
		r.cfg.Failed(err)
	}
}
