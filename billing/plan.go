package billing

import (
	"fmt"
	"slices"
)

// Plan is what a tenant has bought. The zero Plan is no plan and reaches nothing.
type Plan string

// The plans. Each includes all of those before it. A catalog may give them other titles, not other names.
const (
	Free       Plan = "free"
	Pro        Plan = "pro"
	Team       Plan = "team"
	Enterprise Plan = "enterprise"
)

// Plans returns all plans, lowest first.
func Plans() []Plan { return []Plan{Free, Pro, Team, Enterprise} }

// Rank returns the place of p in the order of plans: 1 for free up to 4 for enterprise, and 0 for no plan.
func (p Plan) Rank() int { return slices.Index(Plans(), p) + 1 }

// AtLeast reports whether p includes all of what other includes. It is false if either is no plan.
func (p Plan) AtLeast(other Plan) bool { return other.Rank() > 0 && p.Rank() >= other.Rank() }

// ParsePlan returns the plan of exactly this name.
func ParsePlan(name string) (Plan, error) {
	if p := Plan(name); p.Rank() > 0 {
		return p, nil
	}
	return "", fmt.Errorf("unknown plan %q: it is one of %v", name, Plans())
}
