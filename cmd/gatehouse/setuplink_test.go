package main_test

import (
	"strings"
	"testing"
	"time"
)

func TestAnOperatorMakesASetupLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "team")
	got := decode[struct {
		ID        string    `json:"setup_link_id"`
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}](t, succeed(t, w.env, "tenant", "setup-link", "acme", "--email", "it@supplier.example", "--days", "2", "--json"))
	if !strings.HasPrefix(got.ID, "sul_") || !strings.Contains(got.URL, "/setup/open#ghs_") || time.Until(got.ExpiresAt) > 48*time.Hour {
		t.Errorf("tenant setup-link = %+v, want an id, an address and two days", got)
	}
	if got := strings.TrimSpace(succeed(t, w.env, "tenant", "setup-link", "acme")); !strings.Contains(got, "/setup/open#ghs_") || strings.Contains(got, "\n") {
		t.Errorf("tenant setup-link printed %q, want an address", got)
	}
}
