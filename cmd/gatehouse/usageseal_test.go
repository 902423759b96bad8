package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// sealedWorld is a metered world whose events of acme were recorded on the last day of the month before and are sealed.
func sealedWorld(tb testing.TB) (w world, month string) {
	tb.Helper()
	w, r, acme, globex := metered(tb)
	r.record(tb,
		usage.Event{Key: "invoice 17", Tenant: acme, Meter: "ai.tokens", Quantity: 800, Model: "large", Cost: 1_500_000, Currency: "USD"},
		usage.Event{Tenant: acme, Meter: "calls", Quantity: 2}, usage.Event{Tenant: globex, Meter: "calls", Quantity: 77},
	)
	r.fold(tb, w)
	now := time.Now().UTC()
	last := time.Date(now.Year(), now.Month(), 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
	w.exec(tb, "UPDATE usage_events SET received_at = '"+last.Format(time.RFC3339)+"', at = '"+last.Format(time.RFC3339)+"'")
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) { // transactions of other tests hold it up
		if got := command(tb, w.env, "usage", "seal", "--day", now.AddDate(0, 0, -1).Format(time.DateOnly)); got.code == 0 {
			return w, last.Format("2006-01")
		} else if time.Now().After(deadline) {
			tb.Fatalf("usage seal = %+v", got)
		}
	}
}

func TestUsageSeal(t *testing.T) {
	t.Parallel()
	w, _ := sealedWorld(t)
	if said := fail(t, w.env, "usage", "seal", "--day", time.Now().UTC().Format(time.DateOnly)); !strings.Contains(said, "is not over") {
		t.Errorf("usage seal --day of today said %q", said)
	}
	if got := succeed(t, w.env, "usage", "seal"); got != "nothing to seal\n" {
		t.Errorf("usage seal once more printed %q", got)
	}
	w.exec(t, "UPDATE usage_seals SET root = head WHERE events = 2")
	got := command(t, w.env, "usage", "verify")
	if got.code != 1 || !strings.Contains(got.out, "the events are not those that were sealed") {
		t.Errorf("usage verify = %+v, want a broken seal", got)
	}
}
