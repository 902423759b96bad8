package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestOtherAggregationsDecideWithoutAReservation(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Pro)
	c := s.Bearer(s.Session(t, tenant, rbac.Member))
	for _, tc := range []struct {
		what string
		in   body
		want meterAnswer
	}{
		{"a first thing", body{"meter": "visitors", "subject": "a"}, meterAnswer{Allowed: true}},
		{"a second", body{"meter": "visitors", "subject": "b"}, meterAnswer{Allowed: true}},
		{"one that is counted", body{"meter": "visitors", "subject": "a"}, meterAnswer{Allowed: true}},
		{"a third", body{"meter": "visitors", "subject": "c"}, meterAnswer{Clause: "quota_exceeded", Needs: "enterprise"}},
		{"a peak within", body{"meter": "seats.peak", "quantity": 5}, meterAnswer{Allowed: true}},
		{"a peak above", body{"meter": "seats.peak", "quantity": 6}, meterAnswer{Clause: "quota_exceeded", Needs: "enterprise"}},
		{"a soft limit", body{"meter": "exports"}, meterAnswer{Allowed: true}},
		{"no meter", body{"meter": "nothing"}, meterAnswer{Clause: "unknown_meter"}},
		{"a feature without a meter", body{"meter": "ai.agents"}, meterAnswer{Clause: "unknown_meter"}},
	} {
		got := checkMeter(t, c, tc.in)
		if diff := cmp.Diff(tc.want, meterAnswer{Allowed: got.Allowed, Clause: got.Clause, Needs: got.Needs}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.what, diff)
		}
	}
	if got := checkMeter(t, c, body{"meter": "exports"}); !got.Allowed || !got.Quota.Over {
		t.Errorf("check above a soft limit = %+v, want allowed and over", got)
	}
	free := s.Bearer(s.Session(t, s.NewTenant(t, billing.Free), rbac.Member))
	if got := checkMeter(t, free, body{"meter": "exports"}); got.Allowed || got.Clause != "feature_not_in_plan" || got.Needs != "pro" {
		t.Errorf("check of a soft meter that is not sold = %+v, want feature_not_in_plan", got)
	}
}

func TestChecksOfMetersThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	c := s.Bearer(s.Session(t, s.NewTenant(t, billing.Free), rbac.Owner))
	for field, in := range map[string]body{
		"meter":        {"permission": "chat:use", "record": "x"},
		"hold_seconds": {"meter": "ai.calls", "hold_seconds": 3601},
		"record":       {"meter": "ai.calls", "model": "large"},
		"explain":      {"meter": "ai.calls", "explain": true},
		"cost":         {"meter": "ai.calls", "cost": -1},
		"quantity":     {"meter": "ai.tokens", "quantity": 1_000_000_000_000_000},
	} {
		p := c.Do(t, http.MethodPost, "/v1/check", in).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
		if !strings.Contains(fmt.Sprint(p), field) {
			t.Errorf("check of %v = %v, want it to name %s", in, p, field)
		}
	}
	p := c.Do(t, http.MethodPost, "/v1/check/batch", body{"checks": []any{body{"permission": "chat:use"}, body{"meter": "ai.calls"}}}).
		Refused(t, http.StatusUnprocessableEntity, "invalid_input")
	if !strings.Contains(fmt.Sprint(p), "checks.1.meter") {
		t.Errorf("a batch with a meter = %v, want it to name checks.1.meter", p)
	}
}

func TestQuotasOfATenant(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	member := s.Session(t, tenant, rbac.Member)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		return quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.tokens", Measure: quota.Events, Kind: quota.OfUser, Period: billing.Day, Amount: 5})
	})
	checkMeter(t, s.Bearer(member), body{"meter": "ai.tokens", "quantity": 300})
	type standing struct {
		Meter, Unit, Kind, User, Measure, Period string
		Limit, Used, Remaining                   int64
		Soft                                     bool
		ByPlan                                   bool `json:"by_plan"`
	}
	var got struct{ Items []standing }
	s.Bearer(s.Session(t, tenant, rbac.Admin)).Do(t, http.MethodGet, "/v1/quotas", nil).Want(t, http.StatusOK).JSON(t, &got)
	want := []standing{
		{"visitors", "", "tenant", "", "subjects", "month", 2, 0, 2, false, true},
		{"exports", "", "tenant", "", "events", "month", 0, 0, 0, true, true},
		{"ai.tokens", "tokens", "tenant", "", "quantity", "month", 1000, 300, 700, false, true},
		{"ai.calls", "", "tenant", "", "events", "day", 3, 0, 3, false, true},
		{"ai.tokens", "tokens", "user", member.Member.UserID.String(), "events", "day", 5, 1, 4, false, false},
	}
	if diff := cmp.Diff(want, got.Items); diff != "" {
		t.Errorf("quotas (-want +got):\n%s", diff)
	}
	s.Bearer(s.Session(t, tenant, rbac.Viewer)).Do(t, http.MethodGet, "/v1/quotas", nil).Refused(t, http.StatusForbidden, "role_lacks_permission")
	var other struct{ Items []standing }
	s.Bearer(s.Session(t, s.NewTenant(t, billing.Free), rbac.Admin)).Do(t, http.MethodGet, "/v1/quotas", nil).Want(t, http.StatusOK).JSON(t, &other)
	for _, q := range other.Items {
		if q.Used != 0 {
			t.Errorf("another tenant's quota = %+v, want nothing used", q)
		}
	}
}
