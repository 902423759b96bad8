package usage_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func BenchmarkRecord(b *testing.B) {
	r := build(b, nil)
	var tenants []id.Tenant
	for range 1000 {
		tenants = append(tenants, id.New[id.Tenant]())
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range 1024 {
		wg.Go(func() {
			for {
				n := left.Add(-1)
				if n < 0 {
					return
				}
				_, err := r.Record(b.Context(), usage.Event{Key: uuid.Must(uuid.NewV7()).String(), Tenant: tenants[n%1000], Meter: "ai.tokens", Quantity: 17,
					Role: "member", Plan: "pro", Feature: "chat", Route: "POST /chat", Model: "large", InputTokens: 12, OutputTokens: 5, At: time.Now()})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
