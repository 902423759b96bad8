package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

const meters = `version: 1
features:
  calls: {meter: true, numbers: {free: 5}}
  ai.tokens:
    meter: {unit: tokens, cost: 15000000, currency: USD, unavailable: open, cap: 100}
    period: billing
    numbers: {free: 50, enterprise: unlimited}
  ai.images: {meter: {aggregation: count, currency: EUR}, numbers: {pro: 5}}
  people: {meter: {aggregation: unique, limit: soft}, period: day, numbers: {team: 3}}
  seats: {numbers: {free: 1}}
`

func TestMeters(t *testing.T) {
	t.Parallel()
	c := parse(t, meters)
	got := map[billing.Feature]billing.Meter{}
	for _, f := range c.Features() {
		if m, metered := c.Meter(f.Name); metered {
			got[f.Name] = m
		} else if f.Meter != (billing.Meter{}) {
			t.Errorf("the meter of %s = %+v, want none", f.Name, f.Meter)
		}
	}
	want := map[billing.Feature]billing.Meter{
		"calls": billing.PlainMeter(),
		"ai.tokens": {
			Unit: "tokens", Aggregation: billing.Sum, Unavailable: billing.Open, Cap: 100,
			Sale: billing.Sale{Period: billing.Billing, Limit: billing.Hard, Cost: 15_000_000, Currency: "USD"},
		},
		"ai.images": {
			Aggregation: billing.Count, Unavailable: billing.Closed, Sale: billing.Sale{Period: billing.Month, Limit: billing.Hard, Currency: "EUR"},
		},
		"people": {
			Aggregation: billing.Unique, Unavailable: billing.Closed, Sale: billing.Sale{Period: billing.Day, Limit: billing.Soft},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("meters (-want +got):\n%s", diff)
	}
}

// A tenant keeps the price, the period and the limit that it has bought; what only the server does with a meter is as in the newest file.
func TestAVersionOfAPlanPinsWhatAMeterIsSoldFor(t *testing.T) {
	t.Parallel()
	before := parse(t, "version: 1\nfeatures:\n  ai.tokens: {meter: {cost: 9, currency: EUR}, numbers: {free: 5, pro: 70}}\n  calls: {from: team}\n")
	after := parse(t, meters)
	var versions []billing.PlanVersion
	for _, plan := range billing.Plans() {
		versions = append(versions, billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 1}, Terms: before.Terms(plan)},
			billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 2}, Terms: after.Terms(plan)})
	}
	c, err := after.WithVersions(versions)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	override := []billing.Override{{Feature: "ai.tokens", On: true, Number: &billing.Number{Value: 8}}}
	for _, tt := range []struct {
		name   string
		e      billing.Entitlements
		sale   billing.Sale
		number int64
	}{
		{"old", billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 1}}, billing.Sale{Period: billing.Month, Limit: billing.Hard, Cost: 9, Currency: "EUR"}, 70},
		{"new", billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 2}}, after.Terms(billing.Pro).Sale("ai.tokens"), 50},
		{"overridden", billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 2}, Overrides: override}, after.Terms(billing.Pro).Sale("ai.tokens"), 8},
	} {
		m, n, metered := c.MeterOf(&tt.e, "ai.tokens", now)
		if !metered || m.Sale != tt.sale || n.Value != tt.number || m.Unit != "tokens" {
			t.Errorf("MeterOf(%s) = %+v, %v, %v, want %+v and %d", tt.name, m, n, metered, tt.sale, tt.number)
		}
	}
	e := billing.Entitlements{Pin: billing.Pin{Plan: billing.Team, Version: 1}}
	if _, _, metered := c.MeterOf(&e, "seats", now); metered {
		t.Error("MeterOf(seats) is metered, want it not to be")
	}
	want := []catalog.SaleShift{{Feature: "ai.tokens", From: before.Terms(billing.Pro).Sale("ai.tokens"), To: after.Terms(billing.Pro).Sale("ai.tokens")}}
	if diff := cmp.Diff(want, catalog.DiffMeters(before, after, billing.Pro)); diff != "" {
		t.Errorf("DiffMeters() (-want +got):\n%s", diff)
	}
	old := billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 1}}
	moved := billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 2}}
	if diff := cmp.Diff(want, c.Shift(&old, &moved, now).Meters); diff != "" {
		t.Errorf("Shift().Meters (-want +got):\n%s", diff)
	}
}
