package api_test

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestKEY04AKeyIsReadFromHeadersAlone(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	key := s.APIKey(t, newPlace(t, s).tenant, rbac.Admin)
	s.Machine(key).Do(t, "GET", "/v1/me", nil).Want(t, 200)
	s.Anonymous().With("Authorization", "Bearer "+key.Secret).Do(t, "GET", "/v1/me", nil).Want(t, 200)
	for _, query := range []string{"api_key=" + key.Secret, "access_token=" + key.Secret, "x=" + key.Secret, "X-API-Key=x"} {
		s.Anonymous().Do(t, "GET", "/v1/me?"+query, nil).Refused(t, 400, "credential_in_query")
		s.Machine(key).Do(t, "GET", "/v1/me?"+query, nil).Refused(t, 400, "credential_in_query")
	}
	for name, value := range map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("key:"+key.Secret)),
		"Cookie":        sessions.AccessCookie + "=" + key.Secret,
	} {
		c := s.Anonymous().With(name, value).With("Sec-Fetch-Site", "same-origin")
		if got := c.Do(t, "GET", "/v1/me", nil); got.StatusCode != 401 {
			t.Errorf("a key in %s = %d, want 401", name, got.StatusCode)
		}
	}
	s.Anonymous().With("Cookie", "api_key="+key.Secret).Do(t, "GET", "/v1/me", nil).Refused(t, 401, "unauthenticated")
	s.Anonymous().With("Authorization", "ApiKey "+key.Secret).Do(t, "GET", "/v1/me", nil).Refused(t, 401, "unauthenticated")
	if strings.Contains(s.Log.String(), key.Secret) {
		t.Error("the log has the key")
	}
}

func TestKEY05TwoCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	s, e, v := strangers(t)
	key := s.APIKey(t, v.tenant, rbac.Admin)
	other := s.APIKey(t, v.tenant, rbac.Viewer)
	for name, c := range map[string]*apitest.Client{
		"cookies and a key":     s.Browser(e.caller).With("X-API-Key", key.Secret),
		"cookies and a bearer":  s.Browser(e.caller).With("Authorization", "Bearer "+v.caller.Access),
		"a bearer and a key":    s.Bearer(e.caller).With("X-API-Key", key.Secret),
		"the same key twice":    s.Machine(key).With("Authorization", "Bearer "+key.Secret),
		"cookies and their own": s.Browser(e.caller).With("Authorization", "Bearer "+e.caller.Access),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Do(t, "GET", "/v1/me", nil).Refused(t, 400, "several_credentials")
		})
	}
	for _, header := range []string{"X-Api-Key", "Authorization"} {
		c := s.Anonymous()
		c.Header[header] = []string{"Bearer " + key.Secret, "Bearer " + other.Secret}
		c.Do(t, "GET", "/v1/me", nil).Refused(t, 400, "several_credentials")
	}
}

func TestKEY06AKeyEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, end := range []struct {
		name string
		by   func(testing.TB, place, apitest.Key)
		want int
		code string
	}{
		{"revoked", func(tb testing.TB, p place, k apitest.Key) {
			tb.Helper()
			p.Bearer(p.caller).Do(tb, "DELETE", "/v1/api-keys/"+k.ID.String(), nil).Want(tb, 204)
		}, 401, "api_key_invalid"},
		{"rotated", func(tb testing.TB, p place, k apitest.Key) {
			tb.Helper()
			p.Bearer(p.caller).Do(tb, "POST", "/v1/api-keys/"+k.ID.String()+"/rotate", map[string]any{}).Want(tb, 200)
		}, 401, "api_key_invalid"},
		{"the creator is suspended", func(tb testing.TB, p place, _ apitest.Key) {
			tb.Helper()
			p.tenant.Join(tb, rbac.Owner)
			p.tenant.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.SuspendMember(ctx, tx, p.caller.Member.ID)
				return err
			})
		}, 401, "api_key_invalid"},
		{"the creator is removed", func(tb testing.TB, p place, _ apitest.Key) {
			tb.Helper()
			p.tenant.Join(tb, rbac.Owner)
			p.tenant.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
				return tenants.RemoveMember(ctx, tx, p.caller.Member.ID)
			})
		}, 401, "api_key_invalid"},
		{"the tenant is suspended", func(tb testing.TB, p place, _ apitest.Key) {
			tb.Helper()
			p.tenant.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.Suspend(ctx, tx, "test")
				return err
			})
		}, 403, "tenant_suspended"},
		{"the tenant is deleted", func(tb testing.TB, p place, _ apitest.Key) {
			tb.Helper()
			p.Bearer(p.caller).Do(tb, "DELETE", "/v1/tenant", nil).Want(tb, 204)
		}, 401, "api_key_invalid"},
	} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			k := s.APIKey(t, p.tenant, rbac.Viewer)
			s.Machine(k).Do(t, "GET", "/v1/members", nil).Want(t, 200) // warm
			end.by(t, p, k)
			within(t, time.Second, func() bool {
				got := s.Machine(k).Do(t, "GET", "/v1/members", nil)
				return got.StatusCode == end.want && got.Problem().Code == end.code
			})
		})
	}
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, s)
		k := s.APIKey(t, p.tenant, rbac.Viewer, func(k *tenants.NewKey) { k.ExpiresAt = time.Now().Add(time.Second) })
		within(t, 3*time.Second, func() bool {
			return s.Machine(k).Do(t, "GET", "/v1/members", nil).Problem().Code == "api_key_invalid"
		})
	})
}

