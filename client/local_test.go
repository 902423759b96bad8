package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/client"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// gate stands between a client and the server, and lets the stream alone through, until it lets nothing through.
type gate struct {
	*httptest.Server
	gone chan struct{}
}

// follow has a Local follow a tenant. The URL may be that of the server or of something before it.
func follow(t *testing.T, s *apitest.Server, url, key string) *client.Local {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: url, APIKey: key, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	v, err := client.NewVerifier(client.VerifierConfig{Issuer: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Local(v)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Follow(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

// newGate lets only the stream through: what is answered was decided locally.
func newGate(t *testing.T, s *apitest.Server) *gate {
	t.Helper()
	g := &gate{gone: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-g.gone:
				cancel()
			case <-ctx.Done():
			}
		}()
		if r.URL.Path != "/v1/stream" || isClosed(g.gone) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		r = r.WithContext(ctx)
		r.Host = s.URL[len("http://"):]
		s.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// soon waits until something holds, and says how long that took.
func soon(t *testing.T, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("it took too long until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

func TestLocalDecidesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	g := newGate(t, s)
	tenant := s.NewTenant(t, billing.Pro)
	l := follow(t, s, g.URL, s.APIKey(t, tenant, rbac.Viewer).Secret)
	asked := newClient(t, s.URL)
	c, err := catalog.Parse("default", catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range rbac.BuiltinRoles() {
		token := s.Session(t, tenant, role).Access
		var qs []client.Question
		for _, p := range c.Permissions() {
			qs = append(qs, client.Question{Permission: string(p.Name)})
			for _, f := range c.Features() {
				qs = append(qs, client.Question{Permission: string(p.Name), Feature: string(f.Name)})
			}
		}
		for _, f := range c.Features() {
			qs = append(qs, client.Question{Feature: string(f.Name)})
		}
		soon(t, "it decides locally", func() bool { _, err := l.Check(t.Context(), token, qs[0]); return err == nil })
		for len(qs) > 0 {
			n := min(len(qs), client.MaxBatch)
			want, err := asked.CheckBatch(t.Context(), client.Bearer(token), qs[:n])
			if err != nil {
				t.Fatal(err)
			}
			for i, q := range qs[:n] {
				got, err := l.Check(t.Context(), token, q)
				if err != nil || got.Allowed != want[i].Allowed || got.Clause != want[i].Clause {
					t.Errorf("Check(%+v) by %s = %+v, %v; the server says %+v", q, role, got, err, want[i])
				}
			}
			qs = qs[n:]
		}
	}
}

func TestLocalNoticesWithinASecond(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	g := newGate(t, s)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	l := follow(t, s, g.URL, s.APIKey(t, tenant, rbac.Viewer).Secret)
	session, owner := s.Session(t, tenant, rbac.Member), s.Bearer(s.Session(t, tenant, rbac.Owner))
	q := client.Question{Permission: "chat:use"}
	check := func() (client.Decision, error) { return l.Check(t.Context(), session.Access, q) }
	soon(t, "it decides locally", func() bool { d, err := check(); return err == nil && d.Allowed })
	if _, err := l.Check(t.Context(), s.Session(t, other, rbac.Owner).Access, q); !errors.Is(err, client.ErrOtherTenant) && !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("Check by another tenant's token = %v, want ErrOtherTenant", err)
	}
	member := "/v1/members/" + session.Member.ID.String()
	owner.Do(t, "PATCH", member, map[string]any{"role": "viewer"}).Want(t, 200)
	if took := soon(t, "the lower role refuses", func() bool { d, _ := check(); return !d.Allowed }); took > time.Second {
		t.Errorf("a lower role was noticed after %v, want a second at most", took)
	}
	owner.Do(t, "DELETE", member+"/sessions", nil).Want(t, 200)
	if took := soon(t, "the session is refused", func() bool { _, err := l.Claims(t.Context(), session.Access); return err != nil }); took > time.Second {
		t.Errorf("a revoked session was noticed after %v, want a second at most", took)
	}
	soon(t, "it says that the session has ended", func() bool { _, err := check(); return errors.Is(err, client.ErrEnded) })

	mine := s.Session(t, tenant, rbac.Admin)
	soon(t, "it decides locally", func() bool { d, err := l.Check(t.Context(), mine.Access, q); return err == nil && d.Allowed })
	close(g.gone)
	time.Sleep(1100 * time.Millisecond)
	if d, err := l.Check(t.Context(), mine.Access, q); !errors.Is(err, client.ErrUnavailable) || d.Allowed {
		t.Errorf("Check a second after the server went = %+v, %v, want ErrUnavailable", d, err)
	}
}

func TestLocalAsksWithoutAStream(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	c, err := client.New(client.Config{BaseURL: s.URL, APIKey: s.APIKey(t, tenant, rbac.Viewer).Secret})
	if err != nil {
		t.Fatal(err)
	}
	v, err := client.NewVerifier(client.VerifierConfig{Issuer: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Local(v) // nobody lets it follow
	if err != nil {
		t.Fatal(err)
	}
	session, owner := s.Session(t, tenant, rbac.Member), s.Bearer(s.Session(t, tenant, rbac.Owner))
	if d, err := l.Check(t.Context(), session.Access, client.Question{Permission: "chat:use"}); err != nil || !d.Allowed || d.ID == "" {
		t.Errorf("Check = %+v, %v, want the server's decision, which allows", d, err)
	}
	if got, err := l.Claims(t.Context(), session.Access); err != nil || got.Session != session.Session.String() {
		t.Errorf("Claims = %+v, %v, want those of the session %s", got, err, session.Session)
	}
	owner.Do(t, "DELETE", "/v1/members/"+session.Member.ID.String()+"/sessions", nil).Want(t, 200)
	soon(t, "the session is refused", func() bool {
		_, err := l.Claims(t.Context(), session.Access)
		return err != nil && !errors.Is(err, client.ErrUnavailable)
	})
}

func TestLocalDecidesNothingByGarbage(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	session := s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner)
	terms := fmt.Sprintf(`"terms":{"tenant_id":%q,"status":"active"}`, session.Member.UserID)
	for what, stream := range map[string]string{
		"nothing":             "",
		"HTML":                "<html>\n",
		"no JSON":             "event: snapshot\ndata: {\n\nevent: beat\ndata: {\"as_of_ms\":0}\n\n",
		"no terms":            "event: snapshot\ndata: {}\n\nevent: beat\ndata: {\"as_of_ms\":0}\n\n",
		"a change at first":   "event: change\ndata: {" + terms + "}\n\nevent: beat\ndata: {\"as_of_ms\":0}\n\n",
		"a beat at first":     "event: beat\ndata: {\"as_of_ms\":0}\n\n",
		"a beat of no time":   "event: snapshot\ndata: {" + terms + "}\n\nevent: beat\ndata: {}\n\n",
		"a beat of long ago":  "event: snapshot\ndata: {" + terms + "}\n\nevent: beat\ndata: {\"as_of_ms\":-5000}\n\n",
		"a beat of next week": "event: snapshot\ndata: {" + terms + "}\n\nevent: beat\ndata: {\"as_of_ms\":604800000}\n\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/stream" {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write([]byte(stream))
			}))
			t.Cleanup(server.Close)
			l := follow(t, s, server.URL, "ghk_1")
			time.Sleep(300 * time.Millisecond)
			if d, err := l.Check(t.Context(), session.Access, client.Question{Permission: "chat:use"}); !errors.Is(err, client.ErrUnavailable) || d.Allowed {
				t.Errorf("Check = %+v, %v, want ErrUnavailable", d, err)
			}
		})
	}
}
