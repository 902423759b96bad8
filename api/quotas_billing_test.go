package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const billedCatalog = `
version: 1
features:
  ai.tokens: {numbers: {free: 1000}, period: billing, meter: {unit: tokens}}
`

// A billing period that moves is that of the next check, of the list of quotas, and of nobody else; what is reserved stays taken.
func TestQuotasFollowTheBilling(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) { c.Catalog = []byte(billedCatalog) })
	tenant, other := s.NewTenant(t, billing.Free), s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Owner))
	resets := func(c *apitest.Client) time.Time {
		var got struct {
			Items []struct {
				ResetsAt time.Time `json:"resets_at"`
			}
		}
		c.Do(t, http.MethodGet, "/v1/quotas", nil).Want(t, http.StatusOK).JSON(t, &got)
		if len(got.Items) != 1 {
			t.Fatalf("GET /v1/quotas lists %d, want 1", len(got.Items))
		}
		return got.Items[0].ResetsAt
	}
	now := time.Now().UTC().Truncate(time.Hour)
	if _, ends := billing.Month.Bounds(now, time.Time{}); !resets(c).Equal(ends) {
		t.Errorf("before billing begins quotas reset at %v, want %v", resets(c), ends)
	}
	for _, days := range []int{13, 5} {
		begins := now.AddDate(0, 0, -days)
		tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := tenants.SetBilling(ctx, tx, begins)
			return err
		})
		_, ends := billing.Billing.Bounds(begins, begins)
		for end := time.Now().Add(10 * time.Second); !resets(c).Equal(ends) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		if got := resets(c); !got.Equal(ends) {
			t.Fatalf("after billing began %v quotas reset at %v, want %v", begins, got, ends)
		}
		if got := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 300}); !got.Allowed || !got.Quota.ResetsAt.Equal(ends) {
			t.Errorf("a check then = %+v, want it allowed, of a budget that resets at %v", got, ends)
		}
	}
	if got := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 401}); got.Allowed || got.Quota.Used != 600 {
		t.Errorf("a check of 401 while 300 and 300 are reserved = %+v, want it refused", got)
	}
	if _, ends := billing.Month.Bounds(now, time.Time{}); !resets(s.Bearer(s.Session(t, other, rbac.Owner))).Equal(ends) {
		t.Errorf("another tenant's quotas do not reset at %v any more", ends)
	}
}