// within waits for what has to be true soon. It goes by when a question was asked, as the bounds do: on a busy machine its answer may take
// longer.
func within(tb testing.TB, limit time.Duration, is func() bool) {
	tb.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		asked := time.Since(began)
		if is() {
			return
		}
		if asked > limit {
			tb.Fatalf("it is not so after %s", limit)
		}
	}
}

func TestKEY08AKeyMakesNoKeyAndChangesNone(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	own := s.APIKey(t, p.tenant, rbac.Admin)
	machine := s.Machine(own)
	machine.Do(t, "GET", "/v1/me", nil).Want(t, 200)
	before := s.SnapshotOf(t, p.tenant.ID)
	machine.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "More", "role": "admin"}).Refused(t, 403, "session_required")
	machine.Do(t, "POST", "/v1/api-keys/"+own.ID.String()+"/rotate", map[string]any{"overlap_seconds": 60}).Refused(t, 403, "session_required")
	machine.Do(t, "DELETE", "/v1/api-keys/"+own.ID.String(), nil).Refused(t, 403, "session_required")
	machine.Do(t, "PATCH", "/v1/api-keys/"+own.ID.String(), map[string]any{"role": "owner"}).Refused(t, 405, "method_not_allowed")
	if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID), "api_keys"); changed != "" { // last_used_at
		t.Errorf("rows changed:\n%s", changed)
	}
	// Nor does a person make one that is stronger than they are, or touch one that is.
	admin := s.Bearer(s.Session(t, p.tenant, rbac.Admin))
	admin.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "Owner", "role": "owner"}).Refused(t, 422, "invalid_input")
}

func TestKEY09ASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	c := s.Bearer(p.caller)
	var made struct{ ID, APIKey string }
	created := c.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "Build", "role": "viewer"}).Want(t, 201)
	var raw map[string]any
	created.JSON(t, &raw)
	made.ID, _ = raw["id"].(string)
	made.APIKey, _ = raw["api_key"].(string)
	if !strings.HasPrefix(made.APIKey, "ghk_") {
		t.Fatalf("api_key = %q", made.APIKey)
	}
	part := made.APIKey[len(made.APIKey)-40:]
	answers := []*apitest.Answer{
		c.Do(t, "GET", "/v1/api-keys/"+made.ID, nil).Want(t, 200), c.Do(t, "GET", "/v1/api-keys", nil).Want(t, 200),
		c.Do(t, "GET", "/v1/events", nil).Want(t, 200),
	}
	for _, a := range append(slices.Clone(answers), created) {
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control of %s = %q, want no-store", a.Request.URL.Path, got)
		}
	}
	for _, a := range answers {
		if strings.Contains(string(a.Text), part) {
			t.Errorf("GET %s shows the secret again", a.Request.URL.Path)
		}
	}
	if strings.Contains(s.Log.String(), part) {
		t.Error("the log has the secret")
	}
}
