package usage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestAnEventCountsOnce(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, b := id.New[id.Tenant](), id.New[id.Tenant]()
	v7, v4 := uuid.Must(uuid.NewV7()).String(), uuid.NewString()
	yesterday := time.Now().Add(-24 * time.Hour)
	r.record(t, []usage.Event{call(a, v7, 1), call(a, v7, 2), call(b, v7, 3)}, "accepted", "duplicate", "accepted")
	r.record(t, []usage.Event{call(a, v7, 1), call(a, v4, 1)}, "duplicate", "accepted")
	r.record(t, []usage.Event{call(a, strings.ToUpper(v7), 1), call(a, v4, 1), call(b, v4, 1)}, "duplicate", "duplicate", "accepted")
	r.record(t, []usage.Event{call(a, "order 17", 1), call(a, "order 17", 1), call(a, "order 18", 1)}, "accepted", "duplicate", "accepted")
	again := call(a, "order 17", 1)
	again.At = yesterday // another day for the same key
	r.record(t, []usage.Event{again}, "duplicate")
	r.record(t, []usage.Event{call(a, "", 1), call(a, "", 1)}, "accepted", "accepted")
	if n := r.number(t, "SELECT count(*) FROM usage_events"); n != 8 {
		t.Errorf("%d events, want 8", n)
	}
	if diff := cmp.Diff(map[string]int64{"accepted": 8, "duplicate": 6, "refused": 0}, r.Outcomes()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if n := r.number(t, "SELECT sum(quantity)::bigint FROM usage_events WHERE tenant_id = $1", a.UUID()); n != 6 {
		t.Errorf("quantity of a = %d, want 6: the first of two with one key counts", n)
	}
}

func TestWhatCannotBeTakenIsRefusedAlone(t *testing.T) {
	t.Parallel()
	r := build(t, func(c *usage.Config) {
		c.Keep = 3
		c.Meters = func(_ context.Context, _ id.Tenant, meter string) (usage.Meter, bool, error) {
			return usage.Meter{Price: 2_500_000, Currency: "USD"}, meter != "nothing", nil
		}
	})
	a, now := id.New[id.Tenant](), time.Now()
	with := func(change func(*usage.Event)) usage.Event {
		e := call(a, "", 1)
		change(&e)
		return e
	}
	events := []usage.Event{
		call(a, "fine", 3),
		with(func(e *usage.Event) { e.Tenant = id.Tenant{} }),
		with(func(e *usage.Event) { e.Key = strings.Repeat("k", 256) }),
		with(func(e *usage.Event) { e.Key = "not\x00storable, but hashed" }),
		with(func(e *usage.Event) { e.At = now.AddDate(0, 0, -4) }),
		with(func(e *usage.Event) { e.At = now.AddDate(0, 0, -3) }),
		with(func(e *usage.Event) { e.At = now.Add(6 * time.Minute) }),
		with(func(e *usage.Event) { e.At = now.Add(4 * time.Minute) }),
		with(func(e *usage.Event) { e.Key = keyAt(now.AddDate(0, 0, -4)) }),
		with(func(e *usage.Event) { e.Key = keyAt(now.AddDate(1, 0, 0)) }),
		with(func(e *usage.Event) { e.Meter = "nothing" }),
		with(func(e *usage.Event) { e.Quantity = -1 }),
		with(func(e *usage.Event) { e.Quantity = 1_000_000_000_000_000 }),
		with(func(e *usage.Event) { e.Quantity = 999_999_999_999_999 }), // whose cost is too much
		with(func(e *usage.Event) { e.OutputTokens = -1 }),
		with(func(e *usage.Event) { e.Model = "a\x00b" }),
		with(func(e *usage.Event) { e.Model = "\xff" }),
		with(func(e *usage.Event) { e.Model = strings.Repeat("m", 256) }),
		with(func(e *usage.Event) { e.Cost, e.Currency = 5, "usd" }),
		with(func(e *usage.Event) { e.Cost, e.Currency = 5, "US$" }),
		with(func(e *usage.Event) { e.Cost, e.Currency = 5, "EUR" }),
		with(func(e *usage.Event) { e.Currency = "EUR" }),
		with(func(e *usage.Event) { e.Quantity, e.Cost, e.Currency = 0, 5, "USD" }),
	}
	r.record(t, events, "accepted", "no_tenant", "invalid_key", "accepted", "event_too_old", "accepted", "event_in_future", "accepted",
		"event_too_old", "event_in_future", "unknown_meter", "out_of_range", "out_of_range", "out_of_range", "out_of_range",
		"invalid_text", "invalid_text", "invalid_text", "no_currency", "no_currency", "currency_mismatch", "currency_mismatch", "accepted")
	if n := r.number(t, "SELECT cost FROM usage_events WHERE quantity = 3 AND currency = 'USD'"); n != 7_500 {
		t.Errorf("cost = %d, want 7,500: three units of 2,500,000 millionths of a millionth", n)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events"); n != 5 {
		t.Errorf("%d events, want 5", n)
	}
	if n := r.number(t, "SELECT count(*) FROM usage_events WHERE currency <> 'USD'"); n != 0 {
		t.Errorf("%d events in another currency than the meter's, want none", n)
	}
}

// A meter that names a currency and no price takes costs in that alone, and one that names none takes any.
func TestAMeterWithoutAPriceMayNameACurrency(t *testing.T) {
	t.Parallel()
	r := build(t, func(c *usage.Config) {
		c.Meters = func(_ context.Context, _ id.Tenant, meter string) (usage.Meter, bool, error) {
			return usage.Meter{Currency: map[string]string{"images": "EUR"}[meter]}, true, nil
		}
	})
	a := id.New[id.Tenant]()
	cost := func(meter string, cost int64, currency string) usage.Event {
		e := call(a, "", 1)
		e.Meter, e.Cost, e.Currency = meter, cost, currency
		return e
	}
	r.record(t, []usage.Event{
		cost("images", 5, ""), cost("images", 5, "EUR"), cost("images", 5, "USD"), cost("images", 0, ""), cost("images", 0, "USD"), cost("exports", 5, "JPY"), cost("exports", 5, ""),
	}, "accepted", "accepted", "currency_mismatch", "accepted", "currency_mismatch", "accepted", "no_currency")
	for currency, want := range map[string]int64{"EUR": 10, "JPY": 5, "": 0, "USD": 0} {
		if n := r.number(t, "SELECT COALESCE(sum(cost), 0)::bigint FROM usage_events WHERE currency = $1", currency); n != want {
			t.Errorf("costs in %q = %d, want %d", currency, n, want)
		}
	}
}

func TestACallOfNothingAndOfTooMuch(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	r.record(t, nil)
	if _, err := r.Record(t.Context(), make([]usage.Event, 8_001)...); err == nil || !strings.Contains(err.Error(), "too_many_events") {
		t.Errorf("Record(8,001 events) = %v, want too_many_events", err)
	}
}
