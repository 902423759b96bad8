package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// refresh exchanges refresh tokens one after another.
func (w *world) refresh(ctx context.Context, tokens []string) (Row, error) {
	if err := w.log.forget(); err != nil {
		return Row{}, err
	}
	c, err := dial(ctx, hostOf(w.url))
	if err != nil {
		return Row{}, err
	}
	defer c.close()
	var took []float64
	for _, token := range tokens {
		body, err := json.Marshal(map[string]string{"refresh_token": token})
		if err != nil {
			return Row{}, fmt.Errorf("encode: %w", err)
		}
		request := post(w.url+"/v1/session/refresh", string(body), []string{"X-Bench: refresh"})[0]
		begin := time.Now()
		status, answer, err := c.ask(request)
		if err != nil || status != http.StatusOK {
			return Row{}, fmt.Errorf("refresh: %d %s %w", status, answer, err)
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	n, err := w.counted("POST /v1/session/refresh")
	return Row{Name: "refresh, fsync on", Value: median(took), Unit: "ms", SQL: &n, Target: "≤ 3 statements", Met: n <= 3}, err
}

// counted waits for the log to have arrived and reads the most statements of a route.
func (w *world) counted(route string) (int64, error) {
	for range 100 {
		n, err := w.log.statements(route)
		if err != nil {
			return 0, err
		}
		if n != nil {
			return *n, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0, fmt.Errorf("the server logged no request to %s", route)
}
