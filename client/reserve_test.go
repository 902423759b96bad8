package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/client"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAProductReservesAndSettles(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Free), s.NewTenant(t, billing.Free)
	c := newClient(t, s.URL)
	who := client.Bearer(s.Session(t, tenant, rbac.Member).Access)
	d := client.Demand{Question: client.Question{Permission: "chat:use"}, Meter: "ai.messages", Quantity: 60, Hold: 2 * time.Minute}
	made, err := c.Reserve(t.Context(), who, d)
	if err != nil || !made.Allowed || made.ID == "" || made.Quota.Limit != 100 || made.Quota.Remaining != 40 {
		t.Fatalf("Reserve(60 of 100) = %+v, %v, want a reservation and 40 left", made, err)
	}
	if next, err := c.Reserve(t.Context(), who, d); err != nil || next.Allowed || next.Clause != "quota_exceeded" || next.NeedsPlan != "pro" || next.ID != "" {
		t.Errorf("Reserve(another 60) = %+v, %v, want quota_exceeded", next, err)
	}
	var p *client.Problem
	if _, err := c.Settle(t.Context(), client.Bearer(s.Session(t, other, rbac.Owner).Access), made.ID, client.Use{Quantity: 1}); !errors.As(err, &p) || p.Code != "not_found" {
		t.Errorf("Settle by another tenant = %v, want not_found", err)
	}
	for _, want := range []client.Settled{{}, {Duplicate: true}} {
		if got, err := c.Settle(t.Context(), who, made.ID, client.Use{Quantity: 10, Model: "large"}); err != nil || got != want {
			t.Errorf("Settle(10) = %+v, %v, want %+v", got, err, want)
		}
	}
	next, err := c.Reserve(t.Context(), who, d)
	if err != nil || !next.Allowed {
		t.Fatalf("Reserve(60) with 10 used = %+v, %v, want allowed", next, err)
	}
	if err := c.Release(t.Context(), who, next.ID); err != nil {
		t.Errorf("Release = %v", err)
	}
	for range 2 { // which counts once
		if got, err := c.Count(t.Context(), who, client.Demand{Meter: "ai.messages", Quantity: 40}, "an answer"); err != nil || !got.Allowed {
			t.Errorf("Count(40) = %+v, %v, want allowed", got, err)
		}
	}
	if got, err := c.Count(t.Context(), who, client.Demand{Meter: "ai.messages", Quantity: 60}, "another"); err != nil || got.Allowed {
		t.Errorf("Count(60) with 50 of 100 used = %+v, %v, want refused", got, err)
	}
	cost := client.Demand{Meter: "ai.messages", Quantity: 1, Cost: 12_345, Currency: "USD", Model: "large"}
	if got, err := c.Count(t.Context(), who, cost, "a cost"); !errors.As(err, &p) || p.Code != "role_lacks_permission" || got.Allowed {
		t.Errorf("Count(%+v) by a member = %+v, %v, want role_lacks_permission", cost, got, err)
	}
	product := client.APIKey(s.APIKey(t, tenant, rbac.Admin).Secret)
	if got, err := c.Count(t.Context(), product, cost, "a cost"); err != nil || !got.Allowed {
		t.Errorf("Count(%+v) = %+v, %v, want allowed", cost, got, err)
	}
	for _, wrong := range []client.Demand{{}, {Meter: "m", Quantity: -1}, {Meter: "m", Hold: time.Millisecond}, {Meter: "m", Hold: 2 * time.Hour}} {
		if got, err := c.Reserve(t.Context(), who, wrong); err == nil || got.Allowed {
			t.Errorf("Reserve(%+v) = %+v, %v, want an error", wrong, got, err)
		}
	}
}

func TestReservingFailsClosed(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status     int
		kind, body string
	}{
		{200, "application/json", `{}`},
		{200, "application/json", `{"allowed":true}`},
		{200, "application/json", `{"reservation":{"id":"x"}}`},
		{200, "text/html", `{"allowed":true,"decision_id":"dec_1"}`},
		{500, "application/problem+json", `{"status":500,"code":"internal"}`},
		{404, "text/html", `nothing here`},
		{302, "text/html", ``},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", answer.kind)
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		}))
		c, who := newClient(t, s.URL), client.Bearer("x")
		if got, err := c.Reserve(t.Context(), who, client.Demand{Meter: "m"}); !errors.Is(err, client.ErrUnavailable) || got.Allowed || got.ID != "" {
			t.Errorf("Reserve of %d %s = %+v, %v, want ErrUnavailable", answer.status, answer.body, got, err)
		}
		if got, err := c.Count(t.Context(), who, client.Demand{Meter: "m"}, "k"); !errors.Is(err, client.ErrUnavailable) || got.Allowed {
			t.Errorf("Count of %d %s = %+v, %v, want ErrUnavailable", answer.status, answer.body, got, err)
		}
		if _, err := c.Settle(t.Context(), who, "r", client.Use{}); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("Settle of %d %s = %v, want ErrUnavailable", answer.status, answer.body, err)
		}
		s.Close()
	}
}
