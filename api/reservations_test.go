package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// A reservation that no budget holds anything for has nothing that it could be too late for.
func TestAReservationThatHoldsNothingIsNeverLate(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	unlimited := s.Bearer(s.Session(t, s.NewTenant(t, billing.Enterprise), rbac.Member))
	over := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Member))
	checkMeter(t, over, body{"meter": "exports", "record": "all that there is"})
	for what, tc := range map[string]struct {
		by    *apitest.Client
		meter string
	}{"without a limit": {unlimited, "ai.tokens"}, "above a soft one": {over, "exports"}} {
		var soon, late, released meterAnswer
		for _, made := range []*meterAnswer{&soon, &late, &released} {
			*made = checkMeter(t, tc.by, body{"meter": tc.meter, "hold_seconds": 1})
			if !made.Allowed || made.Reservation == nil {
				t.Fatalf("%s: check = %+v, want a reservation", what, made)
			}
		}
		settle := func(made meterAnswer, want string) {
			t.Helper()
			var settled struct {
				Status      string
				Late, Above bool
			}
			tc.by.Do(t, http.MethodPost, "/v1/reservations/"+made.Reservation.ID+"/settle", body{}).Want(t, http.StatusOK).JSON(t, &settled)
			if settled.Status != want || settled.Late || settled.Above {
				t.Errorf("%s: settle = %+v, want %s and nothing else", what, settled, want)
			}
		}
		settle(soon, "accepted")
		time.Sleep(time.Until(late.Reservation.ExpiresAt) + 100*time.Millisecond)
		settle(late, "accepted")
		settle(late, "duplicate")
		var gone struct{ Late, Repeated bool }
		tc.by.Do(t, http.MethodPost, "/v1/reservations/"+released.Reservation.ID+"/release", nil).Want(t, http.StatusOK).JSON(t, &gone)
		if gone.Late || gone.Repeated {
			t.Errorf("%s: release = %+v, want nothing to say", what, gone)
		}
	}
}

// Whoever may ask may reserve of what the tenant has, in their own name, and a budget for each of its people is what bounds that.
func TestABudgetForEachBoundsWhatOneMayReserve(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	owner := s.Bearer(s.Session(t, tenant, rbac.Owner))
	greedy, other := s.Bearer(s.Session(t, tenant, rbac.Viewer)), s.Bearer(s.Session(t, tenant, rbac.Member))
	all := checkMeter(t, greedy, body{"meter": "ai.tokens", "quantity": 1000})
	if !all.Allowed {
		t.Fatalf("check of all by one = %+v, want allowed: nothing bounds it", all)
	}
	if got := checkMeter(t, other, body{"meter": "ai.tokens"}); got.Allowed || got.Quota.Budget.Kind != "tenant" {
		t.Errorf("check by another meanwhile = %+v, want refused by the tenant's budget", got)
	}
	greedy.Do(t, http.MethodPost, "/v1/reservations/"+all.Reservation.ID+"/release", nil).Want(t, http.StatusOK)

	owner.Do(t, http.MethodPut, "/v1/quota-rules/ai.tokens/user/quantity/month", body{"amount": 300}).Want(t, http.StatusOK)
	for range 6 { // each of fifty, held and not used
		if got := checkMeter(t, greedy, body{"meter": "ai.tokens", "quantity": 50, "hold_seconds": 3600}); !got.Allowed {
			t.Fatalf("check within the budget for each = %+v, want allowed", got)
		}
	}
	for what, in := range map[string]body{
		"a reservation": {"meter": "ai.tokens"}, "what is recorded": {"meter": "ai.tokens", "record": "x"}, "a short one": {"meter": "ai.tokens", "hold_seconds": 1},
	} {
		if got := checkMeter(t, greedy, in); got.Allowed || got.Quota.Limit != 300 || got.Quota.Budget.Kind != "user" {
			t.Errorf("%s above the budget for each = %+v, want refused by 300 of the user", what, got)
		}
	}
	if got := checkMeter(t, other, body{"meter": "ai.tokens", "quantity": 300}); !got.Allowed {
		t.Errorf("check by another = %+v, want allowed: what one holds is theirs alone", got)
	}
}
