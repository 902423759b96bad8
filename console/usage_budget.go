package console

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Budgets says how budgets stand now. *[quota.Engine] does.
type Budgets interface {
	States(ctx context.Context, tenant id.Tenant, meters map[billing.Feature]*quota.Terms) ([]quota.Standing, error)
}

// usageBudget is what the plan includes of a meter in the period that runs, and what is left of it.
type usageBudget struct {
	Title    string // this month
	Used     string
	Limit    string // "" if there is no end to it
	Left     string
	Soft     bool // what is above it passes
	Percent  int  // of the limit, at most 100
	Over     bool // more is used than the limit
	Kind     string
	Resets   moment
	Included bool
	Largest  bool // the limit is of each call
}

// periodWords name the period that runs, and one of its kind.
func periodWords(p billing.Period) (running, each string) {
	switch p {
	case billing.Day:
		return "today", "a day"
	case billing.Billing:
		return "this billing period", "a billing period"
	case billing.Year:
		return "this year", "a year"
	case billing.Month:
	}
	return "this month", "a month"
}

// running is the period of the meter that runs.
func (r usageReader) running() (from, to time.Time) {
	return r.sold.Period.Bounds(r.tx.Now, r.sold.Anchor)
}

func (r usageReader) budget(now quota.State) usageBudget {
	running, _ := periodWords(r.sold.Period)
	b := usageBudget{
		Title: running, Used: r.sold.amount(now.Used), Soft: r.sold.Limit == billing.Soft, Resets: momentOf(now.ResetsAt),
		Included: now.Limit.Any(), Largest: r.sold.Aggregation == billing.Max,
	}
	if limit := now.Limit; !limit.Unlimited {
		b.Limit, b.Left = r.sold.amount(limit.Value), r.sold.amount(max(0, now.Remaining))
		b.Percent, b.Over = percentOf(now.Used, limit.Value), now.Used > limit.Value
	}
	switch {
	case b.Percent >= 100:
		b.Kind = bad
	case b.Percent >= 80:
		b.Kind = careful
	}
	return b
}

// standing is what the plan's budget is now. Where there is no end to it, or where it is of each call, nothing is held and usage says how much
// there was.
func (r usageReader) standing() (quota.State, error) {
	for _, s := range r.budgets {
		if s.ByPlan && r.sold.Aggregation != billing.Max {
			return s.State, nil
		}
	}
	from, to := r.running()
	rows, err := usage.Report(r.ctx, r.tx, usage.Query{Meter: r.sold.Name, Aggregation: r.sold.Aggregation, From: from, To: r.tx.Now.Add(time.Nanosecond), Hours: r.sold.Period == billing.Billing})
	if err != nil {
		return quota.State{}, err
	}
	state := quota.State{Limit: r.sold.Number, ResetsAt: to}
	if len(rows) > 0 {
		state.Used = rows[0].Value
	}
	state.Remaining = state.Limit.Value - state.Used
	return state, nil
}

// percentOf is how much of a limit is used: 100 only when all of it is.
func percentOf(used, limit int64) int {
	switch {
	case used >= limit:
		return 100
	case used <= 0:
		return 0
	default:
		return min(99, max(1, int(float64(used)/float64(limit)*100)))
	}
}
