package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
)

// duel is a route of the server beside the bare handler that moves the same JSON.
type duel struct {
	bare, ours target
	route      string
	statements int64   // at most
	rate       float64 // at least, of the bare handler's
	cpu        float64 // at most, of the bare handler's; 0 for any
}

const (
	bareMe    = "bare Echo GET"
	bareCheck = "bare Echo POST, JSON in and out"
	bareBatch = "bare Echo POST, JSON of 40 in and out"
)

// duels are what the HTTP rows are made of. Both sides of a duel get the same bytes, credential included.
func (w *world) duels(p people) []duel {
	const me, check, batch = "/v1/me", "/v1/check", "/v1/check/batch"
	bare := func(name string, requests [][]byte) target {
		return target{name, hostOf(w.bare), w.other.Process.Pid, requests}
	}
	ours := func(name string, requests [][]byte) target {
		return target{name, hostOf(w.url), w.server.Process.Pid, requests}
	}
	return []duel{
		{bare(bareMe, get(w.bare+"/me", p.bearers)), ours("GET /v1/me, session", get(w.url+me, p.bearers)), "GET " + me, 1, 0, 0},
		{bare(bareMe, get(w.bare+"/me", p.bearers)), ours("GET /v1/me, API key", get(w.url+me, p.keys)), "GET " + me, 1, 0, 0},
		{
			bare(bareCheck, post(w.bare+"/check", checkBody, p.bearers)),
			ours("POST /v1/check, session", post(w.url+check, checkBody, p.bearers)), "POST " + check, 0, 0.8, 1.5,
		},
		{
			bare(bareCheck, post(w.bare+"/check", checkBody, p.bearers)),
			ours("POST /v1/check, API key", post(w.url+check, checkBody, p.keys)), "POST " + check, 0, 0.8, 1.5,
		},
		{
			bare(bareBatch, post(w.bare+"/check/batch", batchBody, p.bearers)),
			ours("POST /v1/check/batch of 40, session", post(w.url+batch, batchBody, p.bearers)), "POST " + batch, 0, 0.7, 0,
		},
	}
}

// traffic measures what warm callers get over HTTP. The tokens live for five minutes, so the callers are made right before.
func (w *world) traffic(ctx context.Context, l load) ([]Row, error) {
	p, err := w.populate(ctx)
	if err != nil {
		return nil, fmt.Errorf("make callers: %w", err)
	}
	duels := w.duels(p)
	var targets []target
	for _, d := range duels {
		if !slices.ContainsFunc(targets, func(t target) bool { return t.name == d.bare.name }) {
			targets = append(targets, d.bare)
		}
		targets = append(targets, d.ours)
		if err := fair(ctx, d); err != nil {
			return nil, err
		}
		if err := l.every(ctx, d.ours); err != nil { // cold callers ask the database
			return nil, err
		}
	}
	l.before = w.log.forget // what nobody reads must not fill the disk
	speeds, err := l.interleave(ctx, targets)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, d := range duels {
		if err := w.log.forget(); err != nil {
			return nil, err
		}
		if err := l.every(ctx, d.ours); err != nil {
			return nil, err
		}
		n, err := w.counted(d.route)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(rows, func(r Row) bool { return r.Name == d.bare.name }) {
			rows = append(rows, d.row(speeds)[0])
		}
		row := d.row(speeds)[1]
		row.SQL, row.Met = &n, row.Met && n <= d.statements
		rows = append(rows, row)
	}
	refresh, err := w.refresh(ctx, p.refreshes[:50])
	return append(rows, refresh), err
}

// fair refuses to compare what does not move the same bytes.
func fair(ctx context.Context, d duel) error {
	if d.rate == 0 {
		return nil
	}
	var sizes []int
	for _, t := range []target{d.bare, d.ours} {
		n, err := sizeOf(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		sizes = append(sizes, n)
	}
	if sizes[0] != sizes[1] {
		return fmt.Errorf("%s: the bodies have %d and %d bytes", d.ours.name, sizes[0], sizes[1])
	}
	return nil
}

// sizeOf is the length of the body of the first answer.
func sizeOf(ctx context.Context, t target) (int, error) {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	_, answer, err := c.ask(t.requests[0])
	if err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return len(bytes.TrimSpace(body)), nil // Echo ends its JSON with a line
}

// row returns the line of the bare handler and that of the route. Ratios are of the two in the same round, and then the median.
func (d duel) row(speeds map[string][]speed) [2]Row {
	bare, ours := speeds[d.bare.name], speeds[d.ours.name]
	rate := func(s speed) float64 { return s.rate }
	cpu := func(s speed) float64 { return s.cpu }
	row := Row{
		Name: d.ours.name, Value: middle(ours, rate), Unit: "req/s", CPU: middle(ours, cpu),
		Ratio: ratio(ours, bare, rate), CPURatio: ratio(ours, bare, cpu),
		Target: fmt.Sprintf("≤ %d statements", d.statements), Met: true,
	}
	if d.rate > 0 {
		row.Target = fmt.Sprintf("≥ %.2f × rate, %s", d.rate, row.Target)
		row.Met = row.Ratio >= d.rate
	}
	if d.cpu > 0 {
		row.Target = fmt.Sprintf("≤ %.1f × CPU, %s", d.cpu, row.Target)
		row.Met = row.Met && row.CPURatio <= d.cpu
	}
	return [2]Row{{Name: d.bare.name, Value: middle(bare, rate), Unit: "req/s", CPU: middle(bare, cpu), Met: true}, row}
}

func middle(list []speed, of func(speed) float64) float64 {
	values := make([]float64, len(list))
	for i, s := range list {
		values[i] = of(s)
	}
	return median(values)
}

func ratio(ours, bare []speed, of func(speed) float64) float64 {
	values := make([]float64, len(ours))
	for i := range ours {
		values[i] = of(ours[i]) / math.Max(of(bare[i]), 1e-9)
	}
	return median(values)
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }
