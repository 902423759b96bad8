package telemetry_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

type pool struct{}

func (pool) AcquiredConns() int32           { return 3 }
func (pool) IdleConns() int32               { return 2 }
func (pool) MaxConns() int32                { return 10 }
func (pool) AcquireCount() int64            { return 99 }
func (pool) EmptyAcquireCount() int64       { return 1 }
func (pool) CanceledAcquireCount() int64    { return 0 }
func (pool) AcquireDuration() time.Duration { return time.Second }

func TestMetricsAreServed(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.WatchPool("requests", func() telemetry.PoolStat { return pool{} })
	m.WatchSnapshots(func() telemetry.SnapshotStat {
		return telemetry.SnapshotStat{Hits: 7, Misses: 1, Staleness: 250 * time.Millisecond}
	})
	me := m.Route("GET /v1/me")
	me.Answered(200, time.Millisecond)
	me.Answered(418, time.Millisecond)
	m.Route("GET /v1/unasked")
	m.SignIn("oidc", "ok")
	m.Job("mail", "ok", time.Second)

	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "unasked") {
		t.Error("metrics speak of a route that nobody asked, want nothing until somebody does")
	}
	for _, want := range []string{
		`gatehouse_http_requests_total{route="GET /v1/me",status="200"} 1`,
		`gatehouse_http_requests_total{route="GET /v1/me",status="418"} 1`,
		`gatehouse_http_request_duration_seconds_count{route="GET /v1/me"} 2`,
		`gatehouse_sign_ins_total{method="oidc",outcome="ok"} 1`,
		`gatehouse_job_duration_seconds_count{kind="mail",outcome="ok"} 1`,
		`gatehouse_db_connections_acquired{pool="requests"} 3`,
		`gatehouse_db_acquires_total{pool="requests"} 99`,
		`gatehouse_snapshot_reads_total{outcome="hit"} 7`,
		`gatehouse_snapshot_staleness_seconds 0.25`,
		`go_goroutines`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("metrics have no %q", want)
		}
	}
}

func TestRegistriesAreApart(t *testing.T) {
	t.Parallel()
	telemetry.NewMetrics().WatchPool("a", func() telemetry.PoolStat { return pool{} })
	telemetry.NewMetrics().WatchPool("a", func() telemetry.PoolStat { return pool{} }) // panics if they shared one
}

func TestRoutesCountEachAnswerOnce(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	route := m.Route("GET /v1/me")
	const workers, each = 8, 200
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for n := range each {
				route.Answered(200+n%4, time.Millisecond)
			}
		})
	}
	group.Wait()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	for status := range 4 {
		want := fmt.Sprintf(`gatehouse_http_requests_total{route="GET /v1/me",status="%d"} %d`, 200+status, workers*each/4)
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("metrics have no %q", want)
		}
	}
}
