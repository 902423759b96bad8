package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const counted = `version: 1
features:
  chat: {from: pro}
  seats: {title: Seats, numbers: {pro: 10, enterprise: unlimited}}
  calls: {meter: true, numbers: {free: 5}}
  exports: {meter: true, period: day, numbers: {team: 1}, description: What leaves.}
permissions:
  seats:fill: {group: Seats, description: To fill one., feature: seats}
roles:
  member: {permissions: [seats:fill]}
`

func TestNumbers(t *testing.T) {
	t.Parallel()
	c := parse(t, counted)
	type answer struct {
		N                int64
		Unlimited, Known bool
	}
	for _, tc := range []struct {
		plan    billing.Plan
		feature billing.Feature
		want    answer
	}{
		{billing.Free, "seats", answer{0, false, true}},
		{billing.Pro, "seats", answer{10, false, true}},
		{billing.Team, "seats", answer{10, false, true}}, // as the plan below
		{billing.Enterprise, "seats", answer{0, true, true}},
		{billing.Enterprise, "calls", answer{5, false, true}},
		{billing.Pro, "chat", answer{}}, // no numbers
		{billing.Pro, billing.SSO, answer{}},
		{billing.Pro, "nothing", answer{}},
		{"gold", "seats", answer{}},
		{"", "", answer{}},
	} {
		n, unlimited, known := c.Number(tc.plan, tc.feature)
		if got := (answer{n, unlimited, known}); got != tc.want {
			t.Errorf("Number(%q, %q) = %+v, want %+v", tc.plan, tc.feature, got, tc.want)
		}
	}
}

// A numeric feature is included by the plans that have any of it, and so by no plan below.
func TestNumericFeaturesAreIncludedFromTheFirstNumber(t *testing.T) {
	t.Parallel()
	c := parse(t, counted)
	if v := c.Decide(rbac.Member, billing.Free, "seats:fill", ""); v.Allowed || v.NeedsPlan != billing.Pro {
		t.Errorf("Decide(member, free, seats:fill) = %+v, want it to need pro", v)
	}
	if v := c.Decide(rbac.Member, billing.Team, "seats:fill", "exports"); !v.Allowed {
		t.Errorf("Decide(member, team, seats:fill, exports) = %+v, want it allowed", v)
	}
}

func TestFeaturesAndPermissionsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	c := parse(t, counted)
	periods := map[billing.Feature]billing.Period{}
	for _, f := range c.Features() {
		if f.Meter.Period != "" {
			periods[f.Name] = f.Meter.Period
		}
		if f.Name == "exports" && f.Description != "What leaves." {
			t.Errorf("description of exports = %q, want that of the file", f.Description)
		}
		clear(f.Numbers) // of a copy
	}
	if diff := cmp.Diff(map[billing.Feature]billing.Period{"calls": billing.Month, "exports": billing.Day}, periods); diff != "" {
		t.Errorf("periods (-want +got):\n%s", diff)
	}
	if _, _, known := c.Number(billing.Pro, "seats"); !known {
		t.Error("a catalog can be changed from outside")
	}
	for _, p := range c.Permissions() {
		if p.Name == "seats:fill" && (p.Group != "Seats" || p.Description != "To fill one.") {
			t.Errorf("seats:fill = %+v, want its group and description", p)
		}
	}
}
