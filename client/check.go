package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// MaxBatch is how many questions one request may ask.
const MaxBatch = 100

var errCredential = errors.New("gatehouse client: there is no credential that could be sent")

// Check asks whether the holder of a credential may do something. Questions about the same credential that come while one is under way are
// asked together, in one request after it, so that none is answered from before it was put.
//
// A Decision that denies is no error. The errors are a *Problem, when the credential itself is refused, ErrUnavailable, and that of ctx; the
// Decision beside an error denies.
func (c *Client) Check(ctx context.Context, who Credential, q Question) (Decision, error) {
	if err := q.check(); err != nil {
		return Decision{}, err
	}
	if !who.usable() {
		return Decision{}, errCredential
	}
	return c.join(ctx, who, q)
}

// CheckBatch asks up to MaxBatch questions in one request. The decisions are of one moment, in the order of the questions; there are none
// beside an error. See [Client.Check].
func (c *Client) CheckBatch(ctx context.Context, who Credential, qs []Question) ([]Decision, error) {
	if len(qs) == 0 || len(qs) > MaxBatch {
		return nil, fmt.Errorf("gatehouse client: a batch has from 1 to %d questions, not %d", MaxBatch, len(qs))
	}
	for _, q := range qs {
		if err := q.check(); err != nil {
			return nil, err
		}
	}
	if !who.usable() {
		return nil, errCredential
	}
	return c.ask(ctx, who, qs)
}

func (c *Client) ask(ctx context.Context, who Credential, qs []Question) ([]Decision, error) {
	const path = "/v1/check/batch"
	a, err := c.send(ctx, http.MethodPost, path, http.Header{who.header: {who.value}}, map[string]any{"checks": qs})
	if err != nil {
		return nil, err
	}
	var wire struct {
		Decisions []wireDecision `json:"decisions"`
	}
	if err := a.read(&wire); err != nil {
		return nil, unavailable("ask "+path, err)
	}
	if len(wire.Decisions) != len(qs) {
		return nil, unavailable("ask "+path, fmt.Errorf("there are %d decisions to %d questions", len(wire.Decisions), len(qs)))
	}
	all := make([]Decision, len(qs))
	for i, w := range wire.Decisions {
		if all[i], err = w.decision(); err != nil {
			return nil, unavailable("ask "+path, err)
		}
	}
	return all, nil
}
