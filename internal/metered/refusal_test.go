package metered_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/metered"
)

// takes are the ways in which something is asked for, without what is taken.
func takes(m *metered.Meters) map[string]func(context.Context, *authn.Principal, metered.Use) (bool, access.Decision, metered.State, error) {
	return map[string]func(context.Context, *authn.Principal, metered.Use) (bool, access.Decision, metered.State, error){
		"Take": func(ctx context.Context, p *authn.Principal, u metered.Use) (bool, access.Decision, metered.State, error) {
			h, d, s, err := m.Take(ctx, p, u)
			return h != nil, d, s, err
		},
		"Reserve": func(ctx context.Context, p *authn.Principal, u metered.Use) (bool, access.Decision, metered.State, error) {
			u.Lasts = time.Minute
			r, d, s, err := m.Reserve(ctx, p, u)
			return r != nil, d, s, err
		},
		"Ask": func(ctx context.Context, p *authn.Principal, u metered.Use) (bool, access.Decision, metered.State, error) {
			d, s, err := m.Ask(ctx, p, u)
			return false, d, s, err
		},
	}
}

func TestAUseThatCannotBeIsRefusedBeforeAnythingIsTaken(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	for name, take := range takes(r.Meters) {
		for _, tt := range []struct {
			use   metered.Use
			code  string
			field string
		}{
			{metered.Use{Meter: "tokens", Quantity: -1}, "invalid_input", "quantity"},
			{metered.Use{Meter: "images", Quantity: 1_000_000_000_000_000}, "invalid_input", "quantity"},
			{metered.Use{Meter: "tokens", Quantity: 999_999_999_999_999}, "invalid_input", "quantity"}, // by its price
			{metered.Use{Meter: "tokens", Quantity: 1, Cost: -1}, "invalid_input", "cost"},
			{metered.Use{Meter: "tokens", Quantity: 1, Cost: 1_000_000_000_000_000}, "invalid_input", "cost"},
			{metered.Use{Meter: "guests", Quantity: 1, Subject: strings.Repeat("s", 256)}, "invalid_input", "subject"},
			{metered.Use{Meter: "tokens", Quantity: 1, Cost: 1, Currency: "EUR"}, "currency_mismatch", ""},
		} {
			took, d, _, err := take(t.Context(), p, tt.use)
			e := errs.As(err)
			if took || d.Clause != "" || e.Code != tt.code || tt.field != "" && (len(e.Fields) != 1 || e.Fields[0].Name != tt.field) {
				t.Errorf("%s(%+v) = %v, %+v, %v, want %s of %q", name, tt.use, took, d, err, tt.code, tt.field)
			}
		}
		if took, d, _, err := take(t.Context(), p, metered.Use{Meter: "nothing", Quantity: 1}); took || err != nil || d.Clause != "unknown_meter" {
			t.Errorf("%s of no meter = %v, %+v, %v, want the clause unknown_meter", name, took, d, err)
		}
		// A soft limit lets pass what is above a number, and not what the plan does not have.
		took, d, _, err := take(t.Context(), p, metered.Use{Meter: "exports", Quantity: 1})
		if took || err != nil || d.Allowed || d.Clause != "feature_not_in_plan" || d.NeedsPlan != "pro" {
			t.Errorf("%s of what is not sold = %v, %+v, %v, want feature_not_in_plan and pro", name, took, d, err)
		}
	}
	if n := r.held(p.Tenant); n != 0 {
		t.Errorf("%d are held, want nothing", n)
	}
}

