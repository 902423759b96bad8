package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// eventsOf counts the events of a type.
func (b *bench) eventsOf(typ events.Type) int {
	b.Helper()
	n := 0
	err := b.db.Tenant(b.Context(), b.tenant.ID, func(tx *db.TenantTx) error {
		list, err := events.List(b.Context(), tx, events.Filter{Type: typ}, id.Event{}, 1000)
		n = len(list)
		return err
	})
	if err != nil {
		b.Fatalf("List = %v", err)
	}
	return n
}

func TestWEB19ErrorsTellNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, got := range map[string]answer{
		"panic":           b.do("POST", "/v1/fail/panic", "", asMember()...),
		"nil pointer":     b.do("POST", "/v1/fail/nil", "", asMember()...),
		"SQL":             b.do("POST", "/v1/fail/sql", "", asMember()...),
		"other":           b.do("POST", "/v1/fail/other", "", asMember()...),
		"panic of a page": b.do("GET", "/home?do=panic", "", asBrowser()...),
		"Echo's error":    b.do("GET", "/home?do=teapot", "", asBrowser()...),
		"bad JSON":        b.do("POST", "/v1/things", `{"name":`, asMember()...),
		"bad id":          b.do("GET", "/v1/things/mem_x", "", asMember()...),
		"bad id in body":  b.do("POST", "/v1/things", `{"owner":"usr_x"}`, asMember()...),
		"bad token":       b.do("GET", "/v1/things", "", "Authorization", "Bearer a.b.c"),
		"unencodable":     b.do("POST", "/v1/fail/extra", "", asMember()...),
	} {
		if got.Code < 400 {
			t.Errorf("%s = %d, want a failure", name, got.Code)
		}
		for _, leak := range []string{
			"goroutine", ".go", "select", "SELECT", "no_such_table", "SQLSTATE", "10.1.2.3", "/etc", "/srv", "boom", "nil pointer",
			"internal detail", "mem_x", "usr_x", "json:", "unmarshal", "a.b.c", "chan int", "id.", "web.",
		} {
			if strings.Contains(got.body, leak) {
				t.Errorf("%s says %q, want no %q", name, got.body, leak)
			}
		}
	}
	log := b.log.String()
	for _, want := range []string{"no_such_table", "panic: boom at web_test.(*bench).page", "10.1.2.3"} {
		if !strings.Contains(log, want) {
			t.Errorf("log has no %q: the operator must find the cause", want)
		}
	}
}

func TestWEB30PanicRollsBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv := httptest.NewServer(b.echo)
	t.Cleanup(srv.Close)
	for range 30 { // more than the pool has connections: none may stay taken
		b.do("POST", "/v1/fail/panic", "", asMember()...).want(t, "a panic", 500, "internal")
		b.do("POST", "/v1/fail/nil", "", asMember("Idempotency-Key", "k")...).want(t, "a nil pointer", 500, "internal")
	}
	if n := b.eventsOf(events.KeyRevoked); n != 0 {
		t.Errorf("events after panics = %d, want 0", n)
	}
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "k")...).want(t, "another request with the key", 201, "")
	if s := b.db.Stat(); s.AcquiredConns() != 0 {
		t.Errorf("connections in use = %d, want 0", s.AcquiredConns())
	}
}

func TestRefusalsAreKeptOnlyIfTheySaySo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("POST", "/v1/fail/refused", "", asMember()...).want(t, "a refusal", 403, "remembered")
	if n := b.eventsOf(events.KeyRevoked); n != 0 {
		t.Errorf("events after a refusal = %d, want 0", n)
	}
	b.do("POST", "/v1/fail/kept", "", asMember()...).want(t, "a refusal that is kept", 403, "remembered")
	if n := b.eventsOf(events.KeyRevoked); n != 1 {
		t.Errorf("events after a refusal that is kept = %d, want 1", n)
	}
}

func TestAdaptersWithAScope(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("POST", "/v1/admitted", "", asMember()...)
	if want := `{"tenant":"` + b.tenant.ID.String() + `","limit":1}`; got.body != want {
		t.Errorf("POST /v1/admitted = %s, want %s", got.body, want)
	}
	if got = b.do("POST", "/v1/prepared", body, asMember()...); got.body != `{"name":"prepared x"}` {
		t.Errorf("POST /v1/prepared = %s, want what was prepared", got.body)
	}
	b.do("POST", "/v1/prepared", `{"name":"unreachable"}`, asMember()...).want(t, "a failed preparation", 422, "invalid_input")
	got = b.do("DELETE", "/v1/things/"+id.New[id.Membership]().String(), "", asMember()...)
	if got.Code != 204 || got.body != "" || got.Header().Get("Content-Type") != "" {
		t.Errorf("DELETE = %d %q %q, want 204 and nothing", got.Code, got.body, got.Header().Get("Content-Type"))
	}
}

func TestWEB26OpenRedirect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"//evil.test/", "/%09/evil.test/", "/\\evil.test/", "/%5cevil.test", "//evil.test/..", "/v1/things/", "/login/", "/home/", "/./home", "/v1/../home"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = "gatehouse.test"
		r.URL.Path, r.URL.RawPath = path, path
		got := b.send(r)
		if got.Code != 404 && got.Code != 401 || got.Header().Get("Location") != "" {
			t.Errorf("GET %q = %d to %q, want no redirect", path, got.Code, got.Header().Get("Location"))
		}
	}
	for _, to := range []string{"//evil.test", "https://evil.test", "/%5Cevil.test", "javascript:alert(1)"} {
		r := httptest.NewRequest("GET", "/home", nil)
		r.Host = "gatehouse.test"
		r.Header.Set("Authorization", "Bearer "+goodToken)
		q := r.URL.Query()
		q.Set("do", "redirect")
		q.Set("to", to)
		r.URL.RawQuery = q.Encode()
		if got := b.send(r); got.Code != 303 || got.Header().Get("Location") != "/" {
			t.Errorf("redirect to %q = %d to %q, want /", to, got.Code, got.Header().Get("Location"))
		}
	}
}

func TestWEB27ResponseSplitting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv := httptest.NewServer(b.echo)
	t.Cleanup(srv.Close)
	for _, query := range []string{"do=redirect&to=/x%0d%0aSet-Cookie:%20a=b", "do=redirect&to=/x%0aX-Evil:%201"} {
		got := b.do("GET", "/home?"+query, "", asBrowser()...)
		if loc := got.Header().Get("Location"); loc != "/" {
			t.Errorf("Location for %q = %q, want /", query, loc)
		}
		if got.Header().Get("Set-Cookie") != "" || got.Header().Get("X-Evil") != "" {
			t.Errorf("headers for %q = %v, want none of the client's", query, got.Header())
		}
	}
	b.do("GET", "/v1/things?a%0d%0aX-Evil:1=1", "", asMember()...).want(t, "a parameter with line breaks", 400, "unknown_parameter")
}

func TestUnknownPathsLookAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := b.do("GET", "/v1/nothing", "", asMember()...)
	for _, got := range []answer{
		b.do("GET", "/v1/things/mem_x", "", asMember()...),
		b.do("POST", "/v1/other/path", body, asMember()...),
		b.do("GET", "/v1/nothing", ""),
	} {
		if strip(got) != strip(want) || got.Code != 404 {
			t.Errorf("a missing path = %d %s, want %s", got.Code, got.body, want.body)
		}
	}
}
