package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// Whoever sends bodies as slowly as they can must not keep others, and the probes that would have us restarted, from the open rows.
func TestWEB21OneAddressDoesNotFillTheOpenRows(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.MaxOpenInFlight = 8 })
	release, done := make(chan struct{}), make(chan int, 16)
	var inside atomic.Int32
	e, err := b.server.Echo(web.Table{
		web.Open("POST /slow", "a test", web.Raw(func(c echo.Context) error {
			inside.Add(1)
			<-release
			return c.NoContent(http.StatusNoContent)
		})),
		web.Open("GET /probe", "a test", web.Raw(func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })),
	})
	if err != nil {
		t.Fatal(err)
	}
	from := func(address, method, path string) int {
		r := httptest.NewRequest(method, path, nil)
		r.Host, r.RemoteAddr = "gatehouse.test", address+":1234"
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, r)
		return rec.Code
	}
	const attacker = "198.51.100.7"
	for range 8 {
		go func() { done <- from(attacker, "POST", "/slow") }()
	}
	for int(inside.Load())+len(done) < 8 {
		time.Sleep(time.Millisecond)
	}
	if n := inside.Load(); n != 2 {
		t.Errorf("%d of 8 requests of one address are inside, want 2: a quarter of the room is theirs", n)
	}
	for i := range 4 {
		if code := from(fmt.Sprintf("192.0.2.%d", i), "GET", "/probe"); code != http.StatusNoContent {
			t.Errorf("a request of somebody else = %d, want 204", code)
		}
	}
	close(release)
	for range 8 {
		<-done
	}
	if code := from(attacker, "GET", "/probe"); code != http.StatusNoContent {
		t.Errorf("the same address afterward = %d, want 204", code)
	}
}

// The same by people of one tenant: an ordinary member of any could stop the whole installation.
func TestWEB21OneTenantDoesNotFillTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *web.Config) { c.MaxInFlight, c.MaxOpenInFlight = 8, 4 })
	slow := make(chan answer, 3)
	for range 3 {
		go func() { slow <- b.do("POST", "/v1/keys", `{"name":"slow"}`, asMember()...) }()
	}
	for int(b.handled.Load())+len(slow) < 3 {
		time.Sleep(time.Millisecond)
	}
	b.do("GET", "/healthz", "").want(t, "a probe meanwhile", 200, "")
	refused := 0
	for range 3 {
		if a := <-slow; a.Code == http.StatusServiceUnavailable {
			a.want(t, "one too many of the tenant", 503, "overloaded")
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("of 3 requests of one tenant %d were refused, want 1: a quarter of the room is theirs", refused)
	}
	b.do("GET", "/v1/things", "", asMember()...).want(t, "the tenant afterwards", 200, "")
}
