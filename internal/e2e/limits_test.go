package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/testredis"
)

// Two servers with one Redis are one limit to a tenant. Without it they are two, nothing fails, and it is one again when Redis is back.
func TestWEB16ServersShareLimitsAsLongAsThereIsARedis(t *testing.T) {
	t.Parallel()
	redis := testredis.Start(t)
	f := startFleetWith(t, []string{"GATEHOUSE_REDIS_URL=" + redis.URL + "?read_timeout=10s"})
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nlimits: {free: {requests: 20/h}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run[any](t, f.env, "catalog", "apply", file)
	// ask is how many of forty requests of a tenant, half of them at each server, are let through.
	ask := func(key string) (through [2]int) {
		t.Helper()
		for i := range 40 {
			a, err := f.visit(t, i%2).with("X-API-Key", key).try(http.MethodGet, "/v1/me", nil)
			switch {
			case err != nil:
				t.Fatalf("GET /v1/me = %v", err)
			case a.status == http.StatusOK:
				through[i%2]++
			default:
				a.refused(http.StatusTooManyRequests, "rate_limited")
			}
		}
		return through
	}
	follow := func() { time.Sleep(2 * time.Second) } // a second for the catalog, half of one for Redis
	follow()
	if got := ask(f.tenant(t, "shared", "free").key); got[0]+got[1] != 20 {
		t.Errorf("with Redis the servers let %v through, want 20 together", got)
	}
	alone := f.tenant(t, "alone", "free")
	redis.Kill()
	if got := ask(alone.key); got != [2]int{20, 20} {
		t.Errorf("without Redis the servers let %v through, want 20 each", got)
	}
	redis.Start()
	follow()
	if got := ask(f.tenant(t, "again", "free").key); got[0]+got[1] != 20 {
		t.Errorf("with Redis again the servers let %v through, want 20 together", got)
	}
}
