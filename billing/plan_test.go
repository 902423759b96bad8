package billing_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
)

func TestPlansIncludeThoseBefore(t *testing.T) {
	t.Parallel()
	plans := billing.Plans()
	for i, p := range plans {
		for j, other := range plans {
			if got, want := p.AtLeast(other), i >= j; got != want {
				t.Errorf("%q.AtLeast(%q) = %v, want %v", p, other, got, want)
			}
		}
	}
}

func TestNoPlanReachesNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []billing.Plan{"", "platinum", "Enterprise", "enterprise "} {
		for _, other := range []billing.Plan{"", billing.Free, p} {
			if p.AtLeast(other) {
				t.Errorf("%q.AtLeast(%q) = true, want false", p, other)
			}
		}
		if billing.Enterprise.AtLeast(p) {
			t.Errorf("enterprise.AtLeast(%q) = true, want false", p)
		}
		if got, err := billing.ParsePlan(string(p)); err == nil || got != "" {
			t.Errorf("ParsePlan(%q) = %q, %v, want an error", p, got, err)
		}
	}
}

func TestParsePlanKnowsAll(t *testing.T) {
	t.Parallel()
	for _, p := range billing.Plans() {
		if got, err := billing.ParsePlan(string(p)); got != p || err != nil {
			t.Errorf("ParsePlan(%q) = %q, %v, want it", p, got, err)
		}
	}
}

func TestParseFeature(t *testing.T) {
	t.Parallel()
	for name := range billing.BuiltinFeatures() {
		if got, err := billing.ParseFeature(string(name)); got != name || err != nil {
			t.Errorf("ParseFeature(%q) = %q, %v, want it", name, got, err)
		}
	}
	for _, name := range []string{"", "*", "SSO", "sso ", "1st", "a,b", "a\nb", "ai.*", "../x"} {
		if got, err := billing.ParseFeature(name); err == nil {
			t.Errorf("ParseFeature(%q) = %q, want an error", name, got)
		}
	}
}
