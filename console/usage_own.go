package console

import (
	"cmp"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// usageOwn is a budget that the organization has set itself.
type usageOwn struct {
	Whose, What       string
	Used, Limit, Left string
	State             badge
	Resets            moment
}

// shownBudgets is how many there are on the page.
const shownBudgets = 20

// own lists the organization's own budgets of the meter, the nearest to its end first.
func (r usageReader) own() (list []usageOwn, err error) {
	budgets := slices.DeleteFunc(slices.Clone(r.budgets), func(s quota.Standing) bool { return s.ByPlan })
	slices.SortStableFunc(budgets, func(a, b quota.Standing) int {
		return cmp.Compare(percentOf(b.Used, b.Limit.Value), percentOf(a.Used, a.Limit.Value))
	})
	for _, s := range budgets[:min(len(budgets), shownBudgets)] {
		whose := "Everybody together"
		if s.Kind != quota.OfTenant {
			row := usage.Row{}
			if s.Kind == quota.OfUser {
				row.UserID = id.From[id.User](s.Subject)
			} else {
				row.KeyID = id.From[id.Key](s.Subject)
			}
			if whose, err = r.nameOf(row, "Each"); err != nil {
				return nil, err
			}
		}
		_, each := periodWords(s.Period)
		list = append(list, usageOwn{
			Whose: whose, What: measureName(s.Measure) + " " + each, Used: r.measured(s.Budget, s.Used), Limit: r.measured(s.Budget, s.Limit.Value),
			Left: r.measured(s.Budget, max(0, s.Remaining)), State: budgetBadge(s), Resets: momentOf(s.ResetsAt),
		})
	}
	return list, nil
}

func budgetBadge(s quota.Standing) badge {
	switch percent := percentOf(s.Used, s.Limit.Value); {
	case percent >= 100 && s.Soft:
		return badge{"Over, passes", careful}
	case s.Limit.Value == 0: // also one of money in a currency that is not the meter's any more
		return badge{"Allows nothing", bad}
	case percent >= 100:
		return badge{"Used up", bad}
	case percent >= 80:
		return badge{"Nearly used up", careful}
	default:
		return badge{"In use", good}
	}
}

func measureName(m quota.Measure) string {
	switch m {
	case quota.Events:
		return "Calls"
	case quota.Cost:
		return "Cost"
	case quota.Subjects:
		return "Different things"
	case quota.Quantity:
	}
	return "Quantity"
}

// measured writes what a budget counts.
func (r usageReader) measured(b quota.Budget, n int64) string {
	switch b.Measure {
	case quota.Cost:
		return money(n, b.Currency)
	case quota.Quantity:
		return r.sold.amount(n)
	case quota.Events, quota.Subjects:
	}
	return withUnit(n, "")
}
