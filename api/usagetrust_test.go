package api_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// usageRow is an event as it is stored.
type usageRow struct {
	Meter, Currency string
	Quantity, Cost  int64
}

// usageRows reads what is stored of a tenant, past everything that reports do.
func usageRows(t *testing.T, s *apitest.Server, tenant *apitest.Tenant) (rows []usageRow) {
	t.Helper()
	found, err := s.Admin.Query(t.Context(), "SELECT meter, quantity, cost, currency FROM usage_events WHERE tenant_id = $1 ORDER BY quantity, cost", tenant.ID.UUID())
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var r usageRow
		if err := found.Scan(&r.Meter, &r.Quantity, &r.Cost, &r.Currency); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// wantRows holds what is stored of a tenant to what is wanted.
func wantRows(t *testing.T, s *apitest.Server, tenant *apitest.Tenant, when string, want ...usageRow) {
	t.Helper()
	if diff := cmp.Diff(want, usageRows(t, s, tenant)); diff != "" {
		t.Errorf("rows after %s (-want +got):\n%s", when, diff)
	}
}

type settledAnswer struct {
	Status      string
	Late, Above bool
}

func settleMeter(t *testing.T, c *apitest.Client, made meterAnswer, in body) (out settledAnswer) {
	t.Helper()
	c.Do(t, http.MethodPost, settlePath(made), in).Want(t, http.StatusOK).JSON(t, &out)
	return out
}

func settlePath(made meterAnswer) string {
	return "/v1/reservations/" + made.Reservation.ID + "/settle"
}

// untrusted are callers of a tenant who may use, and not say what a use came to.
func untrusted(t *testing.T, s *apitest.Server, tenant *apitest.Tenant) map[string]*apitest.Client {
	t.Helper()
	return map[string]*apitest.Client{
		"a viewer":             s.Bearer(s.Session(t, tenant, rbac.Viewer)),
		"a member":             s.Bearer(s.Session(t, tenant, rbac.Member)),
		"a machine of members": s.Machine(s.APIKey(t, tenant, rbac.Member)),
	}
}

func TestWhoMayNotRecordNamesNoCostOfASettledReservation(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, who := range []string{"a viewer", "a member", "a machine of members"} {
		tenant := s.NewTenant(t, billing.Free)
		c := untrusted(t, s, tenant)[who]
		made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 600})
		for _, forged := range []body{
			{"quantity": 1, "cost": 999_999_999_999_999, "currency": "JPY"}, {"quantity": 1, "cost": 1}, {"currency": "EUR"}, {"quantity": 999_999_999, "cost": 1},
		} {
			p := c.Do(t, http.MethodPost, settlePath(made), forged).Refused(t, http.StatusForbidden, "role_lacks_permission")
			if p.NeedsRole != "admin" {
				t.Errorf("settle(%v) by %s needs_role = %q, want admin", forged, who, p.NeedsRole)
			}
		}
		wantRows(t, s, tenant, "forged costs by "+who)
		if got := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 401}); got.Allowed {
			t.Errorf("check of 401 by %s = %+v, want refused: the reservation of 600 stands", who, got)
		}
		if got := settleMeter(t, c, made, body{"quantity": 500, "model": "large"}); got != (settledAnswer{Status: "accepted"}) {
			t.Errorf("settle(500) by %s = %+v, want accepted", who, got)
		}
		wantRows(t, s, tenant, "an honest settle by "+who, usageRow{"ai.tokens", "USD", 500, 1000})
	}
}

func TestWhoMayNotRecordSettlesNothingAboveWhatWasReserved(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, who := range []string{"a viewer", "a member", "a machine of members"} {
		tenant := s.NewTenant(t, billing.Free)
		c := untrusted(t, s, tenant)[who]
		made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 1})
		for _, above := range []int64{2, 1001, 999_999_999_999_999} {
			c.Do(t, http.MethodPost, settlePath(made), body{"quantity": above}).Refused(t, http.StatusUnprocessableEntity, "above_reservation")
		}
		wantRows(t, s, tenant, "settles above by "+who)
		if got := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 1000}); got.Allowed {
			t.Errorf("check of all by %s = %+v, want refused: the reservation of 1 stands", who, got)
		}
		if got := settleMeter(t, c, made, body{}); got != (settledAnswer{Status: "accepted"}) {
			t.Errorf("settle of all that was reserved by %s = %+v, want accepted", who, got)
		}
		wantRows(t, s, tenant, "an honest settle by "+who, usageRow{"ai.tokens", "USD", 1, 2})
	}
}

// A low cost that somebody names for a reservation buys no more than it.
func TestALowCostReservesNoHigherOne(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Viewer))
	made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 500, "cost": 10})
	c.Do(t, http.MethodPost, settlePath(made), body{}).Refused(t, http.StatusUnprocessableEntity, "above_reservation")
	wantRows(t, s, tenant, "a settle that costs more")
	if got := settleMeter(t, c, made, body{"quantity": 5}); got != (settledAnswer{Status: "accepted"}) {
		t.Errorf("settle of what 10 pays for = %+v, want accepted", got)
	}
	wantRows(t, s, tenant, "an honest settle", usageRow{"ai.tokens", "USD", 5, 10})
}

