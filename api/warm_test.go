package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// unread is a response nobody reads, which allocates nothing itself.
type unread struct {
	header http.Header
	status int
}

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(status int)      { u.status = status }

// TestAWarmCheckAllocatesLittle holds what a question costs through all that stands before the decision: the guard, the log line and the
// metrics. A bare Echo handler that decodes and encodes the same JSON allocates 16 times, 14 of them for the JSON and the response.
func TestAWarmCheckAllocatesLittle(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	s := apitest.Start(t, func(c *gatehouse.Config) {
		c.Log = telemetry.NewLogger(telemetry.NewWriter(io.Discard), slog.LevelInfo)
	})
	tenant := s.NewTenant(t, billing.Enterprise)
	session := "Bearer " + s.Session(t, tenant, rbac.Member).Access
	key := s.APIKey(t, tenant, rbac.Member).Secret
	one := `{"permission":"chat:use","feature":"ai.agents"}`
	batch := `{"checks":[` + strings.Repeat(one+",", 39) + one + `]}`
	for name, c := range map[string]struct {
		path, body, header, value string
		most                      float64
	}{
		"session":           {"/v1/check", one, "Authorization", session, 15},
		"API key":           {"/v1/check", one, "X-API-Key", key, 16},
		"batch, session":    {"/v1/check/batch", batch, "Authorization", session, 20},
		"refused, session":  {"/v1/check", `{"permission":"tenant:delete"}`, "Authorization", session, 17},
		"spaced, session":   {"/v1/check", `{"permission": "chat:use", "feature": "ai.agents"}`, "Authorization", session, 15},
		"escaped, the rest": {"/v1/check", `{"permission":"chat\u003ause"}`, "Authorization", session, 17},
	} {
		r := httptest.NewRequest(http.MethodPost, s.URL+c.path, nil)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(c.header, c.value)
		r.ContentLength = int64(len(c.body))
		w, body := &unread{}, strings.NewReader("")
		reader := io.NopCloser(body)
		ask := func() {
			w.header = make(http.Header, 12)
			body.Reset(c.body)
			r.Body = reader
			s.Handler.ServeHTTP(w, r)
		}
		ask()
		if w.status != http.StatusOK {
			t.Fatalf("%s: status %d", name, w.status)
		}
		// The least of some: what is written to the log of decisions meanwhile, beside the path, is counted too.
		got := testing.AllocsPerRun(400, ask)
		for range 4 {
			got = min(got, testing.AllocsPerRun(400, ask))
		}
		if got > c.most+dropped {
			t.Errorf("%s: %v allocations, want at most %v", name, got, c.most+dropped)
		}
	}
}
