package catalog_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

// relimited is the catalog limited, after a version of each plan that was written by another file.
func relimited(t *testing.T, former string) *catalog.Catalog {
	t.Helper()
	before, now := parse(t, former), parse(t, limited)
	var versions []billing.PlanVersion
	for _, plan := range billing.Plans() {
		stored, err := json.Marshal(before.Terms(plan))
		if err != nil {
			t.Fatal(err)
		}
		v := billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 1}}
		if err := json.Unmarshal(stored, &v.Terms); err != nil || !v.Terms.Equal(before.Terms(plan)) {
			t.Fatalf("terms of %s read back from %s = %+v, %v, want the same", plan, stored, v.Terms, err)
		}
		versions = append(versions, v, billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 2}, Terms: now.Terms(plan)})
	}
	c, err := now.WithVersions(versions)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAVersionHasLimitsOfItsOwn(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	c := relimited(t, "version: 1\nlimits: {free: {requests: 30/min burst 20, concurrent: 9, groups: {upload: 1/s}}}\n")
	old := billing.Pin{Plan: billing.Free, Version: 1}
	rates := c.RatesOn(old)
	if got := rates.Of(catalog.API); got.Tenant.String() != "30/min burst 20" || got.TenantNeeds != billing.Free || !got.Caller.IsZero() {
		t.Errorf("api on %v = %+v, want 30/min burst 20, of which the newest free allows more", old, got)
	}
	if got := rates.Of("upload"); got.Tenant.String() != "1/s" || got.TenantNeeds != billing.Free {
		t.Errorf("upload on %v = %+v, want 1/s, of which the newest free allows more at once", old, got)
	}
	if most, needs := rates.Concurrent(); most != 9 || needs != billing.Team {
		t.Errorf("Concurrent() on %v = %d, %q, want 9 and team", old, most, needs)
	}
	for _, pin := range []billing.Pin{{Plan: billing.Free}, {Plan: billing.Free, Version: 2}, {Plan: billing.Free, Version: 7}} {
		if got := c.RatesOn(pin); got != c.Rates(billing.Free) {
			t.Errorf("RatesOn(%v) = %+v, want those of the newest", pin, got)
		}
	}
	e := &billing.Entitlements{Pin: old, Trial: &billing.Trial{Pin: billing.Pin{Plan: billing.Team, Version: 2}, Until: time.Unix(100, 0)}}
	if c.RatesFor(e, time.Unix(99, 0)) != c.Rates(billing.Team) || c.RatesFor(e, time.Unix(100, 0)) != rates {
		t.Error("RatesFor() is not what the trial lends until its end")
	}
	if got := testing.AllocsPerRun(100, func() { c.RatesFor(e, time.Unix(100, 0)) }); got != 0 {
		t.Errorf("RatesFor: %v allocations, want 0", got)
	}
}

func TestAVersionOfACatalogWithoutLimitsIsUnlimited(t *testing.T) {
	t.Parallel()
	c := relimited(t, "version: 1\n")
	if rate := c.RatesOn(billing.Pin{Plan: billing.Free, Version: 1}).Of(catalog.API); !rate.Tenant.IsZero() || !rate.Caller.IsZero() {
		t.Errorf("api = %+v, want no limit", rate)
	}
}

func TestDiffLimitsSaysWhatBecomesOfEach(t *testing.T) {
	t.Parallel()
	c := relimited(t, "version: 1\nlimits: {free: {requests: 30/min burst 25, concurrent: 9, groups: {upload: 1/s}}}\n")
	got := catalog.DiffLimits(c, c, billing.Pin{Plan: billing.Free, Version: 1}, billing.Pin{Plan: billing.Free})
	want := []catalog.LimitShift{
		{"concurrent", "9", "5", true},
		{"requests", "30/min burst 25", "60/min burst 20", true}, // less at once
		{"each", "unlimited", "10/min", true},
		{"groups.check.requests", "30/min burst 25", "600/min", false},
		{"groups.upload.requests", "1/s", "60/min burst 20", false}, // the same in the long run, and more at once
		{"groups.upload.each", "unlimited", "10/min", true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DiffLimits() (-want +got):\n%s", diff)
	}
	same := parse(t, limited)
	if got := catalog.DiffLimits(c, same, billing.Pin{Plan: billing.Team}, billing.Pin{Plan: billing.Team}); len(got) != 0 {
		t.Errorf("DiffLimits() of the same = %+v, want none", got)
	}
}