func TestWhoMayRecordSettlesAboveAndNamesTheCost(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, who := range []string{"an admin", "a machine of admins", "a machine of admins, for a viewer", "a machine of admins, in a suspended tenant"} {
		tenant := s.NewTenant(t, billing.Free)
		reserves := s.Machine(s.APIKey(t, tenant, rbac.Admin))
		settles := reserves
		switch who {
		case "an admin":
			reserves = s.Bearer(s.Session(t, tenant, rbac.Admin))
			settles = reserves
		case "a machine of admins, for a viewer":
			reserves = s.Bearer(s.Session(t, tenant, rbac.Viewer))
		}
		made := checkMeter(t, reserves, body{"meter": "ai.tokens", "quantity": 10})
		if who == "a machine of admins, in a suspended tenant" {
			tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.Suspend(ctx, tx, "unpaid")
				return err
			})
		}
		if got := settleMeter(t, settles, made, body{"quantity": 12, "cost": 77, "currency": "USD"}); got != (settledAnswer{Status: "accepted", Above: true}) {
			t.Errorf("settle(12 of 10) by %s = %+v, want accepted and above", who, got)
		}
		wantRows(t, s, tenant, "a settle by "+who, usageRow{"ai.tokens", "USD", 12, 77})
	}
}

// What is decided is by the role of now, and not by that of when a session began.
func TestWhoMayRecordNoLongerNamesNoCost(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	admin := s.Session(t, tenant, rbac.Admin)
	c := s.Bearer(admin)
	made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 10})
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodPatch, "/v1/members/"+admin.Member.ID.String(), body{"role": "viewer"}).Want(t, http.StatusOK)
	c.Do(t, http.MethodPost, settlePath(made), body{"cost": 1}).Refused(t, http.StatusForbidden, "role_lacks_permission")
	c.Do(t, http.MethodPost, settlePath(made), body{"quantity": 11}).Refused(t, http.StatusUnprocessableEntity, "above_reservation")
	wantRows(t, s, tenant, "settles by who was an admin")
}

func TestWhoMayNotRecordNamesNoCostOfWhatACheckRecords(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, who := range []string{"a viewer", "a member", "a machine of members"} {
		tenant := s.NewTenant(t, billing.Free)
		c := untrusted(t, s, tenant)[who]
		in := body{"meter": "ai.tokens", "record": "answer-1"}
		for _, forged := range []body{{"cost": 999_999_999_999_999, "currency": "JPY"}, {"cost": 1}, {"currency": "EUR"}} {
			forged := maps.Clone(forged)
			maps.Copy(forged, in)
			p := c.Do(t, http.MethodPost, "/v1/check", forged).Refused(t, http.StatusForbidden, "role_lacks_permission")
			if p.NeedsRole != "admin" {
				t.Errorf("check(%v) by %s needs_role = %q, want admin", forged, who, p.NeedsRole)
			}
		}
		wantRows(t, s, tenant, "forged costs by "+who)
		in["quantity"] = 1000 // nothing was taken
		if got := checkMeter(t, c, in); !got.Allowed || got.Recorded != "accepted" {
			t.Errorf("check of all by %s = %+v, want accepted", who, got)
		}
		wantRows(t, s, tenant, "an honest check by "+who, usageRow{"ai.tokens", "USD", 1000, 2000})
	}
	tenant := s.NewTenant(t, billing.Free)
	c := s.Machine(s.APIKey(t, tenant, rbac.Admin))
	if got := checkMeter(t, c, body{"meter": "ai.tokens", "record": "answer-1", "cost": 77, "currency": "USD"}); got.Recorded != "accepted" {
		t.Errorf("check with a cost by a machine of admins = %+v, want accepted", got)
	}
	wantRows(t, s, tenant, "a cost by a machine of admins", usageRow{"ai.tokens", "USD", 1, 77})
}

// An id that somebody gives away beforehand takes nothing from the product's event of that id, nor from anybody else's.
func TestIDsOfWhoMayNotRecordAreTheirOwn(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, key := range []string{"answer-1", id.New[id.Request]().UUID().String()} {
		tenant := s.NewTenant(t, billing.Free)
		product := s.Machine(s.APIKey(t, tenant, rbac.Admin))
		count, n := func(who string, c *apitest.Client, quantity int, want string) {
			t.Helper()
			if got := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": quantity, "record": key}); got.Recorded != want {
				t.Errorf("check that records %q by %s = %+v, want %s", key, who, got, want)
			}
		}, 1
		var want []usageRow
		for who, c := range untrusted(t, s, tenant) {
			count(who, c, n, "accepted")
			count(who, c, n, "duplicate")
			want = append(want, usageRow{"ai.tokens", "USD", int64(n), int64(2 * n)})
			n++
		}
		wantRows(t, s, tenant, fmt.Sprintf("%q by three", key), want...)
		var recorded struct{ Accepted, Duplicates int }
		for _, accepted := range []int{1, 0} {
			product.Do(t, http.MethodPost, "/v1/usage", body{"id": key, "meter": "ai.tokens", "quantity": 50}).Want(t, http.StatusOK).JSON(t, &recorded)
			if recorded.Accepted != accepted || recorded.Duplicates != 1-accepted {
				t.Errorf("usage %q of the product = %+v, want %d accepted", key, recorded, accepted)
			}
		}
		count("the product", product, 60, "duplicate")
		count("an admin", s.Bearer(s.Session(t, tenant, rbac.Admin)), 60, "duplicate")
		wantRows(t, s, tenant, fmt.Sprintf("%q by all", key), append(want, usageRow{"ai.tokens", "USD", 50, 100})...)
	}
}

func TestAnIDOfACheckHasABound(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	long := strings.Repeat("x", 256)
	for who, c := range untrusted(t, s, tenant) {
		if p := c.Do(t, http.MethodPost, "/v1/check", body{"meter": "ai.tokens", "record": long}).Refused(t, http.StatusUnprocessableEntity, "invalid_input"); p.Fields[0].Name != "record" {
			t.Errorf("check with an id of 256 bytes by %s = %+v, want it to name record", who, p)
		}
	}
	wantRows(t, s, tenant, "ids that are too long")
}