func TestARefusalSaysWhichBudgetAndWhatHelps(t *testing.T) {
	t.Parallel()
	r := build(t)
	for name, take := range takes(r.Meters) {
		p, ruled := r.member(), r.member()
		_, d, s, err := take(t.Context(), p, metered.Use{Meter: "tokens", Quantity: 1001})
		if err != nil || d.Clause != "quota_exceeded" || d.NeedsPlan != "pro" || d.ID.IsZero() || s.Budget == nil || !s.Budget.ByPlan || s.Budget.Kind != quota.OfTenant {
			t.Fatalf("%s above the plan = %+v, %+v, %v, want quota_exceeded by the plan's budget, and pro", name, d, s, err)
		}
		now := r.Access.Now()
		e := metered.Refusal(d, s, now)
		if e.Kind != errs.TooMany || e.Code != "quota_exceeded" || e.Extra["limit"] != int64(1000) || e.Extra["used"] != int64(0) || e.Extra["remaining"] != int64(1000) ||
			e.Extra["needs_plan"] != "pro" || e.Extra["meter"] != billing.Feature("tokens") || e.Extra["decision_id"] != d.ID.String() {
			t.Errorf("%s: Refusal() = %v %+v, want 429 with what is known", name, e, e.Extra)
		}
		if e.RetryAfter <= 0 || e.RetryAfter > 24*time.Hour || !s.ResetsAt.After(now) {
			t.Errorf("%s: Retry-After = %v and it resets at %v, want a day at most", name, e.RetryAfter, s.ResetsAt)
		}
		past := metered.Refusal(d, s, s.ResetsAt.Add(time.Hour))
		if past.RetryAfter != time.Second {
			t.Errorf("%s: Retry-After when it has reset = %v, want a second", name, past.RetryAfter)
		}

		r.must(r.db.Tenant(t.Context(), ruled.Tenant, func(tx *db.TenantTx) error {
			return quota.SetRule(t.Context(), tx, quota.Rule{
				Meter: "tokens", Measure: quota.Cost, Currency: "USD", Kind: quota.OfUser, Subject: uuid.Nil, Period: billing.Day, Amount: 5,
			})
		}))
		_, d, s, err = take(t.Context(), ruled, metered.Use{Meter: "tokens", Quantity: 3}) // which costs 6
		if err != nil || d.Clause != "quota_exceeded" || d.NeedsPlan != "" || s.Budget == nil || *s.Budget != (metered.Budget{quota.OfUser, quota.Cost, "USD", billing.Day, false}) {
			t.Errorf("%s above a rule = %+v, %+v, %v, want quota_exceeded by the user's budget and no plan", name, d, s.Budget, err)
		}
	}
	_, d, s, _ := r.Take(t.Context(), r.member(), metered.Use{Meter: "nothing", Quantity: 1})
	if e := metered.Refusal(d, s, r.Access.Now()); e.Kind != errs.Forbidden || e.Code != "unknown_meter" || e.RetryAfter != 0 {
		t.Errorf("Refusal() of no meter = %v, want 403 unknown_meter: no time helps", e)
	}
}

// A plan helps that has one call more, however much the call itself is.
func TestWhatCountsCallsIsRefusedByThem(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	for range 3 {
		r.take(r.Meters, p, metered.Use{Meter: "calls", Quantity: 60})
	}
	h, d, s, err := r.Take(t.Context(), p, metered.Use{Meter: "calls", Quantity: 60})
	if h != nil || err != nil || d.Clause != "quota_exceeded" || d.NeedsPlan != "pro" || s.Budget.Measure != quota.Events || *s.Used != 3 {
		t.Errorf("Take of a fourth call = %v, %+v, %+v, %v, want it refused with 3 used, and pro", h, d, s, err)
	}
}

// What is no answer of the engine is one to callers that says nothing of it.
func TestAFailureOfTheEngineIsUnavailable(t *testing.T) {
	t.Parallel()
	r := build(t)
	made, _, _, err := r.Reserve(t.Context(), r.member(), metered.Use{Meter: "tokens", Quantity: 1}) // for no time
	if made != nil || errs.CodeOf(err) != access.ErrStale.Code || strings.Contains(errs.As(err).Detail, "quota") {
		t.Errorf("Reserve() for no time = %v, %v, want %v", made, err, access.ErrStale)
	}
}

// Of what is largest nothing is reserved, and of unique things each counts at once.
func TestWhatIsNoSumIsDecidedWithoutAReservation(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	for _, tt := range []struct {
		use  metered.Use
		want string
	}{
		{metered.Use{Meter: "peak", Quantity: 5}, ""},
		{metered.Use{Meter: "peak", Quantity: 5}, ""},
		{metered.Use{Meter: "peak", Quantity: 6}, "quota_exceeded"},
		{metered.Use{Meter: "guests", Quantity: 1, Subject: "a"}, ""},
		{metered.Use{Meter: "guests", Quantity: 1, Subject: "a"}, ""},
		{metered.Use{Meter: "guests", Quantity: 1, Subject: "b"}, "quota_exceeded"},
	} {
		tt.use.Lasts = time.Minute
		if made, d, _, err := r.Reserve(t.Context(), p, tt.use); made != nil || err != nil || d.Clause != tt.want {
			t.Errorf("Reserve(%+v) = %+v, %+v, %v, want no reservation and %q", tt.use, made, d, err, tt.want)
		}
	}
	if _, _, err := r.Ask(t.Context(), p, metered.Use{Meter: "guests", Quantity: 1, Subject: "c"}); errs.CodeOf(err) != "invalid_input" {
		t.Errorf("Ask(guests) = %v, want invalid_input: whether one is new is known once it is counted", err)
	}
}
