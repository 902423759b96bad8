package rbac_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestDecideAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	d := product()
	table := tableOf(t, d, policyOf(t, d))
	for name, ask := range map[string]func() rbac.Verdict{
		"allowed": func() rbac.Verdict { return table.Decide(rbac.Member, pro, agentsRun, agents) },
		"plan":    func() rbac.Verdict { return table.Decide(rbac.Member, free, agentsRun, sso) },
		"role":    func() rbac.Verdict { return table.Decide(rbac.Viewer, free, agentsRun, "") },
		"unknown": func() rbac.Verdict { return table.Decide(rbac.Owner, team, "no:such", "") },
	} {
		if got := testing.AllocsPerRun(100, func() { ask() }); got != 0 {
			t.Errorf("Decide, %s: %v allocations, want 0", name, got)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	d := product()
	policy, err := d.Policy()
	if err != nil {
		b.Fatal(err)
	}
	engine, err := rbac.NewEngine(policy)
	if err != nil {
		b.Fatal(err)
	}
	table, err := rbac.Compile(d, engine)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("table allow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.Decide(rbac.Member, pro, agentsRun, agents)
		}
	})
	b.Run("table refuse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.Decide(rbac.Viewer, free, agentsRun, "")
		}
	})
	b.Run("casbin allow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := engine.Enforce(rbac.Member, pro, agentsRun); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("casbin refuse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := engine.Enforce(rbac.Viewer, free, agentsRun); err != nil {
				b.Fatal(err)
			}
		}
	})
}
