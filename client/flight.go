package client

import "context"

// flight is the request under way for a credential, and who waits for the next one.
type flight struct{ waiting []*waiter }

type waiter struct {
	question Question
	done     chan struct{} // closed when there is an answer
	decision Decision
	err      error
}

// join asks at once if nothing is under way for the credential, and with the next request otherwise.
func (c *Client) join(ctx context.Context, who Credential, q Question) (Decision, error) {
	w := &waiter{question: q, done: make(chan struct{})}
	c.mu.Lock()
	f, flying := c.flights[who]
	if flying {
		f.waiting = append(f.waiting, w)
	} else {
		c.flights[who] = &flight{}
	}
	c.mu.Unlock()
	if !flying {
		// Others may come to depend on the answer: it is not given up when this caller gives up, but when it takes too long.
		go c.fly(context.WithoutCancel(ctx), who, []*waiter{w})
	}
	select {
	case <-w.done:
		return w.decision, w.err
	case <-ctx.Done():
		return Decision{}, ctx.Err()
	}
}

// fly asks for the first waiters and then, for as long as there are some, for those who came meanwhile.
func (c *Client) fly(ctx context.Context, who Credential, batch []*waiter) {
	for len(batch) > 0 {
		qs := make([]Question, len(batch))
		for i, w := range batch {
			qs[i] = w.question
		}
		decisions, err := c.ask(ctx, who, qs)
		for i, w := range batch {
			if w.err = err; err == nil {
				w.decision = decisions[i]
			}
			close(w.done)
		}
		batch = c.next(who)
	}
}

// next takes up to MaxBatch of those who wait; when nobody does, the flight is over.
func (c *Client) next(who Credential) []*waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.flights[who]
	n := min(len(f.waiting), MaxBatch)
	if n == 0 {
		delete(c.flights, who)
		return nil
	}
	batch := f.waiting[:n:n]
	f.waiting = f.waiting[n:]
	return batch
}
