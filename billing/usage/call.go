package usage

import (
	"context"
	"time"
)

// call is what one caller waits for. All of it is written in one batch.
type call struct {
	rows     []row
	refusals []*Refusal // by place among the caller's events; nil if there is none
	done     chan error
}

func (r *Recorder) prepare(ctx context.Context, events []Event) (*call, error) {
	now := r.now().UTC()
	c := &call{rows: make([]row, 0, len(events)), done: make(chan error, 1)}
	for i := range events {
		e := events[i]
		k, why, err := r.complete(ctx, &e, now)
		if err != nil {
			return nil, err
		}
		if why != nil {
			if c.refusals == nil {
				c.refusals = make([]*Refusal, len(events))
			}
			c.refusals[i] = why
			continue
		}
		c.rows = append(c.rows, row{Event: e, key: k, tenant: e.Tenant.UUID(), day: bind(k, e.At)})
	}
	return c, nil
}

// bind is the day that a key gets at first sight.
func bind(k key, at time.Time) day {
	if k.opaque() {
		return dayOf(at)
	}
	return dayOf(k.made)
}

func (c *call) outcomes() []Outcome {
	all := make([]Outcome, 0, max(len(c.rows), len(c.refusals)))
	if c.refusals == nil {
		for i := range c.rows {
			all = append(all, Outcome{Status: c.rows[i].status})
		}
		return all
	}
	next := 0
	for _, why := range c.refusals {
		if why != nil {
			all = append(all, Outcome{Refused, why})
			continue
		}
		all = append(all, Outcome{Status: c.rows[next].status})
		next++
	}
	return all
}
