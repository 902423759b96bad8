package console_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// postman puts what waits in the queue into the outbox, until the end of the test.
func (w *world) postman(tb testing.TB) {
	tb.Helper()
	ring, err := secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	must(tb, err)
	workers := jobs.NewWorkers(w.db)
	jobs.HandleMail(workers, ring, &w.outbox)
	runner, err := jobs.New(jobs.Config{Conn: w.db.Config(), Workers: workers, Log: slog.New(slog.DiscardHandler)})
	must(tb, err)
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		must(tb, <-done)
	})
}

// letterTo waits for a message to an address.
func (w *world) letterTo(tb testing.TB, to string) string {
	tb.Helper()
	for range 200 {
		for _, m := range w.outbox.Messages() {
			if m.To == to {
				return m.Text
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("there is no letter to %s", to)
	return ""
}
