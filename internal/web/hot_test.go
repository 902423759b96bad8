package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// discard is a response nobody reads, which allocates nothing itself.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// hot returns a function that answers one warm POST with a body.
func hot(e *echo.Echo, path string) func() {
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Host = "gatehouse.test"
	r.Header.Set("Authorization", "Bearer "+goodToken)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	w := &discard{}
	return func() {
		w.header = make(http.Header, 12)
		r.Body = io.NopCloser(strings.NewReader(body))
		e.ServeHTTP(w, r)
	}
}

func TestWarmRequestAllocatesLittle(t *testing.T) { //nolint:paralleltest // others would be counted too
	b := newBench(t, func(c *web.Config) { c.Log = telemetry.NewLogger(io.Discard, nil) })
	const most = 24
	if got := testing.AllocsPerRun(200, hot(b.echo, "/v1/things")); got > most {
		t.Errorf("allocations of a warm request = %v, want at most %d", got, most)
	}
}

func BenchmarkWarmRequest(b *testing.B) {
	bench := newBench(b, func(c *web.Config) { c.Log = telemetry.NewLogger(io.Discard, nil) })
	once := hot(bench.echo, "/v1/things")
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}

func BenchmarkBareEcho(b *testing.B) {
	e := echo.New()
	e.POST("/v1/things", func(c echo.Context) error {
		var in struct {
			Name string `json:"name"`
		}
		if err := c.Bind(&in); err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, in)
	})
	once := hot(e, "/v1/things")
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}
