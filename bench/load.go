package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is how hard and how long.
type load struct {
	rounds  int
	each    time.Duration
	clients int
}

// target is something to load: n counts the requests, so that each can be another caller's.
type target struct {
	name    string
	request func(ctx context.Context, n int64) (*http.Request, error)
}

// interleave loads all targets in turns and returns for each the median of its rates, in requests per second.
func (l load) interleave(ctx context.Context, targets []target) (map[string]float64, error) {
	rates := map[string][]float64{}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.clients, MaxConnsPerHost: l.clients}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for round := range l.rounds + 1 {
		for _, t := range targets {
			rate, err := l.once(ctx, client, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if round > 0 { // the first one warms up
				rates[t.name] = append(rates[t.name], rate)
			}
		}
	}
	medians := map[string]float64{}
	for name, r := range rates {
		slices.Sort(r)
		medians[name] = r[len(r)/2]
	}
	return medians, nil
}

func (l load) once(ctx context.Context, client *http.Client, t target) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, l.clients)
	begin := time.Now()
	for range l.clients {
		group.Go(func() {
			for time.Since(begin) < l.each {
				if err := ask(ctx, client, t, done.Add(1)); err != nil {
					failures <- err
					cancel()
					return
				}
			}
		})
	}
	group.Wait()
	took := time.Since(begin)
	select {
	case err := <-failures:
		return 0, err
	default:
		return float64(done.Load()) / took.Seconds(), nil
	}
}

func ask(ctx context.Context, client *http.Client, t target, n int64) error {
	req, err := t.request(ctx, n)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return nil
}

// get and post make requests with one header out of many.
func get(url, header string, values []string) func(context.Context, int64) (*http.Request, error) {
	return func(ctx context.Context, n int64) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err == nil && len(values) > 0 {
			req.Header.Set(header, values[int(n)%len(values)])
		}
		return req, err
	}
}

func post(url, body, header string, values []string) func(context.Context, int64) (*http.Request, error) {
	return func(ctx context.Context, n int64) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		if len(values) > 0 {
			req.Header.Set(header, values[int(n)%len(values)])
		}
		return req, nil
	}
}
