package api_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
)

func TestAKeyHasALimitOfItsOwnBelowThePlans(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	c := s.Bearer(p.caller)
	for _, wrong := range []string{"60", "60/day", "0/s", "unlimited", "1000001/s", "1000000/s"} {
		c.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "Build", "role": "viewer", "rate_limit": wrong}).Refused(t, 422, "invalid_input")
	}
	var raw map[string]any
	c.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "Build", "role": "viewer", "rate_limit": "2/h"}).Want(t, 201).JSON(t, &raw)
	id, _ := raw["id"].(string)
	secret, _ := raw["api_key"].(string)
	c.Do(t, "GET", "/v1/api-keys/"+id, nil).Want(t, 200).JSON(t, &raw)
	if raw["rate_limit"] != "2/h" {
		t.Errorf("rate_limit = %v, want 2/h", raw["rate_limit"])
	}
	key := s.Anonymous().With("X-API-Key", secret)
	key.Do(t, "GET", "/v1/me", nil).Want(t, 200)
	key.Do(t, "POST", "/v1/check", map[string]any{"permission": "members:read"}).Want(t, 200)
	refused := key.Do(t, "GET", "/v1/me", nil)
	refused.Refused(t, 429, "rate_limited")
	if refused.Header.Get("RateLimit-Policy") == "" || refused.Header.Get("Retry-After") != "1800" {
		t.Errorf("headers = %v, want the policy and half an hour", refused.Header)
	}
	c.Do(t, "GET", "/v1/me", nil).Want(t, 200)
}
