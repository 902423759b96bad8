package usage_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// BenchmarkRecord records one event a call from 1,024 callers.
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
				e := tokens(tenants[n%1000], time.Now(), 17)
				e.Role, e.Plan, e.Feature, e.Route, e.Model = "member", "pro", "chat", "POST /chat", "large"
				if _, err := r.Record(b.Context(), e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
