package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// An API key is not asked to sign in again. Whoever holds an old session could otherwise make one, and change with it what the session
// alone may not: where the tenant's people sign in.
func TestXT09AnOldSessionMakesNoKey(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	key := s.APIKey(t, tenant, rbac.Admin)
	old := s.Bearer(s.Session(t, tenant, rbac.Admin, apitest.SignedInAgo(time.Hour)))
	old.Do(t, http.MethodPost, "/v1/connections", tenant.Connection()).Refused(t, http.StatusForbidden, "reauth_required")
	old.Do(t, http.MethodPost, "/v1/api-keys", map[string]any{"name": "mine", "role": "admin"}).Refused(t, http.StatusUnauthorized, "reauth_required")
	old.Do(t, http.MethodPost, "/v1/api-keys/"+key.ID.String()+"/rotate", map[string]any{"overlap_seconds": 60}).
		Refused(t, http.StatusUnauthorized, "reauth_required")
}
