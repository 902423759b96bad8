package rbac_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/rbac"
)

const (
	retired rbac.Feature = "retired"
	pro1    rbac.Tier    = "pro@1"
	team2   rbac.Tier    = "team@2"
)

// versioned is product with two tiers that steps of the ladder once were: one lacks what its step has now, one has what no step has any more.
func versioned() rbac.Definition {
	d := product()
	d.Former = []rbac.Former{{pro1, pro, nil}, {team2, team, []rbac.Feature{agents, retired}}}
	return d
}

func TestFormerTiersAnswerAsCasbin(t *testing.T) {
	t.Parallel()
	d := versioned()
	engine, table := engineOf(t, policyOf(t, d)), tableOf(t, d, policyOf(t, d))
	if diff := answersOf(t, d, engine, table); diff != "" {
		t.Errorf("answers (-Enforce +Decide):\n%s", diff)
	}
	for tier, want := range map[rbac.Tier][]rbac.Feature{pro1: nil, team2: {agents, retired}, team: {agents, sso}} {
		if diff := cmp.Diff(want, table.Features(tier)); diff != "" {
			t.Errorf("Features(%q) (-want +got):\n%s", tier, diff)
		}
	}
}

// answersOf asks both of every role, tier, permission and feature.
func answersOf(t *testing.T, d rbac.Definition, engine *rbac.Engine, table *rbac.Table) string {
	t.Helper()
	var want, got []string
	tiers := slices.Concat(d.Tiers, []rbac.Tier{pro1, team2, "pro@2", "any", "pro@0"})
	for _, tier := range tiers {
		for _, feature := range []rbac.Feature{agents, sso, retired} {
			yes, err := engine.EnforceFeature(tier, feature)
			if err != nil {
				t.Fatal(err)
			}
			if yes {
				want = append(want, fmt.Sprint(tier, feature))
			}
			if table.Decide(rbac.Viewer, tier, "", feature).Allowed {
				got = append(got, fmt.Sprint(tier, feature))
			}
		}
		for _, role := range table.Roles() {
			for permission := range d.Permissions {
				yes, err := engine.Enforce(role, tier, permission)
				if err != nil {
					t.Fatal(err)
				}
				// What is below all tiers is none that anybody can be on.
				if yes && tier != "any" {
					want = append(want, fmt.Sprint(tier, role, permission))
				}
				if table.Decide(role, tier, permission, "").Allowed {
					got = append(got, fmt.Sprint(tier, role, permission))
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	return cmp.Diff(want, got)
}

func TestEveryLineOfAFormerTierCounts(t *testing.T) {
	t.Parallel()
	d := versioned()
	policy := policyOf(t, d)
	table := tableOf(t, d, policy)
	for i, line := range policy {
		if answersOf(t, d, engineOf(t, slices.Delete(slices.Clone(policy), i, i+1)), table) == "" {
			t.Errorf("without the line %q every answer is the same", line)
		}
	}
}

// A switched feature is defined by Casbin too: the answer is that of a tier which includes the feature, or does not.
func TestSwitchesAnswerAsTiersOfTheirOwn(t *testing.T) {
	t.Parallel()
	switches := []rbac.Switch{rbac.AsTier, rbac.On, rbac.Off}
	d := versioned()
	table := tableOf(t, d, policyOf(t, d))
	for _, tier := range []rbac.Tier{free, pro, team, pro1, team2} {
		for _, forAgents := range switches {
			for _, forSSO := range switches {
				own := versioned()
				features := slices.DeleteFunc(table.Features(tier), func(f rbac.Feature) bool { return f == agents || f == sso })
				for f, s := range map[rbac.Feature]rbac.Switch{agents: forAgents, sso: forSSO} {
					if s == rbac.On || s == rbac.AsTier && slices.Contains(table.Features(tier), f) {
						features = append(features, f)
					}
				}
				own.Former = append(own.Former, rbac.Former{Tier: "own@1", Step: free, Features: features})
				engine := engineOf(t, policyOf(t, own))
				for _, role := range table.Roles() {
					for permission, needs := range d.Permissions {
						q := rbac.Question{Role: role, Tier: tier, Permission: permission, Feature: sso, Asked: forSSO}
						q.Needed = map[rbac.Feature]rbac.Switch{agents: forAgents, sso: forSSO}[needs]
						allowed, err := engine.Enforce(role, "own@1", permission)
						included, errFeature := engine.EnforceFeature("own@1", sso)
						if err != nil || errFeature != nil {
							t.Fatal(err, errFeature)
						}
						got := table.Answer(q)
						if got.Allowed != (allowed && included) {
							t.Errorf("Answer(%+v) = %+v, want %v", q, got, allowed && included)
						}
						if got.Clause == rbac.FeatureSwitchedOff && q.Asked != rbac.Off && q.Needed != rbac.Off {
							t.Errorf("Answer(%+v) = %+v, and nothing is off", q, got)
						}
					}
				}
			}
		}
	}
}

func TestRefusalsOnFormerTiers(t *testing.T) {
	t.Parallel()
	d := versioned()
	table := tableOf(t, d, policyOf(t, d))
	for _, tc := range []struct {
		q    rbac.Question
		want rbac.Verdict
	}{
		// What the step is now would do.
		{rbac.Question{Role: rbac.Member, Tier: pro1, Permission: agentsRun}, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: pro}},
		{rbac.Question{Role: rbac.Viewer, Tier: pro1, Permission: agentsRun}, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member, NeedsTier: pro}},
		{rbac.Question{Role: rbac.Viewer, Tier: team2, Permission: agentsRun}, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		{rbac.Question{Role: rbac.Owner, Tier: team2, Feature: sso}, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: team}},
		// No step has it any more.
		{rbac.Question{Role: rbac.Owner, Tier: team, Feature: retired}, rbac.Verdict{Clause: rbac.FeatureNotInPlan}},
		{rbac.Question{Role: rbac.Viewer, Tier: team2, Feature: retired}, rbac.Verdict{Allowed: true}},
		// Switched.
		{rbac.Question{Role: rbac.Member, Tier: pro, Permission: agentsRun, Needed: rbac.Off}, rbac.Verdict{Clause: rbac.FeatureSwitchedOff}},
		{rbac.Question{Role: rbac.Member, Tier: free, Permission: agentsRun, Needed: rbac.On}, rbac.Verdict{Allowed: true}},
		{rbac.Question{Role: rbac.Member, Tier: free, Permission: agentsRun, Feature: sso, Needed: rbac.On}, rbac.Verdict{Clause: rbac.FeatureNotInPlan, NeedsTier: team}},
		{rbac.Question{Role: rbac.Viewer, Tier: pro, Permission: agentsRun, Needed: rbac.Off}, rbac.Verdict{Clause: rbac.RoleLacksPermission, NeedsRole: rbac.Member}},
		// A switch of nothing is none.
		{rbac.Question{Role: rbac.Member, Tier: free, Permission: chatUse, Needed: rbac.Off, Asked: rbac.Off}, rbac.Verdict{Allowed: true}},
		{rbac.Question{Role: rbac.Member, Tier: free, Needed: rbac.On, Asked: rbac.On}, rbac.Verdict{Clause: rbac.UnknownPermission}},
	} {
		if diff := cmp.Diff(tc.want, table.Answer(tc.q)); diff != "" {
			t.Errorf("Answer(%+v) (-want +got):\n%s", tc.q, diff)
		}
	}
}

func TestFormerTiersOfNothingAreRefused(t *testing.T) {
	t.Parallel()
	for name, former := range map[string]rbac.Former{
		"of no step":      {"gold@1", "gold", nil},
		"a step":          {pro, pro, nil},
		"below all":       {"any", pro, nil},
		"malformed":       {"pro@x", pro, nil},
		"version 0":       {"pro@0", pro, nil},
		"feature as tier": {"pro@1", pro, []rbac.Feature{"t:team"}},
	} {
		d := product()
		d.Former = []rbac.Former{former}
		if _, err := d.Policy(); err == nil {
			t.Errorf("%s: Policy() = nil, want an error", name)
		}
	}
	d := product()
	d.Former = []rbac.Former{{pro1, pro, nil}, {pro1, pro, nil}}
	if _, err := d.Policy(); err == nil {
		t.Error("twice: Policy() = nil, want an error")
	}
}
