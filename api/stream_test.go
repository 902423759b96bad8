package api_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// streamed is an event as a client reads it.
type streamed struct {
	name string
	data struct {
		Terms *struct {
			Tenant string `json:"tenant_id"`
			Plan   string
		}
		Members []struct {
			ID, Role, Status string
		}
		Ended []string `json:"ended_sessions"`
		AsOf  int64    `json:"as_of_ms"`
		Code  string
	}
}

// openStream returns the events of a stream; the channel is closed at its end.
func openStream(t *testing.T, url, key string) <-chan streamed {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", key)
	r.Host = r.URL.Host
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("GET /v1/stream = %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	all := make(chan streamed, 1000)
	go func() {
		defer close(all)
		var e streamed
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				e = streamed{name: name}
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &e.data); err != nil {
					t.Errorf("the event %s is no JSON: %v", e.name, err)
				}
				all <- e
			}
		}
	}()
	return all
}

// until returns the first event that is wanted.
func until(t *testing.T, events <-chan streamed, what string, wanted func(streamed) bool) streamed {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended before %s", what)
			}
			if wanted(e) {
				return e
			}
		case <-limit:
			t.Fatalf("there was no %s", what)
		}
	}
}

func TestTEN_11_TheStreamTellsWhatChanges(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Member)
	owner := s.Bearer(s.Session(t, tenant, rbac.Owner))
	key := s.APIKey(t, tenant, rbac.Viewer)
	events := openStream(t, s.URL, key.Secret)
	first := <-events
	if first.name != "snapshot" || first.data.Terms == nil || first.data.Terms.Tenant != tenant.ID.String() || len(first.data.Members) != len(tenant.Members) {
		t.Fatalf("the first event is %+v, want a snapshot of the tenant and its %d members", first, len(tenant.Members))
	}
	member := session.Member.ID.String()
	s.Bearer(s.Session(t, other, rbac.Owner)).Do(t, "PATCH", "/v1/members/"+other.Members[rbac.Member].ID.String(), map[string]any{"role": "viewer"}).Want(t, 200)
	owner.Do(t, "PATCH", "/v1/members/"+member, map[string]any{"role": "viewer"}).Want(t, 200)
	until(t, events, "change of the role", func(e streamed) bool {
		for _, m := range e.data.Members {
			if m.ID == other.Members[rbac.Member].ID.String() {
				t.Error("another tenant's member is in the stream")
			}
		}
		return e.name == "change" && len(e.data.Members) == 1 && e.data.Members[0].ID == member && e.data.Members[0].Role == "viewer"
	})
	owner.Do(t, "DELETE", "/v1/members/"+member+"/sessions", nil).Want(t, 200)
	until(t, events, "end of the session", func(e streamed) bool {
		return e.name == "change" && len(e.data.Ended) == 1 && e.data.Ended[0] == session.Session.String()
	})
	tenant.SetPlan(t, billing.Team)
	until(t, events, "new plan", func(e streamed) bool { return e.data.Terms != nil && e.data.Terms.Plan == "team" })
	joined := tenant.Join(t, rbac.Member)
	until(t, events, "new member", func(e streamed) bool { return len(e.data.Members) == 1 && e.data.Members[0].ID == joined.ID.String() })
	until(t, events, "beat", func(e streamed) bool { return e.name == "beat" })

	owner.Do(t, "DELETE", "/v1/api-keys/"+key.ID.String(), nil)
	end := until(t, events, "end", func(e streamed) bool { return e.name == "end" })
	if end.data.Code != "api_key_invalid" {
		t.Errorf("a stream of a revoked key ends by %q, want api_key_invalid", end.data.Code)
	}
	if _, open := <-events; open {
		t.Error("the stream goes on after its end")
	}
}

func TestTheStreamOutlivesTheTimeoutsOfAServer(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = strings.TrimPrefix(s.URL, "http://")
		s.Handler.ServeHTTP(w, r)
	}))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = time.Second, time.Second
	srv.Start()
	t.Cleanup(srv.Close)
	srv.Config.RegisterOnShutdown(s.Gatehouse.Drain)
	events := openStream(t, srv.URL, s.APIKey(t, s.NewTenant(t, billing.Pro), rbac.Viewer).Secret)
	last := int64(-1 << 40) // the first is as of before the request
	until(t, events, "beat after three seconds", func(e streamed) bool {
		if e.name != "beat" {
			return false
		}
		if e.data.AsOf < last {
			t.Errorf("a beat is as of %d ms, and the one before was as of %d ms", e.data.AsOf, last)
		}
		last = e.data.AsOf
		return last > 3000
	})
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Config.Shutdown(t.Context()) }()
	until(t, events, "end", func(e streamed) bool { return e.name == "end" && e.data.Code == "draining" })
	if err := <-stopped; err != nil {
		t.Errorf("Shutdown beside a stream = %v", err)
	}
}

func TestTheStreamIsForFew(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	key := s.APIKey(t, tenant, rbac.Viewer)
	for range 20 {
		<-openStream(t, s.URL, key.Secret)
	}
	s.Machine(key).Do(t, "GET", "/v1/stream", nil).Refused(t, 429, "too_many_streams")
	s.Machine(s.APIKey(t, other, rbac.Viewer)).Do(t, "GET", "/v1/stream?once=true", nil).Want(t, 200)
	s.Machine(key).Do(t, "GET", "/v1/stream?once=maybe", nil).Refused(t, 422, "invalid_input")
	s.Anonymous().Do(t, "GET", "/v1/stream", nil).Refused(t, 401, "unauthenticated")
}
