package catalog_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// versioned is the default catalog after two that sold otherwise.
func versioned(t *testing.T) *catalog.Catalog {
	t.Helper()
	c := parse(t, string(catalog.Default()))
	former := parse(t, "version: 1\nfeatures:\n  chat: {from: pro}\n  retired: {from: free}\n  seats: {numbers: {team: 7}}\n")
	var versions []billing.PlanVersion
	for _, plan := range billing.Plans() {
		versions = append(versions,
			billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 1}, Terms: former.Terms(plan)},
			billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: 2}, Terms: c.Terms(plan)})
	}
	with, err := c.WithVersions(versions)
	if err != nil {
		t.Fatalf("WithVersions() = %v", err)
	}
	return with
}

func pins(c *catalog.Catalog) []billing.Pin {
	pins := []billing.Pin{{}, {Plan: "gold"}, {Plan: billing.Pro, Version: 9}, {Plan: "any"}}
	for _, v := range c.Versions() {
		pins = append(pins, v.Pin)
	}
	for _, plan := range billing.Plans() {
		pins = append(pins, billing.Pin{Plan: plan})
	}
	return pins
}

// The property: for every role, version of a plan and permission, and whatever overrides and trials there are, the table answers as Casbin.
func TestDecideForIsEnforceForEveryRoleVersionAndPermission(t *testing.T) {
	t.Parallel()
	c := versioned(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	features := []billing.Feature{"", "retired", "no.such"}
	for _, f := range c.Features() {
		features = append(features, f.Name)
	}
	permissions := []rbac.Permission{"", rbac.Self, "no:such"}
	for _, p := range c.Permissions() {
		permissions = append(permissions, p.Name)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, pin := range pins(c) {
		for range 4 {
			e := &billing.Entitlements{Pin: pin}
			for _, f := range features {
				if random.IntN(4) == 0 {
					e.Overrides = append(e.Overrides, billing.Override{Feature: f, On: random.IntN(2) == 0, Expires: now.Add(time.Duration(random.IntN(3)-1) * time.Hour)})
				}
			}
			if random.IntN(2) == 0 {
				e.Trial = &billing.Trial{Pin: billing.Pin{Plan: billing.Team, Version: 1}, Until: now.Add(time.Duration(random.IntN(3)-1) * time.Hour)}
			}
			for _, role := range append(rbac.BuiltinRoles(), "", "nobodyelse") {
				for _, permission := range permissions {
					q := catalog.Question{Role: role, Permission: permission, Feature: features[random.IntN(len(features))]}
					want, err := c.EnforceFor(e, q, now)
					if err != nil {
						t.Fatalf("EnforceFor(%+v, %+v) = %v", e, q, err)
					}
					if got := c.DecideFor(e, q, now); got.Allowed != want || got.Allowed == (got.Clause != "") {
						t.Errorf("DecideFor(%+v, %+v) = %+v, want %v", e, q, got, want)
					}
				}
			}
		}
	}
}

func TestAVersionHasWhatItHad(t *testing.T) {
	t.Parallel()
	c := versioned(t)
	owner := func(feature billing.Feature) catalog.Question {
		return catalog.Question{Role: rbac.Owner, Feature: feature}
	}
	for _, tc := range []struct {
		pin  billing.Pin
		q    catalog.Question
		want catalog.Verdict
	}{
		{billing.Pin{Plan: billing.Free, Version: 2}, owner("chat"), catalog.Verdict{Allowed: true}},
		{billing.Pin{Plan: billing.Free, Version: 1}, owner("retired"), catalog.Verdict{Allowed: true}},
		{billing.Pin{Plan: billing.Free, Version: 2}, owner("retired"), catalog.Verdict{Clause: rbac.FeatureNotInPlan}},
		// The newest version of the tenant's own plan would do.
		{billing.Pin{Plan: billing.Free, Version: 1}, owner("chat"), catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Free}},
		{billing.Pin{Plan: billing.Team, Version: 1}, owner("ai.agents"), catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Team}},
		// Permissions are the newest's, also those that need what the version lacks.
		{billing.Pin{Plan: billing.Team, Version: 1}, catalog.Question{Role: rbac.Member, Permission: "agents:run"}, catalog.Verdict{Clause: rbac.FeatureNotInPlan, NeedsPlan: billing.Team}},
		{billing.Pin{Plan: billing.Pro, Version: 9}, owner("chat"), catalog.Verdict{Clause: rbac.UnknownTier}},
	} {
		if diff := cmp.Diff(tc.want, c.DecideOn(tc.pin, tc.q)); diff != "" {
			t.Errorf("DecideOn(%v, %+v) (-want +got):\n%s", tc.pin, tc.q, diff)
		}
	}
	now := time.Now()
	for pin, want := range map[billing.Pin]int64{{Plan: billing.Team, Version: 1}: 7, {Plan: billing.Team, Version: 2}: 50, {Plan: billing.Pro, Version: 1}: 0, {Plan: billing.Pro}: 10} {
		if n, _, known := c.NumberOf(&billing.Entitlements{Pin: pin}, "seats", now); n != want || !known {
			t.Errorf("NumberOf(%v, seats) = %d, %v, want %d", pin, n, known, want)
		}
	}
}

func TestVersionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	c := parse(t, string(catalog.Default()))
	one := billing.PlanVersion{Pin: billing.Pin{Plan: billing.Pro, Version: 1}}
	for name, versions := range map[string][]billing.PlanVersion{
		"of no plan": {{Pin: billing.Pin{Plan: "gold", Version: 1}}},
		"version 0":  {{Pin: billing.Pin{Plan: billing.Pro}}},
		"twice":      {one, one},
		"no feature": {{Pin: one.Pin, Terms: billing.Terms{Features: []billing.Feature{"t:team"}}}},
	} {
		if _, err := c.WithVersions(versions); err == nil {
			t.Errorf("%s: WithVersions() = nil, want an error", name)
		}
	}
}

func TestShiftSaysWhatAMoveChanges(t *testing.T) {
	t.Parallel()
	c := versioned(t)
	now := time.Now()
	before := &billing.Entitlements{Pin: billing.Pin{Plan: billing.Team, Version: 2}, Overrides: []billing.Override{{Feature: "sso", On: true}}}
	after := &billing.Entitlements{Pin: billing.Pin{Plan: billing.Pro, Version: 2}, Overrides: before.Overrides}
	s := c.Shift(before, after, now)
	// What an override holds is not lost.
	if diff := cmp.Diff([]billing.Feature{"reports.export"}, s.Lost); diff != "" || len(s.Gained) != 0 || len(s.Numbers) != 2 || s.Empty() {
		t.Errorf("Shift() = %+v, lost (-want +got):\n%s", s, diff)
	}
	if !c.Shift(before, before, now).Empty() {
		t.Error("Shift() to the same is not empty")
	}
}
